"""Records in a database that SQLAlchemy speaks to: SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Self

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from firmline.line.records import tables
from firmline.line.records.address import DatabaseAddress
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
    place_of,
)
from firmline.line.records.counting import (
    count_ends,
    count_runs,
    read_judged,
    read_readings,
    read_troubles,
)
from firmline.line.records.database import Database
from firmline.line.records.digest import conflict, digests
from firmline.line.records.encoding import TABLES, Line, encode
from firmline.line.records.engine import WAIT_S
from firmline.line.records.outbox import enter_deliveries
from firmline.line.records.reading import (
    KEYS_AT_ONCE,
    read_diagnoses,
    read_half_done,
    read_newest_time,
    read_phases,
    read_runs,
    read_units,
)
from firmline.line.records.repeats import units_passed_again
from firmline.line.records.values import Diagnosis, Entry, Phase, Row, RowKey, RunBegan
from firmline.line.statistics.counts import Counts, RunCount, Trouble
from firmline.line.statistics.readings import JudgedRun, Reading


class SqlRecords:
    """Records in a database.

    Args:
        database: Which; other tables of the line lie in it as well.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    def open(cls, address: DatabaseAddress, *, create: bool, wait_s: float = WAIT_S) -> Self:
        """Open a database, and make its tables where there are none.

        Raises:
            StoreError: It is not there, not ours, too new, or cannot be opened.
        """
        return cls(Database.open(address, create=create, wait_s=wait_s))

    def write(self, rows: Iterable[Row[Entry]]) -> Written:
        """See :meth:`~.base.Records.write`."""
        listed = list(rows)
        found = digests(listed)
        if not found:
            return Written(new=0, known=0)
        with self.database.writing() as connection:
            new = _claim(connection, found)
            lines: dict[str, list[Line]] = {}
            fresh = {row.key: row for row in listed if row.key in new}
            for row in fresh.values():
                for table, line in encode(row):
                    lines.setdefault(table.name, []).append(line)
            for table in TABLES:
                if table.name in lines:
                    connection.execute(table.insert(), lines[table.name])
            enter_deliveries(connection, fresh.values())
        return Written(new=len(new), known=len(listed) - len(new))

    def history(self, *serials: str, product: str = "") -> tuple[UnitHistory, ...]:
        """See :meth:`~.base.Records.history`."""
        with self.database.reading() as connection:
            return histories(*read_units(connection, serials, product))

    def runs(
        self,
        wanted: RunFilter = EVERY_RUN,
        *,
        after: Place | None = None,
        size: int = PAGE_SIZE,
        newest_first: bool = False,
    ) -> Page:
        """See :meth:`~.base.Records.runs`."""
        with self.database.reading() as connection:
            found = read_runs(
                connection, wanted, after=after, size=size + 1, newest_first=newest_first
            )
        shown = found[:size]
        return Page(runs=shown, after=place_of(shown[-1]) if len(found) > size else None)

    def phases(self, *runs: RowKey) -> tuple[Row[Phase], ...]:
        """See :meth:`~.base.Records.phases`."""
        with self.database.reading() as connection:
            return read_phases(connection, runs)

    def diagnoses(self, *runs: RowKey) -> tuple[Row[Diagnosis], ...]:
        """See :meth:`~.base.Records.diagnoses`."""
        with self.database.reading() as connection:
            return read_diagnoses(connection, runs)

    def half_done(self, *, station: str = "") -> tuple[Row[RunBegan], ...]:
        """See :meth:`~.base.Records.half_done`."""
        with self.database.reading() as connection:
            return read_half_done(connection, station)

    def counts(self, wanted: RunFilter = EVERY_RUN, *, by_hour: bool) -> Counts:
        """See :meth:`~.base.Records.counts`."""
        with self.database.reading() as connection:
            return count_runs(connection, wanted, by_hour=by_hour)

    def ends(self, wanted: RunFilter = EVERY_RUN) -> tuple[RunCount, ...]:
        """See :meth:`~.base.Records.ends`."""
        with self.database.reading() as connection:
            return count_ends(connection, wanted)

    def troubles(self, wanted: RunFilter = EVERY_RUN) -> tuple[Trouble, ...]:
        """See :meth:`~.base.Records.troubles`."""
        with self.database.reading() as connection:
            return read_troubles(connection, wanted)

    def readings(self, wanted: RunFilter = EVERY_RUN, *, most: int = NEWEST) -> tuple[Reading, ...]:
        """See :meth:`~.base.Records.readings`."""
        with self.database.reading() as connection:
            return read_readings(connection, wanted, most=most)

    def judged(self, wanted: RunFilter = EVERY_RUN, *, most: int = NEWEST) -> tuple[JudgedRun, ...]:
        """See :meth:`~.base.Records.judged`."""
        with self.database.reading() as connection:
            return read_judged(connection, wanted, most=most)

    def passed_again(
        self, wanted: RunFilter = EVERY_RUN, *, newest: int = NEWEST, most: int
    ) -> PassedAgain:
        """See :meth:`~.base.Records.passed_again`."""
        with self.database.reading() as connection:
            return units_passed_again(connection, wanted, newest=newest, most=most)

    def newest(self, station: str) -> int:
        """See :meth:`~.base.Records.newest`."""
        columns = tables.records.c
        query = select(func.max(columns.sequence)).where(columns.station == station)
        with self.database.reading() as connection:
            return connection.execute(query).scalar() or 0

    def newest_time(self, station: str) -> datetime | None:
        """See :meth:`~.base.Records.newest_time`."""
        with self.database.reading() as connection:
            return read_newest_time(connection, station)

    def close(self) -> None:
        """See :meth:`~.base.Records.close`."""
        self.database.close()


def _claim(connection: Connection, found: Mapping[RowKey, bytes]) -> set[RowKey]:
    """Enter rows in the ledger; those that are new.

    In the order of their keys: two that write the same rows at once wait for each other, and never
    both for ever.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    columns = tables.records.c
    statement = (
        dialect.insert(tables.records)
        .on_conflict_do_nothing()
        .returning(columns.station, columns.sequence)
    )
    lines = [
        {"station": key.station, "sequence": key.sequence, "digest": found[key]}
        for key in sorted(found)
    ]
    claimed = connection.execute(statement, lines)
    new = {RowKey(station=station, sequence=sequence) for station, sequence in claimed}
    _compare(connection, {key: found[key] for key in sorted(found.keys() - new)})
    return new


def _compare(connection: Connection, known: Mapping[RowKey, bytes]) -> None:
    """See that rows that were there before tell the same."""
    columns = tables.records.c
    by_station: dict[str, list[int]] = {}
    for key in known:
        by_station.setdefault(key.station, []).append(key.sequence)
    for station, sequences in by_station.items():
        left = iter(sequences)
        while some := list(islice(left, KEYS_AT_ONCE)):
            query = select(columns.sequence, columns.digest).where(
                columns.station == station, columns.sequence.in_(some)
            )
            for sequence, digest in sorted(_pairs(connection.execute(query).all())):
                key = RowKey(station=station, sequence=sequence)
                if digest != known[key]:
                    raise conflict(key)


def _pairs(lines: Sequence[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    return [(sequence, bytes(digest)) for sequence, digest in lines]
