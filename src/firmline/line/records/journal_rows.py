"""The journal as it is sent on: the rows of a station behind a number, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from firmline.line.records import tables
from firmline.line.records.encoding import (
    Line,
    decode_begun,
    decode_diagnosis,
    decode_phase,
    decode_reworked,
    decode_run,
    key_of,
)
from firmline.line.records.reading import parts_of
from firmline.line.records.values import Entry, Row


def journal_rows(
    connection: Connection, station: str, *, after: int, size: int
) -> tuple[Row[Entry], ...]:
    """The next rows of a station, at most so many; none is left out between them.

    Args:
        connection: To the records.
        station: Whose.
        after: Behind which number.
        size: How many at most.
    """
    columns = tables.records.c
    ledger = (
        select(columns.sequence)
        .where(columns.station == station, columns.sequence > after)
        .order_by(columns.sequence)
        .limit(size)
    )
    numbers = list(connection.execute(ledger).scalars())
    if not numbers:
        return ()
    found: list[Row[Any]] = []
    bounds = (station, numbers[0], numbers[-1])
    found += map(decode_begun, _lines(connection, tables.runs_begun, bounds))
    found += map(decode_reworked, _lines(connection, tables.reworks, bounds))
    runs = _lines(connection, tables.runs, bounds)
    lots = parts_of(connection, tables.lots, runs)
    found += [decode_run(line, lots[key_of(line)]) for line in runs]
    phases = _lines(connection, tables.phases, bounds)
    measured = parts_of(connection, tables.measurements, phases)
    attached = parts_of(connection, tables.attachments, phases)
    found += [decode_phase(line, measured[key_of(line)], attached[key_of(line)]) for line in phases]
    diagnoses = _lines(connection, tables.diagnoses, bounds)
    causes = parts_of(connection, tables.causes, diagnoses)
    found += [decode_diagnosis(line, causes[key_of(line)]) for line in diagnoses]
    return tuple(sorted(found, key=lambda row: row.key))


def _lines(connection: Connection, table: Table, bounds: tuple[str, int, int]) -> Sequence[Line]:
    station, first, last = bounds
    query = select(table).where(
        table.c.station == station, table.c.sequence >= first, table.c.sequence <= last
    )
    return connection.execute(query).mappings().all()
