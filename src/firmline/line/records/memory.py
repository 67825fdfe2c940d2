"""Records in memory: for tests, for a demonstration, and as the plain words of what they do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from operator import gt, lt
from threading import Lock

from firmline.line.records.base import (
    EVERY_RUN,
    NEWEST,
    PAGE_SIZE,
    Page,
    PassedAgain,
    Place,
    RunFilter,
    UnitHistory,
    Written,
    histories,
    name_of,
    place_of,
)
from firmline.line.records.digest import conflict, digest_of, digests
from firmline.line.records.memory_counting import (
    count_runs,
    newest_judged,
    newest_passed,
    read_judged,
    read_readings,
    read_troubles,
    units_passed_again,
)
from firmline.line.records.values import (
    Diagnosis,
    Entry,
    EntryT,
    Phase,
    Reworked,
    Row,
    RowKey,
    Run,
    RunBegan,
)
from firmline.line.statistics.counts import Counts, RunCount, Trouble
from firmline.line.statistics.readings import JudgedRun, Reading


class MemoryRecords:
    """Records as long as the program runs."""

    def __init__(self) -> None:
        self._rows: dict[RowKey, Row[Entry]] = {}
        self._writing = Lock()

    def write(self, rows: Iterable[Row[Entry]]) -> Written:
        """See :meth:`~.base.Records.write`."""
        listed = list(rows)
        batch = {row.key: row for row in listed}
        found = digests(listed)
        with self._writing:
            kept = [key for key in batch if key in self._rows]
            for key in sorted(kept):
                if digest_of(self._rows[key]) != found[key]:
                    raise conflict(key)
            # One step, so that a reader in another thread sees all of the batch or nothing.
            self._rows = {**self._rows, **batch}
        return Written(new=len(batch) - len(kept), known=len(listed) - len(batch) + len(kept))

    def history(self, *serials: str, product: str = "") -> tuple[UnitHistory, ...]:
        """See :meth:`~.base.Records.history`."""

        def is_wanted(row: Row[RunBegan] | Row[Run] | Row[Reworked]) -> bool:
            unit = row.entry.unit
            return unit.serial in serials and product in ("", unit.product)

        return histories(
            filter(is_wanted, self._of(RunBegan)),
            filter(is_wanted, self._of(Run)),
            filter(is_wanted, self._of(Reworked)),
        )

    def runs(
        self,
        wanted: RunFilter = EVERY_RUN,
        *,
        after: Place | None = None,
        size: int = PAGE_SIZE,
        newest_first: bool = False,
    ) -> Page:
        """See :meth:`~.base.Records.runs`."""
        found = sorted(filter(wanted.takes, self._of(Run)), key=place_of, reverse=newest_first)
        behind = gt if not newest_first else lt
        rest = [row for row in found if after is None or behind(place_of(row), after)]
        shown = tuple(rest[:size])
        return Page(runs=shown, after=place_of(shown[-1]) if len(rest) > size else None)

    def phases(self, *runs: RowKey) -> tuple[Row[Phase], ...]:
        """See :meth:`~.base.Records.phases`."""
        found = (row for row in self._of(Phase) if name_of(row) in runs)
        return tuple(sorted(found, key=lambda row: (name_of(row), row.entry.position, row.key)))

    def diagnoses(self, *runs: RowKey) -> tuple[Row[Diagnosis], ...]:
        """See :meth:`~.base.Records.diagnoses`."""
        found = (row for row in self._of(Diagnosis) if name_of(row) in runs)
        return tuple(sorted(found, key=lambda row: (name_of(row), row.key)))

    def half_done(self, *, station: str = "") -> tuple[Row[RunBegan], ...]:
        """See :meth:`~.base.Records.half_done`."""
        ended = {name_of(row) for row in self._of(Run)}
        found = (
            row
            for row in self._of(RunBegan)
            if row.key not in ended and station in ("", row.key.station)
        )
        return tuple(sorted(found, key=lambda row: row.key))

    def counts(self, wanted: RunFilter = EVERY_RUN, *, by_hour: bool) -> Counts:
        """See :meth:`~.base.Records.counts`."""
        rows = [*self._of(Run)]
        return count_runs(rows, {*filter(wanted.takes, rows)}, by_hour=by_hour)

    def ends(self, wanted: RunFilter = EVERY_RUN) -> tuple[RunCount, ...]:
        """See :meth:`~.base.Records.ends`."""
        return self.counts(wanted, by_hour=False).runs

    def troubles(self, wanted: RunFilter = EVERY_RUN) -> tuple[Trouble, ...]:
        """See :meth:`~.base.Records.troubles`."""
        return read_troubles(
            filter(wanted.takes, self._of(Run)), [*self._of(Phase)], [*self._of(Diagnosis)]
        )

    def readings(self, wanted: RunFilter = EVERY_RUN, *, most: int = NEWEST) -> tuple[Reading, ...]:
        """See :meth:`~.base.Records.readings`."""
        runs = newest_judged(filter(wanted.takes, self._of(Run)), most)
        return read_readings(runs, [*self._of(Phase)])

    def judged(self, wanted: RunFilter = EVERY_RUN, *, most: int = NEWEST) -> tuple[JudgedRun, ...]:
        """See :meth:`~.base.Records.judged`."""
        return read_judged(newest_judged(filter(wanted.takes, self._of(Run)), most))

    def passed_again(
        self, wanted: RunFilter = EVERY_RUN, *, newest: int = NEWEST, most: int
    ) -> PassedAgain:
        """See :meth:`~.base.Records.passed_again`."""
        passed = newest_passed(filter(wanted.takes, self._of(Run)), newest)
        units = self.history(*{unit.serial for unit in passed})
        return units_passed_again(
            [each for each in units if each.unit in passed], wanted, most=most
        )

    def newest(self, station: str) -> int:
        """See :meth:`~.base.Records.newest`."""
        return max((key.sequence for key in self._rows if key.station == station), default=0)

    def newest_time(self, station: str) -> datetime | None:
        """See :meth:`~.base.Records.newest_time`."""
        begun = [row.entry.at for row in self._of(RunBegan) if row.key.station == station]
        ended = [row.entry.ended_at for row in self._of(Run) if row.key.station == station]
        reworked = [row.entry.at for row in self._of(Reworked) if row.key.station == station]
        return max(begun + ended + reworked, default=None)

    def close(self) -> None:
        """Nothing is held open."""

    def _of(self, kind: type[EntryT]) -> Iterator[Row[EntryT]]:
        for key, row in self._rows.items():
            if isinstance(row.entry, kind):
                yield Row(key=key, entry=row.entry)
