"""The queries: what is read of the tables, in a few statements whatever the number of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, or_, select, tuple_

from firmline.line.records import tables
from firmline.line.records.base import Place, RunFilter
from firmline.line.records.encoding import (
    Line,
    decode_begun,
    decode_diagnosis,
    decode_phase,
    decode_run,
    key_of,
)
from firmline.line.records.values import Diagnosis, Phase, Row, RowKey, Run, RunBegan

KEYS_AT_ONCE: Final = 400
"""Keys in one statement: SQLite took 999 parameters once, and a key has two."""


def read_runs(
    connection: Connection, wanted: RunFilter, *, after: Place | None, size: int
) -> tuple[Row[Run], ...]:
    """At most so many runs behind a place, in their order."""
    columns = tables.runs.c
    query = (
        select(tables.runs)
        .where(*_conditions(wanted))
        .order_by(columns.began_at, columns.station, columns.sequence)
        .limit(size)
    )
    if after is not None:
        query = query.where(columns.began_at >= after.began_at, _is_behind(after))
    return _runs(connection, query)


def _conditions(wanted: RunFilter) -> list[ColumnElement[bool]]:
    columns = tables.runs.c
    exact = ("product", "serial", "batch", "station", "slot")
    found: list[ColumnElement[bool]] = [
        columns[name] == getattr(wanted, name) for name in exact if getattr(wanted, name)
    ]
    if wanted.since is not None:
        found.append(columns.began_at >= wanted.since)
    if wanted.until is not None:
        found.append(columns.began_at < wanted.until)
    return found


def _is_behind(place: Place) -> ColumnElement[bool]:
    columns = tables.runs.c
    key = place.key
    return or_(
        columns.began_at > place.began_at,
        and_(columns.began_at == place.began_at, columns.station > key.station),
        and_(
            columns.began_at == place.began_at,
            columns.station == key.station,
            columns.sequence > key.sequence,
        ),
    )


def read_unit(
    connection: Connection, serial: str, product: str
) -> tuple[tuple[Row[RunBegan], ...], tuple[Row[Run], ...]]:
    """What was begun on units with this serial number, and what ended."""
    begun = select(tables.runs_begun).where(tables.runs_begun.c.serial == serial)
    ended = select(tables.runs).where(tables.runs.c.serial == serial)
    if product:
        begun = begun.where(tables.runs_begun.c.product == product)
        ended = ended.where(tables.runs.c.product == product)
    lines = connection.execute(begun).mappings()
    return tuple(map(decode_begun, lines)), _runs(connection, ended)


def _runs(connection: Connection, query: Select[tuple[object, ...]]) -> tuple[Row[Run], ...]:
    lines = connection.execute(query).mappings().all()
    lots = _parts(connection, tables.lots, lines)
    return tuple(decode_run(line, lots[key_of(line)]) for line in lines)


def read_phases(connection: Connection, run: RowKey) -> tuple[Row[Phase], ...]:
    """The phases of a run."""
    columns = tables.phases.c
    query = (
        select(tables.phases)
        .where(columns.station == run.station, columns.run == run.sequence)
        .order_by(columns.position, columns.sequence)
    )
    lines = connection.execute(query).mappings().all()
    measured = _parts(connection, tables.measurements, lines)
    attached = _parts(connection, tables.attachments, lines)
    return tuple(
        decode_phase(line, measured[key_of(line)], attached[key_of(line)]) for line in lines
    )


def read_diagnoses(connection: Connection, run: RowKey) -> tuple[Row[Diagnosis], ...]:
    """The diagnoses of a run."""
    columns = tables.diagnoses.c
    query = (
        select(tables.diagnoses)
        .where(columns.station == run.station, columns.run == run.sequence)
        .order_by(columns.sequence)
    )
    lines = connection.execute(query).mappings().all()
    considered = _parts(connection, tables.causes, lines)
    return tuple(decode_diagnosis(line, considered[key_of(line)]) for line in lines)


def read_half_done(connection: Connection, station: str) -> tuple[Row[RunBegan], ...]:
    """Runs without an end."""
    begun, ended = tables.runs_begun.c, tables.runs.c
    end = select(ended.run).where(ended.station == begun.station, ended.run == begun.sequence)
    query = select(tables.runs_begun).where(~end.exists()).order_by(begun.station, begun.sequence)
    if station:
        query = query.where(begun.station == station)
    return tuple(map(decode_begun, connection.execute(query).mappings()))


def _parts(
    connection: Connection, table: Table, lines: Iterable[Line]
) -> defaultdict[RowKey, list[Line]]:
    """The lines of a table that belong to these rows, in their order."""
    found: defaultdict[RowKey, list[Line]] = defaultdict(list)
    keys = iter([(line["station"], line["sequence"]) for line in lines])
    while some := list(islice(keys, KEYS_AT_ONCE)):
        for line in connection.execute(_parts_of(table, some)).mappings():
            found[key_of(line)].append(line)
    return found


def _parts_of(table: Table, keys: Sequence[tuple[str, int]]) -> Select[tuple[object, ...]]:
    columns = table.c
    return (
        select(table)
        .where(tuple_(columns.station, columns.sequence).in_(keys))
        .order_by(columns.station, columns.sequence, columns.position)
    )
