"""What happens while a unit is served, told as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from firmline.device.unit import VirtualUnit
from firmline.device.unit_log import UnitLogEntry
from firmline.events import UnitMode

BOOTED_AFTER_S: Final = 1.0
"""So long before its clients can come, a served unit was switched on; a healthy one has booted."""
LATER_S: Final = 1e-4
"""An event loop may run a timer early by its clock's resolution."""


class Source(StrEnum):
    """Where something happened."""

    UNIT = "unit"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened.

    Attributes:
        source: In the unit, or to a client.
        at_s: Seconds since the unit's power came.
        what: Its name.
        facts: Plain facts.
    """

    source: Source
    at_s: float
    what: str
    facts: dict[str, object] = field(default_factory=dict)


class _Ahead(list[UnitLogEntry]):
    """A unit's log that keeps what is yet to be told, and no more: a unit may be served for weeks.

    The unit itself takes out of it what does not happen (:meth:`UnitLog.roll_back`).
    """

    def __init__(self, expect: Callable[[float], None]) -> None:
        super().__init__()
        self._expect = expect

    def append(self, entry: UnitLogEntry) -> None:
        """Keep an entry until its time has come."""
        super().append(entry)
        self._expect(entry.at_s)

    def take_due(self, now_s: float) -> list[UnitLogEntry]:
        """Take out what has happened by now, in order."""
        due = sorted((entry for entry in self if entry.at_s <= now_s), key=lambda entry: entry.at_s)
        self[:] = [entry for entry in self if entry.at_s > now_s]
        return due


class Witness:
    """Tells what the unit logs, what it runs, and which clients come and go.

    Must be made in a running event loop.

    Args:
        unit: The unit, before its power comes.
        report: Told of everything.

    Attributes:
        resets: How often the unit was reset.
        clients: How many clients have come.
    """

    def __init__(self, unit: VirtualUnit, report: Callable[[Happening], None]) -> None:
        self.resets = 0
        self.clients = 0
        self._unit = unit
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._runs: tuple[UnitMode | None, str | None] = (None, None)
        self._ahead = _Ahead(self._expect)
        unit.log = self._ahead

    def begin(self) -> None:
        """The unit's power comes now: times are counted from here."""
        self._began_s = self._loop.time()

    def client(self, what: str, **facts: object) -> None:
        """A client came, or left."""
        self.clients += what == "connected"
        self._tell(Source.CLIENT, self._loop.time(), what, facts)

    def unit(self, what: str, **facts: object) -> None:
        """Something happened to the unit that it does not log itself."""
        self._tell(Source.UNIT, self._loop.time(), what, facts)

    def look(self) -> None:
        """Tell what is due, and which program runs, where it is another than before."""
        self._tell_due()
        runs = (self._unit.mode, self._unit.firmware_revision)
        if runs == self._runs:
            return
        self._runs = runs
        mode, revision = runs
        facts: dict[str, object] = {"mode": None if mode is None else mode.value}
        if revision is not None:
            facts["firmware_revision"] = revision
        self.unit("runs", **facts)

    @property
    def seconds(self) -> float:
        """Since the unit's power came."""
        return self._loop.time() - self._began_s

    def _expect(self, at_s: float) -> None:
        """Tell an entry when its time has come: a unit's processor runs ahead of ours.

        Not at once even where it has come: what is logged while a unit catches up with the world
        may be undone before it is there.
        """
        self._loop.call_at(at_s + LATER_S, self._tell_due)

    def _tell_due(self) -> None:
        for entry in self._ahead.take_due(self._loop.time()):
            self._tell_entry(entry)

    def _tell_entry(self, entry: UnitLogEntry) -> None:
        if entry.what == "boot_over":
            self._loop.call_soon(self.look)
            return
        self.resets += entry.what == "reset"
        self._tell(Source.UNIT, entry.at_s, entry.what, entry.facts)
        if self._unit.board.physics is None:
            # What runs is known when the boot that the entry belongs to is over.
            self._loop.call_soon(self.look)

    def _tell(self, source: Source, at_s: float, what: str, facts: dict[str, object]) -> None:
        at_s = max(0.0, at_s - self._began_s)
        self._report(Happening(source=source, at_s=at_s, what=what, facts=facts))
