"""What a store of records can do, whichever database is behind it.

Three keep to it, and one suite of tests runs on all of them: :class:`~.memory.MemoryRecords`, and
:class:`~.sql.SqlRecords` on SQLite (one station) and PostgreSQL (many).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from firmline.line.records.checks import check_time
from firmline.line.records.values import (
    Diagnosis,
    Entry,
    Phase,
    Reworked,
    Row,
    RowKey,
    Run,
    RunBegan,
    Unit,
)
from firmline.line.statistics.counts import Counts, RunCount, Trouble
from firmline.line.statistics.readings import JudgedRun, Reading

PAGE_SIZE: Final = 500
"""Runs on a page; ours."""
NEWEST: Final = 2_000
"""Runs that charts and comparisons look at; ours: older ones tell of a line as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a batch.

    Attributes:
        new: Rows that were kept.
        known: Rows that had been kept before.
    """

    new: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are wanted; what is left empty does not matter.

    Attributes:
        product: Of this product.
        serial: Of units with this serial number.
        recipe: By recipes of this name.
        batch: Of this batch.
        station: At this station.
        slot: In this slot; 0: any.
        since: That began then or later.
        until: That began before then.
    """

    product: str = ""
    serial: str = ""
    recipe: str = ""
    batch: str = ""
    station: str = ""
    slot: int = 0
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        for time in (self.since, self.until):
            if time is not None:
                check_time("time that was asked for", time)

    def takes(self, row: Row[Run]) -> bool:
        """Whether a run is wanted."""
        run = row.entry
        return (
            self.product in ("", run.unit.product)
            and self.serial in ("", run.unit.serial)
            and self.recipe in ("", run.recipe.name)
            and self.batch in ("", run.batch)
            and self.station in ("", row.key.station)
            and self.slot in (0, run.slot)
            and (self.since is None or run.began_at >= self.since)
            and (self.until is None or run.began_at < self.until)
        )


EVERY_RUN: Final = RunFilter()


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a run stands among all: by the time it began, then by its row.

    Attributes:
        began_at: When it began.
        key: Its row.
    """

    began_at: datetime
    key: RowKey


def place_of(row: Row[Run]) -> Place:
    """Where a run stands among all."""
    return Place(row.entry.began_at, row.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some runs, in their order.

    Attributes:
        runs: The runs.
        after: What to ask for the next page with; ``None``: this is the last.
    """

    runs: tuple[Row[Run], ...]
    after: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt on a unit.

    Attributes:
        number: 1 is the first attempt; every later one is a retest.
        name: The run's name: the key of its :class:`RunBegan`.
        began_at: When it began.
        run: How it ended; ``None``: it has no end, the unit was left half done or is at work.
    """

    number: int
    name: RowKey
    began_at: datetime
    run: Row[Run] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitHistory:
    """Every attempt on one unit, at whichever station, in the order in which they began.

    Attributes:
        unit: Which.
        attempts: The attempts; never empty.
        reworks: When it came back from rework, in order of time.
    """

    unit: Unit
    attempts: tuple[Attempt, ...]
    reworks: tuple[Row[Reworked], ...] = ()

    @property
    def first(self) -> Attempt:
        """The first attempt, which alone counts for the first-pass yield."""
        return self.attempts[0]

    @property
    def retests(self) -> tuple[Attempt, ...]:
        """Every later attempt."""
        return self.attempts[1:]

    @property
    def since_rework(self) -> tuple[Attempt, ...]:
        """The attempts since it last came back from rework; all, where it never did."""
        if not self.reworks:
            return self.attempts
        last = self.reworks[-1].entry.at
        return tuple(attempt for attempt in self.attempts if attempt.began_at > last)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedAgain:
    """Units that have passed one recipe several times since they last came back from rework.

    Attributes:
        units: Those that did so last come first; not all, where they are many.
        number: How many they are in all.
    """

    units: tuple[Unit, ...]
    number: int


class Records(Protocol):
    """A store of records.

    Every method may be called from any thread. What goes wrong with the store itself is a
    ``StoreError`` with a code ``DFU-REC-...``, and nothing has changed then.
    """

    def write(self, rows: Iterable[Row[Entry]]) -> Written:
        """Keep a batch of rows, all or none; those that are kept already change nothing.

        When it returns the rows are as durable as the database makes them: on the disk.

        Raises:
            StoreError: ``RECORD_CONFLICT``: a key is taken by a row that tells something else.
        """
        ...

    def history(self, *serials: str, product: str = "") -> tuple[UnitHistory, ...]:
        """The units with these serial numbers, in the order of their products and numbers.

        Of one serial number that is mostly one unit, or none.
        """
        ...

    def runs(
        self,
        wanted: RunFilter = EVERY_RUN,
        *,
        after: Place | None = None,
        size: int = PAGE_SIZE,
        newest_first: bool = False,
    ) -> Page:
        """A page of ended runs in the order in which they began; :func:`every_run` reads all.

        Args:
            wanted: Which.
            after: Where the page before ended, in the same order; ``None``: it is the first.
            size: Runs on it.
            newest_first: Whether the order is the other one.
        """
        ...

    def phases(self, *runs: RowKey) -> tuple[Row[Phase], ...]:
        """The phases of runs, by run and in their order; also of ones that have no end."""
        ...

    def diagnoses(self, *runs: RowKey) -> tuple[Row[Diagnosis], ...]:
        """The diagnoses of runs, by run; of each run the one that counts last."""
        ...

    def half_done(self, *, station: str = "") -> tuple[Row[RunBegan], ...]:
        """Runs that were begun and have no end, in the order of their keys."""
        ...

    def counts(self, wanted: RunFilter = EVERY_RUN, *, by_hour: bool) -> Counts:
        """The runs that are wanted, counted; by hour, or else by batch, station and slot."""
        ...

    def ends(self, wanted: RunFilter = EVERY_RUN) -> tuple[RunCount, ...]:
        """Of these counts by place only how the runs ended, for which no unit is looked at."""
        ...

    def troubles(self, wanted: RunFilter = EVERY_RUN) -> tuple[Trouble, ...]:
        """What went wrong in them, by unit; golden samples are left out."""
        ...

    def readings(self, wanted: RunFilter = EVERY_RUN, *, most: int = NEWEST) -> tuple[Reading, ...]:
        """The numbers that the newest of them have measured, in the order in which they began.

        Only runs count that came to a verdict on a unit which is no golden sample.
        """
        ...

    def judged(self, wanted: RunFilter = EVERY_RUN, *, most: int = NEWEST) -> tuple[JudgedRun, ...]:
        """The same runs themselves, with what may have to do with how they ended."""
        ...

    def passed_again(
        self, wanted: RunFilter = EVERY_RUN, *, newest: int = NEWEST, most: int
    ) -> PassedAgain:
        """Units of the newest passes that had passed before, or have since.

        Golden samples are left out. A rework counts for all recipes of its unit.

        Args:
            wanted: Which passes.
            newest: How many of them are looked at.
            most: Units that are named.
        """
        ...

    def newest(self, station: str) -> int:
        """The largest sequence that is kept of a station; 0: none."""
        ...

    def newest_time(self, station: str) -> datetime | None:
        """The latest time in a station's rows of runs and reworks; ``None``: it has none."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


def every_run(records: Records, wanted: RunFilter = EVERY_RUN) -> Iterator[Row[Run]]:
    """All runs that are wanted, page by page: as many as there are, in little memory."""
    after = None
    while True:
        page = records.runs(wanted, after=after)
        yield from page.runs
        if page.after is None:
            return
        after = page.after


def name_of(row: Row[Phase] | Row[Diagnosis] | Row[Run]) -> RowKey:
    """The name of the run that a row belongs to: the key of its :class:`RunBegan`."""
    entry = row.entry
    number = entry.number if isinstance(entry, Run) else entry.run
    return RowKey(station=row.key.station, sequence=number)


def histories(
    begun: Iterable[Row[RunBegan]],
    ended: Iterable[Row[Run]],
    reworked: Iterable[Row[Reworked]] = (),
) -> tuple[UnitHistory, ...]:
    """The histories of units, of everything that was begun on them and how it ended.

    A run counts also where only its end has arrived so far. A unit that was only ever reworked has
    none: its runs have not arrived.
    """
    known: dict[RowKey, tuple[Unit, datetime, Row[Run] | None]] = {
        row.key: (row.entry.unit, row.entry.at, None) for row in begun
    }
    for end in ended:
        known[name_of(end)] = (end.entry.unit, end.entry.began_at, end)
    by_unit: dict[Unit, list[RowKey]] = {}
    for name in sorted(known, key=lambda name: (known[name][1], name)):
        by_unit.setdefault(known[name][0], []).append(name)
    mended: dict[Unit, list[Row[Reworked]]] = {unit: [] for unit in by_unit}
    for row in sorted(reworked, key=lambda row: (row.entry.at, row.key)):
        mended.setdefault(row.entry.unit, []).append(row)
    return tuple(
        UnitHistory(
            unit=unit,
            reworks=tuple(mended[unit]),
            attempts=tuple(
                Attempt(number=number, name=name, began_at=known[name][1], run=known[name][2])
                for number, name in enumerate(by_unit[unit], 1)
            ),
        )
        for unit in sorted(by_unit)
    )
