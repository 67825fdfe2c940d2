"""How a failed update ended: what its code says of the unit here, and where the unit is since."""

from __future__ import annotations

from typing import Final

from firmline.diagnosis.trace_reader import Reader
from firmline.errors import Code
from firmline.events import UnitMode

END_STATES: Final[dict[str, str]] = {
    Code.BOND_MISSING: "stuck_in_dfu",
    Code.APPLICATION_CRASHED: "back_in_app",
    Code.UNIT_DID_NOT_RESTART: "unchanged",
    Code.LEGACY_DFU: "stuck_in_dfu",
}
"""Where the unit is, of codes that say so."""
RESETS: Final[dict[str, str]] = {
    Code.APPLICATION_CRASHED: "once",
    Code.SAME_APPLICATION_SEEN: "once",
    Code.UNIT_STAYED_IN_APPLICATION: "once",
    Code.UNIT_DID_NOT_RESTART: "no",
}
"""Whether it has restarted, of codes that say so: also the one that was to put the image in place,
or to lead into the bootloader, and did not."""


class Ending:
    """How it ended.

    Args:
        reader: Of the trace of an update that has failed.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._seen = reader.seen
        self._code = reader.code

    def state(self) -> str:
        """Where the unit was seen last; empty: nobody looked."""
        seen = self._seen
        if self._code in END_STATES:
            return self._state_of_code()
        if self._code == Code.UNIT_NOT_FOUND:
            return "gone_silent" if seen.jumped or seen.size else ""
        if self.is_mute and self._reader.aftermath.restarted is not None:
            return "back_in_app"
        if self.is_silent_after_all or self.is_mute:
            return "" if self.may_have_spoken else "gone_silent"
        if self.is_not_in_place and self._reader.aftermath.text is not None:
            return ""  # something runs that does not say what was expected: nobody knows what
        return "" if self.is_given_up or self.may_have_spoken else self._last_met()

    def resets(self) -> str:
        """Restarts of the unit that nobody asked for, or that led nowhere."""
        seen = self._seen
        if self._code in RESETS:
            return RESETS[self._code]
        after = self._reader.aftermath
        if after.restarted is not None or (self.is_not_in_place and after.text is not None):
            return "once"
        if seen.restarts > 1:
            return "repeatedly"
        if seen.restarts and self._reader.is_begun:
            return "once"
        lost = [each for each in seen.losses if each.phase == "connect_bootloader"]
        return "no" if lost and seen.quick_returns >= len(lost) - 1 > 0 else ""

    @property
    def is_of_application(self) -> bool:
        """Whether it is the application that speaks legacy DFU, and nobody has left it."""
        is_legacy = self._code == Code.LEGACY_DFU and self._reader.is_begun
        return is_legacy and self._seen.mode is UnitMode.APPLICATION and not self._seen.jumped

    @property
    def is_cut_off(self) -> bool:
        """Whether what tells where it failed, of its code, would stand before the trace."""
        match self._code:
            case Code.LEGACY_DFU:  # its application speaks it, or its bootloader
                return not (self._reader.is_begun or self._seen.jumped)
            case Code.UNIT_DID_NOT_RETURN | Code.NEW_APPLICATION_NOT_SEEN:
                return not self._reader.is_end_shown
            case _:
                return False

    @property
    def is_not_in_place(self) -> bool:
        """Whether the image was taken, and is shown not to be what stands or runs there."""
        after = self._reader.aftermath
        match self._code:
            case Code.UNIT_DID_NOT_RETURN:
                return after.is_invalid
            case Code.NEW_APPLICATION_NOT_SEEN:
                return after.text is not None
            case _:
                return False

    @property
    def is_silent_after_all(self) -> bool:
        """Whether nothing at all was heard on a line where the new application was to speak."""
        is_silent = (
            self._reader.is_end_shown  # else it may have spoken before
            and self._code == Code.NEW_APPLICATION_NOT_SEEN
            and self._reader.aftermath.text is None
        )
        return is_silent and self._seen.mode is UnitMode.BOOTLOADER

    @property
    def is_mute(self) -> bool:
        """Whether a bootloader on a line has answered, and does not answer any more."""
        return self._code == Code.LINK_TIMEOUT and self._seen.pings_in_vain

    @property
    def may_have_spoken(self) -> bool:
        """Whether a program may have been heard on a line before the trace, and it says nothing."""
        heard = self._reader.aftermath.restarted
        match self._code:
            case Code.NEW_APPLICATION_NOT_SEEN:
                return not self._reader.is_begun and not (self._seen.sent and self._seen.mode)
            case Code.LINK_TIMEOUT:
                return not self._reader.is_whole and heard is None
            case _:
                return False

    @property
    def is_given_up(self) -> bool:
        """Whether a radio link was given up at its first loss: nobody has looked since.

        Where it was lost before it was one, the unit was heard in its bootloader, and met last in
        its application: that is where it had been before, and says nothing of where it is.
        """
        return self._code == Code.LINK_LOST and not self._seen.faults

    def _last_met(self) -> str:
        """As what it was met last."""
        seen = self._seen
        match seen.mode:
            case UnitMode.BOOTLOADER if self._code == Code.LINK_LOST and seen.reentered:
                return "back_in_app"  # as behind every loss before the last
            case UnitMode.BOOTLOADER:
                return "stuck_in_dfu"
            case UnitMode.APPLICATION if seen.losses and not seen.reentered:
                return "stuck_in_dfu"  # where it was heard, and every connection was lost
            case UnitMode.APPLICATION if seen.size or seen.jumped:
                return "back_in_app"
            case UnitMode.APPLICATION if self._reader.is_begun:
                return "unchanged"
            case _:
                return ""

    def _state_of_code(self) -> str:
        """Where it is by the code, and by whether its application was left."""
        if self.is_cut_off:
            return ""
        return "unchanged" if self.is_of_application else END_STATES[self._code]
