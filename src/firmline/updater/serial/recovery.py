"""What is done when something gets lost or damaged on a serial line: ask again, and go on.

A serial line has no checksum but that of the objects. A request or an answer may be lost, damaged
or doubled, and even a refusal may be none. So the line is brought to rest (PING until the last one
is answered), and a new session goes on where the unit says it is: three times without progress,
never endlessly.

An object that never arrived intact is no end either: from then on the unit is asked behind every
few packets what it has, so that one that is lost is sent again alone, and nothing more is written
to an object of which too much came: a refused write costs a bootloader one of its receive buffers,
and one for UART has three (bootloader spec, section 13).

The one answer that is not asked for again at once is that to the last EXECUTE: a unit that has
taken the image restarts, and stands still for its flash until then, so that no question reaches it
in between (bootloader spec, sections 7 and 14). One that answers afterwards is asked again, another
one is silent: without the answer nothing is called a success.

A port that is gone is no matter of this room.
"""

from __future__ import annotations

from dataclasses import replace
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
from firmline.protocol.framing import SerialFraming
from firmline.updater.activation import longest_activation_s
from firmline.updater.road import Briefing, Method
from firmline.updater.serial.absence import fell_silent, line_fails
from firmline.updater.serial.talk import SerialTalk
from firmline.updater.unheard_end import left_since, may_hide_success

MAX_SESSIONS: Final = 4
"""Sessions without progress, the first included, before it is given up."""
CAREFUL_PAUSE_S: Final = 0.02
"""Before a packet that did not arrive is sent again; ours. The line is at rest by then."""
MAX_ALL: Final = 40
"""Sessions in all: a line that loses something in every object carries no update in useful time."""


_DAMAGED: Final = frozenset({Code.OBJECT_DAMAGED, Code.PACKETS_REPEATED})


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
        port_shows_restart: Whether the port goes where the unit restarts, so that one that stays
            shows that it did not.
    """

    def __init__(
        self, bootloader: Talkative, briefing: Briefing, *, port_shows_restart: bool = False
    ) -> None:
        self._bootloader = bootloader
        self._port_shows_restart = port_shows_restart
        self._is_careful = False
        self._progress = briefing.progress
        self._report = briefing.report
        self._timeouts = briefing.timeouts.serial
        self._sessions = 1
        self._all = 1
        self._executed = 0
        self._codes: dict[Code, None] = {}
        """With what the sessions without progress have ended, in order."""
        self._refused: tuple[object, ...] | None = None
        self._framing = SerialFraming()
        """Of the session that runs, or has failed."""

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
            self._codes.clear()
        self._sessions += 1
        self._all += 1
        self._codes[error.code] = None
        if self._sessions > MAX_SESSIONS or self._all > MAX_ALL:
            error.hint = error.hint or line_fails(self._sessions - 1, self._codes)
            return False
        talk = self._bootloader.talk
        if not await talk.find(self._silence_s(at_end=at_end)):
            text = self._printed()
            if text:
                self._report(events.TextHeard(text=text))
            if at_end:
                raise left_since(error, text) from error
            error.hint = fell_silent(text, has_restarted=self._has_restarted)
            return False
        self._is_careful |= error.code in _DAMAGED
        self._report(
            events.SessionRepeated(
                reason=error.message, code=str(error.code), attempt=self._sessions
            )
        )
        return True

    def _printed(self) -> str:
        """What a program has printed instead of answers; empty: nothing.

        An application prints when it starts, which is while the answer is still waited for.
        """
        for heard in (self._framing.unfinished, self._bootloader.talk.strange):
            if heard and looks_like_text(heard) and shown(heard):
                return shown(heard)
        return ""

    @property
    def _has_restarted(self) -> bool | None:
        """Whether a unit that is silent has restarted; ``None``: nothing shows that."""
        return False if self._port_shows_restart else None

    def framing(self) -> SerialFraming:
        """The frames of a new session."""
        self._framing = SerialFraming()
        return self._framing

    def method(self, planned: Method) -> Method:
        """How objects are sent, after what the line has shown."""
        if not self._is_careful:
            return planned
        return replace(planned, pacing=replace(planned.pacing, after_free_s=CAREFUL_PAUSE_S))

    def _silence_s(self, *, at_end: bool) -> float:
        """How long it may be silent; it comes back late where it activates the image first."""
        silence_s = self._timeouts.silence_s
        if not at_end:
            return silence_s
        return max(silence_s, longest_activation_s(self._progress) + self._timeouts.boot_s)

    def _may_be_the_line(self, error: FirmlineError, *, at_end: bool) -> bool:
        """Whether a new session can end otherwise."""
        if not isinstance(error, TargetRefusedError):
            self._refused = None
        match error:
            case TransportError():
                return error.reason is TransportReason.TIMEOUT and (
                    error.code is not Code.PORT_BLOCKED
                )
            case TargetRefusedError():
                # Heard twice in a row it is the unit's word, as its verdict on the whole image is.
                told = (error.code, error.result, error.ext_error, error.context.get("phase"))
                again, self._refused = told == self._refused, told
                return not again and (not at_end or may_hide_success(error))
            case RemoteProtocolError():
                return True
            case _:
                return False
