"""What failed in an update, by its trace: where, how, with which code, and the unit since."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from firmline import events
from firmline.diagnosis.evidence import Evidence, Origin
from firmline.diagnosis.trace_reader import SUPERVISION_TIMEOUT, Reader
from firmline.diagnosis.trace_words import (
    HCI_REASONS,
    KINDS,
    PHASES,
    answered,
    answered_by_code,
    hci_reason_of,
)
from firmline.errors import Code
from firmline.events import Event, UnitMode
from firmline.protocol.codes import ExtError

INSTANT_S: Final = 2.0
"""Below that it failed at once, by the definition of the vocabulary."""
FIRST_PACKETS: Final = 0.015
"""About one percent of an image, by the definition of the vocabulary."""
CLOCK_LOSSES: Final = 3
"""So many losses at the same time behind the jump, at different steps, are those of a clock; ours.
"""
CLOCK_SPREAD: Final = 0.05
"""How much such times differ at most, of the longest: an application feeds a watchdog now and then;
ours."""
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
CURES: Final[dict[str, str]] = {
    "restart": "soft_reset",
    "await-reset": "soft_reset",
    "fresh-start": "fresh_start",
    "longer-delay": "delay",
    "receipts": "slower_pace",
    "smaller-packets": "smaller_mtu",
}
"""What the ladder's last step was (:mod:`firmline.updater.ladder`) in the words of the vocabulary;
any other is the same once more. The inactivity timer resets by software (bootloader spec, 10)."""
BEFORE_THE_LINK: Final = ("package_build", "package_open", "host_open", "scan", "connect")
"""Phases in which every update is before it has come anywhere: that one breaks off there, and has
missed nothing yet, is no step that failed."""
BY_ABSENCE: Final = ("none", "first_object")
"""How far it came, where that is known by what did not happen: nothing was sent, or executed."""
NO_PROGRAM: Final = ("stuck_in_dfu", "gone_silent", "reset_loop", "off")
"""Where a unit is not, whose application speaks: the new one, or the old."""


class Failure:
    """What failed.

    Args:
        reader: Of the trace of an update that has failed.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._seen = reader.seen
        self._code = reader.code

    def evidence(self) -> Iterator[Evidence]:
        """What it shows."""
        if not self._reader.is_in_order:  # nobody knows what came behind what
            yield from self._answers()
            return
        phase, since_s, _ = self._stood()
        if not self._reader.has_failed:  # it breaks off: nobody knows what was to come
            if phase not in BEFORE_THE_LINK:
                yield from self._in_phase(phase, since_s)
            return
        yield from self._fault()
        yield from self._left_behind()
        yield from self._retries()
        yield from self._aftermath()

    def recovered(self) -> Iterator[Evidence]:
        """What went wrong last in an update that succeeded all the same, and what has helped."""
        *_, at_s = self._stood()
        if not self._reader.is_in_order:
            return
        yield from self._fault()
        if self._seen.size and not self._seen.faults[-1].reached and self._reader.is_whole:
            yield of_trace("progress", "none", f"0 of {self._seen.size} bytes")
        yield of_trace(
            "cured_by", CURES.get(self._seen.step, "retry"), f"behind {self._when(at_s)}"
        )

    def _fault(self) -> Iterator[Evidence]:
        """Where, when and how it failed, and with which code."""
        phase, since_s, at_s = self._stood()
        yield from self._in_phase(phase, since_s)
        is_timed = phase and self._reader.steps.is_begin_seen
        yield from self._times(at_s - since_s if is_timed else None)
        kind = self._kind(phase)
        if kind:
            yield of_trace("failure_kind", kind, self._when(at_s))
        yield from self._codes()

    def _in_phase(self, phase: str, since_s: float) -> Iterator[Evidence]:
        """The step it stood in; none, where that is empty."""
        if phase:
            begun = "begun" if self._reader.steps.is_begin_seen else "under way"
            yield of_trace("phase", phase, f"{begun} {self._when(since_s)}")

    def _times(self, after_s: float | None) -> Iterator[Evidence]:
        """How long after the beginning of its step it failed, and whether a clock ended it.

        Args:
            after_s: The first; ``None``: nobody knows.
        """
        is_clock, losses = self._is_clock(), f"{len(self._seen.losses)} losses"
        if is_clock:
            yield of_trace("time_to_failure", "constant", losses)
        elif after_s is not None and after_s < INSTANT_S:
            where = f"{after_s:.3f} s behind the beginning of the step"
            yield of_trace("time_to_failure", "instant", where)
        if is_clock is False:
            yield of_trace("time_to_failure", "constant", losses, seen=False)

    def _left_behind(self) -> Iterator[Evidence]:
        """How far the image came, and how the unit is since."""
        reached = f"{self._seen.reached} of {self._seen.size} bytes"
        progress = self._progress()
        if progress not in BY_ABSENCE or self._reader.is_whole:
            yield of_trace("progress", progress, reached if self._seen.size else "no image")
        at_the_end = f"by {self._when(self._seen.at_last_s).removeprefix('at ')}"
        state = self._end_state()
        if state:
            yield of_trace("end_state", state, at_the_end)
        resets = self._resets()
        if resets:
            yield of_trace("unit_resets", resets, at_the_end)
        if self._code == Code.BOND_MISSING:
            yield flag("bootloader_same_address", f"its error, {self._code}")

    def _retries(self) -> Iterator[Evidence]:
        """What firmline itself has tried in vain."""
        if len(self._seen.faults) > 1 or (self._seen.faults and self._reader.finished is not None):
            tries = f"faults on the way: {len(self._seen.faults)}"
            yield of_trace("not_cured_by", "retry", tries)
            if self._seen.reentered:
                yield of_trace("not_cured_by", "soft_reset", tries)

    def _when(self, at_s: float) -> str:
        """A time of the trace, for people."""
        return f"at {at_s - self._reader.begin_s:.3f} s"

    def _stood(self) -> tuple[str, float, float]:
        """The phase at the fault that led nowhere, since when, and when that was."""
        seen, steps = self._seen, self._reader.steps
        step = self._step_of_code()
        if step is not None:
            return step, steps.since_s, seen.at_last_s
        if self._code.startswith("DFU-UNIT") and seen.refused is not None:
            is_of_image = seen.refused.ext_error == ExtError.VERIFICATION_FAILED
            phase = seen.refused_phase or ("final_execute" if is_of_image else "")
            return phase, seen.refused.at_s, seen.refused.at_s
        if seen.faults:
            last = seen.faults[-1]
            return last.phase, last.since_s, last.at_s - self._noticed_after_s()
        # The row of attempts that led nowhere may have begun before the trace, in another step.
        phase = steps.phase if self._reader.is_whole or not self._reader.has_failed else ""
        return phase, steps.since_s, seen.at_last_s

    def _step_of_code(self) -> str | None:
        """The step that the code says; empty: what would say it is missing; ``None``: none."""
        if self._is_not_in_place():
            return "activation"
        if self._is_of_application():
            return "discover"
        return "" if self._is_cut_off() else PHASES.get(self._code)

    def _is_of_application(self) -> bool:
        """Whether it is the application that speaks legacy DFU, and nobody has left it."""
        is_legacy = self._code == Code.LEGACY_DFU and self._reader.is_begun
        return is_legacy and self._seen.mode is UnitMode.APPLICATION and not self._seen.jumped

    def _is_cut_off(self) -> bool:
        """Whether what tells where it failed, of its code, would stand before the trace."""
        match self._code:
            case Code.LEGACY_DFU:  # its application speaks it, or its bootloader
                return not (self._reader.is_begun or self._seen.jumped)
            case Code.UNIT_DID_NOT_RETURN | Code.NEW_APPLICATION_NOT_SEEN:
                return not self._reader.is_end_shown
            case _:
                return False

    def _is_not_in_place(self) -> bool:
        """Whether the image was taken, and is shown not to be what stands or runs there."""
        after = self._reader.aftermath
        match self._code:
            case Code.UNIT_DID_NOT_RETURN:
                return after.is_invalid
            case Code.NEW_APPLICATION_NOT_SEEN:
                return after.text is not None
            case _:
                return False

    def _noticed_after_s(self) -> float:
        """How long after it was gone the loss of the unit was noticed."""
        lost = self._seen.lost
        is_late = lost is not None and lost.hci_reason == SUPERVISION_TIMEOUT
        return self._seen.supervision_s if is_late else 0.0

    def _is_clock(self) -> bool | None:
        """Whether the link was lost when a time was over, whatever was being done.

        ``None``: nobody can say, where both the times and what was being done are the same.
        """
        losses = [each for each in self._seen.losses if each.after_jump_s is not None]
        times = [each.after_jump_s or 0.0 for each in losses]
        if len(times) < CLOCK_LOSSES:
            return None
        if max(times) - min(times) > CLOCK_SPREAD * max(times):
            return False
        return True if len({each.phase for each in losses}) > 1 else None

    def _kind(self, phase: str) -> str:
        """The first abnormal thing of what led nowhere."""
        code = self._seen.faults[-1].code if self._seen.faults else self._code
        if self._code.startswith("DFU-UNIT"):
            return "error_code"
        if self._is_silent_after_all():
            return "unit_hang"
        if self._is_mute() and self._reader.aftermath.restarted is not None:
            return "unit_reset"
        if self._may_have_spoken():
            return ""
        kind = KINDS.get(code) or KINDS.get(self._code, "")
        if kind == "not_found" and not phase:  # nobody knows what was looked for
            return ""
        # It was heard, so that it is there: it is the connection that does not come about.
        return "timeout" if kind == "not_found" and phase.startswith("connect") else kind

    def _is_silent_after_all(self) -> bool:
        """Whether nothing at all was heard on a line where the new application was to speak."""
        is_silent = (
            self._reader.is_end_shown  # else it may have spoken before
            and self._code == Code.NEW_APPLICATION_NOT_SEEN
            and self._reader.aftermath.text is None
        )
        return is_silent and self._seen.mode is UnitMode.BOOTLOADER

    def _is_mute(self) -> bool:
        """Whether a bootloader on a line has answered, and does not answer any more."""
        return self._code == Code.LINK_TIMEOUT and self._seen.pings_in_vain

    def _may_have_spoken(self) -> bool:
        """Whether a program may have been heard on a line before the trace, and it says nothing."""
        heard = self._reader.aftermath.restarted
        match self._code:
            case Code.NEW_APPLICATION_NOT_SEEN:
                return not self._reader.is_begun and not (self._seen.sent and self._seen.mode)
            case Code.LINK_TIMEOUT:
                return not self._reader.is_whole and heard is None
            case _:
                return False

    def _answers(self) -> Iterator[Evidence]:
        """The answer of the unit with which it ended; of a part of a trace, as its end tells it."""
        refused = self._seen.refused
        has_end = self._reader.finished is not None
        is_last = self._code.startswith("DFU-UNIT") if has_end else _is_final(refused)
        if refused is not None and is_last:
            yield from answered(refused, self._reader.place_of(refused))
        elif self._reader.finished is not None:
            yield from answered_by_code(self._code, self._reader.place_of(self._reader.finished))

    def _codes(self) -> Iterator[Evidence]:
        refused, lost = self._seen.refused, self._seen.lost
        answers = tuple(self._answers())
        if answers:
            yield from answers
        elif lost is not None and lost.hci_reason in HCI_REASONS:
            yield _host_code(HCI_REASONS[lost.hci_reason], self._reader.place_of(lost))
        elif (told := self._lost_in_connecting()) is not None:
            reason = hci_reason_of(told[1])
            if reason in HCI_REASONS:
                yield _host_code(HCI_REASONS[reason], self._reader.place_of(told[0]))
        failed_hash = refused is not None and refused.ext_error == ExtError.VERIFICATION_FAILED
        if failed_hash and self._seen.bad_crc is None and self._reader.is_whole:
            yield flag("crc_of_all_objects_ok", "every CRC it was asked for")

    def _lost_in_connecting(self) -> tuple[Event, str] | None:
        """What tells, in a sentence alone, how the link was lost before it was one."""
        step, end = self._seen.lost_in_connecting, self._reader.finished
        if step is not None:
            return step, step.reason
        return (end, end.message) if end is not None and self._is_given_up() else None

    def _progress(self) -> str:
        seen = self._seen
        if not seen.reached:
            return "none"
        if seen.size and seen.reached >= seen.size:
            return "end"
        places = [fault.reached for fault in seen.faults]
        if len(places) > 1 and len(set(places)) == 1:
            return "fixed_offset"
        if seen.size and seen.reached <= seen.size * FIRST_PACKETS:
            return "first_packets"
        return "random_offset" if seen.executed else "first_object"

    def _end_state(self) -> str:
        """Where the unit was seen last; empty: nobody looked."""
        seen = self._seen
        if self._code in END_STATES:
            return self._state_of_code()
        if self._code == Code.UNIT_NOT_FOUND:
            return "gone_silent" if seen.jumped or seen.size else ""
        if self._is_mute() and self._reader.aftermath.restarted is not None:
            return "back_in_app"
        if self._is_silent_after_all() or self._is_mute():
            return "" if self._may_have_spoken() else "gone_silent"
        if self._is_not_in_place() and self._reader.aftermath.text is not None:
            return ""  # something runs that does not say what was expected: nobody knows what
        return "" if self._is_given_up() or self._may_have_spoken() else self._last_met()

    def _is_given_up(self) -> bool:
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
        if self._is_cut_off():
            return ""
        return "unchanged" if self._is_of_application() else END_STATES[self._code]

    def _resets(self) -> str:
        """Restarts of the unit that nobody asked for, or that led nowhere."""
        seen = self._seen
        if self._code in RESETS:
            return RESETS[self._code]
        after = self._reader.aftermath
        if after.restarted is not None or (self._is_not_in_place() and after.text is not None):
            return "once"
        if seen.restarts > 1:
            return "repeatedly"
        if seen.restarts and self._reader.is_begun:
            return "once"
        lost = [each for each in seen.losses if each.phase == "connect_bootloader"]
        return "no" if lost and seen.quick_returns >= len(lost) - 1 > 0 else ""

    def _aftermath(self) -> Iterator[Evidence]:
        """What the bootloader tells behind the last image."""
        found = self._reader.aftermath
        if self._code == Code.PORT_NONSENSE:  # it runs: whether it has restarted, nobody saw
            yield from _runs_a_program(f"its error, {self._code}")
        elif found.text is not None and self._is_not_in_place():
            yield from _runs_a_program(self._reader.place_of(found.text))
        if found.settings_lost is not None:
            yield flag("settings_page_blank_or_bad_crc", self._reader.place_of(found.settings_lost))
        elif found.settings_kept is not None:
            where = self._reader.place_of(found.settings_kept)
            yield flag("settings_page_blank_or_bad_crc", where, seen=False)
            if found.is_invalid and self._is_not_in_place():
                yield flag("app_copy_invalid", where)
        if found.in_place is not None:
            yield flag("soft_reset_returns_to_dfu", self._reader.place_of(found.in_place))


def _is_final(refused: events.Refused | None) -> bool:
    """Whether an update ends with an answer: what an extended error answers is not passed over."""
    return refused is not None and refused.ext_error is not None


def of_trace(name: str, value: str, where: str, *, seen: bool = True) -> Evidence:
    """Evidence of firmline's own trace."""
    return Evidence(field=name, value=value, origin=Origin.TRACE, where=where, seen=seen)


def _runs_a_program(where: str) -> Iterator[Evidence]:
    """It speaks, and is no bootloader."""
    for value in NO_PROGRAM:
        yield of_trace("end_state", value, where, seen=False)


def _host_code(value: str, where: str) -> Evidence:
    return of_trace("host_code", value, where)


def flag(value: str, where: str, *, seen: bool = True) -> Evidence:
    """The same of the field that takes several values."""
    return of_trace("flags", value, where, seen=seen)
