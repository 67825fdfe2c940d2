"""Records in a database that SQLAlchemy speaks to: SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.dialects import postgresql, sqlite

from firmline.errors import Code, shortened
from firmline.line.records import tables
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.base import (
    EVERY_RUN,
    NEWEST,
    PAGE_SIZE,
    Page,
    Place,
    RunFilter,
    UnitHistory,
    Written,
    histories,
    place_of,
)
from firmline.line.records.counting import (
    count_runs,
    read_judged,
    read_readings,
    read_troubles,
)
from firmline.line.records.digest import conflict, digests
from firmline.line.records.encoding import TABLES, Line, encode
from firmline.line.records.engine import WAIT_S, open_engine, writing
from firmline.line.records.problems import store_error, told
from firmline.line.records.reading import (
    KEYS_AT_ONCE,
    read_diagnoses,
    read_half_done,
    read_newest_time,
    read_phases,
    read_runs,
    read_units,
)
from firmline.line.records.schema import prepare
from firmline.line.records.values import Diagnosis, Entry, Phase, Row, RowKey, RunBegan
from firmline.line.statistics.counts import Counts, Trouble
from firmline.line.statistics.readings import JudgedRun, Reading


class SqlRecords:
    """Records in a database.

    Args:
        engine: Of the database, whose tables are prepared.
        where: Its address without a password, for messages.
        path: SQLite's file; ``None``: it is a server.
    """

    def __init__(self, engine: Engine, where: str, *, path: Path | None = None) -> None:
        self._reading = engine
        self._writing = writing(engine)
        self._where = where
        self._path = path
        self._file = None if path is None else _identity(path)

    @classmethod
    def open(cls, address: DatabaseAddress, *, create: bool, wait_s: float = WAIT_S) -> Self:
        """Open a database, and make its tables where there are none.

        Raises:
            StoreError: It is not there, not ours, too new, or cannot be opened.
        """
        where, path = str(address), address.path
        if path is not None:
            _check_file(path, create=create)
        engine = open_engine(address, create=create, wait_s=wait_s)
        try:
            with told(where):
                prepare(engine, where, create=create, path=path)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, where, path=path)

    def write(self, rows: Iterable[Row[Entry]]) -> Written:
        """See :meth:`~.base.Records.write`."""
        listed = list(rows)
        found = digests(listed)
        if not found:
            return Written(new=0, known=0)
        with self._transaction(self._writing) as connection:
            new = _claim(connection, found)
            lines: dict[str, list[Line]] = {}
            for row in {row.key: row for row in listed if row.key in new}.values():
                for table, line in encode(row):
                    lines.setdefault(table.name, []).append(line)
            for table in TABLES:
                if table.name in lines:
                    connection.execute(table.insert(), lines[table.name])
        return Written(new=len(new), known=len(listed) - len(new))

    def history(self, *serials: str, product: str = "") -> tuple[UnitHistory, ...]:
        """See :meth:`~.base.Records.history`."""
        with self._transaction(self._reading) as connection:
            return histories(*read_units(connection, serials, product))

    def runs(
        self,
        wanted: RunFilter = EVERY_RUN,
        *,
        after: Place | None = None,
        size: int = PAGE_SIZE,
    ) -> Page:
        """See :meth:`~.base.Records.runs`."""
        with self._transaction(self._reading) as connection:
            found = read_runs(connection, wanted, after=after, size=size + 1)
        shown = found[:size]
        return Page(runs=shown, after=place_of(shown[-1]) if len(found) > size else None)

    def phases(self, *runs: RowKey) -> tuple[Row[Phase], ...]:
        """See :meth:`~.base.Records.phases`."""
        with self._transaction(self._reading) as connection:
            return read_phases(connection, runs)

    def diagnoses(self, *runs: RowKey) -> tuple[Row[Diagnosis], ...]:
        """See :meth:`~.base.Records.diagnoses`."""
        with self._transaction(self._reading) as connection:
            return read_diagnoses(connection, runs)

    def half_done(self, *, station: str = "") -> tuple[Row[RunBegan], ...]:
        """See :meth:`~.base.Records.half_done`."""
        with self._transaction(self._reading) as connection:
            return read_half_done(connection, station)

    def counts(self, wanted: RunFilter = EVERY_RUN, *, by_hour: bool) -> Counts:
        """See :meth:`~.base.Records.counts`."""
        with self._transaction(self._reading) as connection:
            return count_runs(connection, wanted, by_hour=by_hour)

    def troubles(self, wanted: RunFilter = EVERY_RUN) -> tuple[Trouble, ...]:
        """See :meth:`~.base.Records.troubles`."""
        with self._transaction(self._reading) as connection:
            return read_troubles(connection, wanted)

    def readings(self, wanted: RunFilter = EVERY_RUN, *, most: int = NEWEST) -> tuple[Reading, ...]:
        """See :meth:`~.base.Records.readings`."""
        with self._transaction(self._reading) as connection:
            return read_readings(connection, wanted, most=most)

    def judged(self, wanted: RunFilter = EVERY_RUN, *, most: int = NEWEST) -> tuple[JudgedRun, ...]:
        """See :meth:`~.base.Records.judged`."""
        with self._transaction(self._reading) as connection:
            return read_judged(connection, wanted, most=most)

    def newest(self, station: str) -> int:
        """See :meth:`~.base.Records.newest`."""
        columns = tables.records.c
        query = select(func.max(columns.sequence)).where(columns.station == station)
        with self._transaction(self._reading) as connection:
            return connection.execute(query).scalar() or 0

    def newest_time(self, station: str) -> datetime | None:
        """See :meth:`~.base.Records.newest_time`."""
        with self._transaction(self._reading) as connection:
            return read_newest_time(connection, station)

    def close(self) -> None:
        """See :meth:`~.base.Records.close`."""
        with told(self._where):
            self._reading.dispose()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        """All or nothing; a file that was taken away is not written to any more."""
        if self._path is not None and _identity(self._path) != self._file:
            # Its connections would go on writing to a file that has no name.
            raise store_error(Code.DATABASE_GONE, self._where)
        with told(self._where), engine.begin() as connection:
            yield connection


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


def _check_file(path: Path, *, create: bool) -> None:
    """Before SQLite is asked, which would wait at a pipe and call a folder a file."""
    try:
        is_there = path.exists()
        if is_there and not (path.is_file() and _has_header(path)):
            raise store_error(Code.DATABASE_FOREIGN, shortened(path))
    except OSError:
        is_there = False
    if not is_there and not (create and path.absolute().parent.is_dir()):
        raise store_error(Code.DATABASE_GONE, shortened(path))


def _has_header(path: Path) -> bool:
    """Whether a file is empty, or begins as SQLite's do (sqlite.org, "Database File Format").

    SQLite itself takes a very short text for an empty database, and would write over it.
    """
    with path.open("rb") as file:
        return file.read(16) in (b"", b"SQLite format 3\0")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
