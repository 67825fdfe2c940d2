"""One attempt to update a unit: how it is made, and what its trace shows."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final, assert_never

from firmline.events import Event, Outcome, UpdateFinished
from firmline.formats.package import Package
from firmline.formats.trace import Trace
from firmline.protocol.pacing import Pacing
from firmline.updater.timeouts import SerialTimeouts, Timeouts

USUAL_MTU: Final = 247
"""Bytes; what firmline asks for over a radio."""
MORE_PATIENCE: Final = 3.0
"""How many times longer a more patient host waits; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How an attempt is made; by itself, as an operator makes it.

    Attributes:
        package: What is sent instead of the package that failed; ``None``: that one.
        from_other_host: Whether another host sends it.
        mtu: The ATT MTU that is asked for, bytes; over a radio.
        prn: Packets between receipts; 0: none.
        pacing: How long the unit's flash is given; ``None``: as usual on its link.
        is_patient: Whether everything is waited for longer.
    """

    package: Package | None = None
    from_other_host: bool = False
    mtu: int = USUAL_MTU
    prn: int = 0
    pacing: Pacing | None = None
    is_patient: bool = False

    @property
    def timeouts(self) -> Timeouts:
        """How long is waited for what."""
        return _longer(Timeouts()) if self.is_patient else Timeouts()


AS_USUAL: Final = How()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt that is over.

    Attributes:
        events: Its trace.
        runs_what_was_sent: Whether the unit's application says that it is the one that was sent,
            to somebody who asks it behind the attempt.
    """

    events: tuple[Event, ...]
    runs_what_was_sent: bool

    @property
    def trace(self) -> Trace:
        """As it would be read from its file."""
        return Trace(entries=self.events)

    @property
    def finished(self) -> UpdateFinished:
        """How it ended."""
        (last,) = (each for each in self.events if isinstance(each, UpdateFinished))
        return last

    @property
    def passed(self) -> bool:
        """Whether the unit runs what was sent, and has not refused it."""
        match self.finished.outcome:
            case Outcome.UPDATED:
                return True
            case Outcome.UNVERIFIED:
                return self.runs_what_was_sent
            case Outcome.REFUSED | Outcome.FAILED:
                return False
            case _:
                assert_never(self.finished.outcome)


def _longer(timeouts: Timeouts) -> Timeouts:
    serial = timeouts.serial
    named = {field.name: getattr(timeouts, field.name) for field in fields(timeouts)}
    times = {name: MORE_PATIENCE * value for name, value in named.items() if name != "serial"}
    on_line = {
        field.name: MORE_PATIENCE * getattr(serial, field.name) for field in fields(SerialTimeouts)
    }
    return replace(timeouts, **times, serial=replace(serial, **on_line))
