"""What is done when something gets lost or damaged on a serial line: ask again, and go on.

A serial line has no checksum but that of the objects. A request or an answer may be lost, damaged
or doubled, and even a refusal may be none. So the line is brought to rest (PING until the last one
is answered), and a new session goes on where the unit says it is: three times without progress,
never endlessly.

The one answer that is not asked for again at once is that to the last EXECUTE: a unit that has
taken the image restarts, and stands still for its flash until then, so that no question reaches it
in between (bootloader spec, sections 7 and 14). One that answers afterwards is asked again, another
one is silent: without the answer nothing is called a success.

A port that is gone is no matter of this room.
"""

from __future__ import annotations

from typing import Final, Protocol

from firmline import events
from firmline.errors import (
    Code,
    FirmlineError,
    RemoteProtocolError,
    TargetRefusedError,
    TransportError,
    TransportReason,
)
from firmline.links.serial.text import looks_like_text, shown
from firmline.updater.activation import longest_activation_s
from firmline.updater.road import Briefing
from firmline.updater.serial_absence import fell_silent
from firmline.updater.serial_talk import SerialTalk
from firmline.updater.unheard_end import left_since, may_hide_success

MAX_SESSIONS: Final = 4
"""Sessions without progress, the first included, before it is given up."""
MAX_ALL: Final = 40
"""Sessions in all: a line that loses something in every object carries no update in useful time."""


class Talkative(Protocol):
    """A bootloader that can be asked single questions."""

    @property
    def talk(self) -> SerialTalk:
        """What asks them, at the port that is open now."""


class SerialRecovery:
    """Decides, after a failed session, whether there is another one.

    Args:
        bootloader: Is asked whether it is there, at whichever port it has by then.
        briefing: Of the road.
    """

    def __init__(self, bootloader: Talkative, briefing: Briefing) -> None:
        self._bootloader = bootloader
        self._progress = briefing.progress
        self._report = briefing.report
        self._timeouts = briefing.timeouts.serial
        self._sessions = 1
        self._all = 1
        self._executed = 0
        self._refused: tuple[object, ...] | None = None

    async def recover(self, error: FirmlineError) -> bool:
        """Bring the line to rest; whether the image should go on in a new session.

        Raises:
            TransportError: LOST.
            VerifyError: The answer to the last EXECUTE is missing, and the unit with it.
        """
        at_end = self._progress.last_execute_sent
        if not self._may_be_the_line(error, at_end=at_end):
            return False
        if self._progress.executed > self._executed:
            self._executed, self._sessions = self._progress.executed, 1
        self._sessions += 1
        self._all += 1
        if self._sessions > MAX_SESSIONS or self._all > MAX_ALL:
            return False
        talk = self._bootloader.talk
        if not await talk.find(self._silence_s(at_end=at_end)):
            if at_end:
                heard = talk.strange if looks_like_text(talk.strange) else b""
                text = shown(heard)
                if text:
                    self._report(events.TextHeard(text=text))
                raise left_since(error, text) from error
            error.hint = fell_silent(talk.strange)
            return False
        self._report(
            events.SessionRepeated(
                reason=error.message, code=str(error.code), attempt=self._sessions
            )
        )
        return True

    def _silence_s(self, *, at_end: bool) -> float:
        """How long it may be silent; it comes back late where it activates the image first."""
        silence_s = self._timeouts.silence_s
        if not at_end:
            return silence_s
        return max(silence_s, longest_activation_s(self._progress) + self._timeouts.boot_s)

    def _may_be_the_line(self, error: FirmlineError, *, at_end: bool) -> bool:
        """Whether a new session can end otherwise."""
        match error:
            case TransportError():
                return error.reason is TransportReason.TIMEOUT and (
                    error.code is not Code.PORT_BLOCKED
                )
            case TargetRefusedError():
                # Heard twice it is the unit's word, and so is its verdict on the whole image.
                told = (error.code, error.result, error.ext_error, error.context.get("phase"))
                again, self._refused = told == self._refused, told
                return not again and (not at_end or may_hide_success(error))
            case RemoteProtocolError():
                return error.code is not Code.OBJECT_DAMAGED
            case _:
                return False
