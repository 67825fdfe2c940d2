"""What happens inside a unit, in the order in which its processor comes to it."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.device.inside.times import UnitTime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitLogEntry:
    """Something that happened inside the unit, which no observer outside sees.

    Attributes:
        at_s: When.
        what: Its name.
        facts: Plain facts.
    """

    at_s: float
    what: str
    facts: dict[str, object]


class UnitLog:
    """Takes down what happens.

    Args:
        time: Where the unit is in time.

    Attributes:
        entries: What has happened; an observer may put its own list here.
    """

    def __init__(self, time: UnitTime) -> None:
        self.entries: list[UnitLogEntry] = []
        self._time = time

    def record(self, what: str, **facts: object) -> None:
        """Something happens, at the processor's time."""
        self.entries.append(UnitLogEntry(at_s=self._time.cpu_s, what=what, facts=facts))

    def roll_back(self) -> None:
        """What the processor has done ahead of this moment does not happen."""
        self.entries[:] = [entry for entry in self.entries if entry.at_s <= self._time.now_s]
