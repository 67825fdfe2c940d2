"""Whether the rows of records are what was written: each against its digest in the ledger.

A digest is written with its row, by whoever writes; so this shows what was changed by a slip of the
hand, a database tool or a damaged disk, and nobody who writes row and digest anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import select

from firmline.errors import Code, InputError, StoreError
from firmline.line.records import tables
from firmline.line.records.database import Database
from firmline.line.records.digest import digest_of
from firmline.line.records.journal_rows import journal_rows
from firmline.line.records.values import Entry, Row, RowKey

AT_ONCE: Final = 1_000
"""Rows that are read together; ours."""


class Difference(StrEnum):
    """How a row is not what was written."""

    CHANGED = "changed"
    UNREADABLE = "unreadable"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlteredRow:
    """A row that is not what was written.

    Attributes:
        key: Which.
        difference: How.
        entry: What it tells now; ``None``: nothing that can be read.
    """

    key: RowKey
    difference: Difference
    entry: Entry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Some rows of one station, compared.

    Attributes:
        rows: How many.
        altered: Those that are not what was written.
    """

    rows: int
    altered: tuple[AlteredRow, ...]


def proven_rows(database: Database) -> Iterator[Proven]:
    """All rows, some at a time, by station and in their order.

    Raises:
        StoreError: The database cannot be read.
    """
    columns = tables.records.c
    with database.reading() as connection:
        query = select(columns.station).distinct().order_by(columns.station)
        stations = list(connection.execute(query).scalars())
    for station in stations:
        after = 0
        while ledger := _ledger(database, station, after):
            yield Proven(rows=len(ledger), altered=tuple(_altered(database, station, ledger)))
            after = max(ledger)


def _ledger(database: Database, station: str, after: int) -> dict[int, bytes]:
    """The next digests of a station, by their numbers."""
    columns = tables.records.c
    query = (
        select(columns.sequence, columns.digest)
        .where(columns.station == station, columns.sequence > after)
        .order_by(columns.sequence)
        .limit(AT_ONCE)
    )
    with database.reading() as connection:
        return {number: bytes(digest) for number, digest in connection.execute(query)}


def _altered(database: Database, station: str, ledger: dict[int, bytes]) -> Iterator[AlteredRow]:
    found = _rows(database, station, after=min(ledger) - 1, size=len(ledger))
    if found is None:
        found = _one_by_one(database, station, ledger)
    for number, digest in ledger.items():
        key = RowKey(station=station, sequence=number)
        if number not in found:
            yield AlteredRow(key=key, difference=Difference.MISSING)
        elif (row := found[number]) is None:
            yield AlteredRow(key=key, difference=Difference.UNREADABLE)
        elif digest_of(row) != digest:
            yield AlteredRow(key=key, difference=Difference.CHANGED, entry=row.entry)


def _one_by_one(
    database: Database, station: str, numbers: Iterable[int]
) -> dict[int, Row[Entry] | None]:
    """The same rows where one of them cannot be read, which is ``None``."""
    found: dict[int, Row[Entry] | None] = {}
    for number in numbers:
        one = _rows(database, station, after=number - 1, size=1)
        if one is None or number in one:
            found[number] = None if one is None else one[number]
    return found


def _rows(
    database: Database, station: str, *, after: int, size: int
) -> dict[int, Row[Entry] | None] | None:
    """Rows by their numbers; ``None``: there is one among them that is no record."""
    try:
        with database.reading() as connection:
            rows = journal_rows(connection, station, after=after, size=size)
    except (InputError, TypeError, ValueError):  # the latter two of a time that is none
        return None
    except StoreError as problem:
        if problem.code is not Code.DATABASE_DAMAGED:
            raise
        return None
    return {row.key.sequence: row for row in rows}
