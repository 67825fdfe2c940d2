"""The queries: what is read of the tables, in a few statements whatever the number of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from operator import ge, gt, le, lt
from typing import Any, Final, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, or_, select, tuple_

from firmline.line.records import tables
from firmline.line.records.base import Place, RunFilter
from firmline.line.records.encoding import (
    Line,
    decode_begun,
    decode_diagnosis,
    decode_phase,
    decode_reworked,
    decode_run,
    key_of,
)
from firmline.line.records.values import Diagnosis, Phase, Reworked, Row, RowKey, Run, RunBegan

_Item = TypeVar("_Item")
_Query: TypeAlias = "Select[tuple[object, ...]]"
KEYS_AT_ONCE: Final = 400
"""Keys in one statement: SQLite took 999 parameters once, and a key has two."""


def read_runs(
    connection: Connection,
    wanted: RunFilter,
    *,
    after: Place | None,
    size: int,
    newest_first: bool = False,
) -> tuple[Row[Run], ...]:
    """At most so many runs behind a place, in their order, or in the other one."""
    columns = tables.runs.c
    order = (columns.began_at, columns.station, columns.sequence)
    query = (
        select(tables.runs)
        .where(*conditions(wanted))
        .order_by(*(each.desc() if newest_first else each for each in order))
        .limit(size)
    )
    if after is not None:
        at_or_behind = le if newest_first else ge
        query = query.where(
            at_or_behind(columns.began_at, after.began_at),
            _is_behind(after, lt if newest_first else gt),
        )
    return _runs(connection, query)


def conditions(wanted: RunFilter) -> list[ColumnElement[bool]]:
    """What the columns of a run that is wanted hold."""
    columns = tables.runs.c
    exact = ("product", "serial", "recipe", "batch", "station", "slot")
    found: list[ColumnElement[bool]] = [
        columns[name] == getattr(wanted, name) for name in exact if getattr(wanted, name)
    ]
    if wanted.since is not None:
        found.append(columns.began_at >= wanted.since)
    if wanted.until is not None:
        found.append(columns.began_at < wanted.until)
    return found


def _is_behind(place: Place, behind: Callable[[Any, Any], Any]) -> ColumnElement[bool]:
    columns = tables.runs.c
    key = place.key
    return or_(
        behind(columns.began_at, place.began_at),
        and_(columns.began_at == place.began_at, behind(columns.station, key.station)),
        and_(
            columns.began_at == place.began_at,
            columns.station == key.station,
            behind(columns.sequence, key.sequence),
        ),
    )


def read_units(
    connection: Connection, serials: Sequence[str], product: str
) -> tuple[list[Row[RunBegan]], list[Row[Run]], list[Row[Reworked]]]:
    """What was begun on units with these serial numbers, what ended, and when they were mended."""
    begun: list[Row[RunBegan]] = []
    ended: list[Row[Run]] = []
    reworked: list[Row[Reworked]] = []
    for some in _some(serials):
        first = _of_units(tables.runs_begun, some, product)
        begun += map(decode_begun, connection.execute(first).mappings())
        ended += _runs(connection, _of_units(tables.runs, some, product))
        third = _of_units(tables.reworks, some, product)
        reworked += map(decode_reworked, connection.execute(third).mappings())
    return begun, ended, reworked


def _of_units(table: Table, serials: Sequence[str], product: str) -> _Query:
    query = select(table).where(table.c.serial.in_(serials))
    return query.where(table.c.product == product) if product else query


def _runs(connection: Connection, query: _Query) -> tuple[Row[Run], ...]:
    lines = connection.execute(query).mappings().all()
    lots = parts_of(connection, tables.lots, lines)
    return tuple(decode_run(line, lots[key_of(line)]) for line in lines)


def read_phases(connection: Connection, runs: Sequence[RowKey]) -> tuple[Row[Phase], ...]:
    """The phases of runs."""
    lines = _of_runs(connection, tables.phases, runs, then=("position", "sequence"))
    measured = parts_of(connection, tables.measurements, lines)
    attached = parts_of(connection, tables.attachments, lines)
    return tuple(
        decode_phase(line, measured[key_of(line)], attached[key_of(line)]) for line in lines
    )


def read_diagnoses(connection: Connection, runs: Sequence[RowKey]) -> tuple[Row[Diagnosis], ...]:
    """The diagnoses of runs."""
    lines = _of_runs(connection, tables.diagnoses, runs, then=("sequence",))
    considered = parts_of(connection, tables.causes, lines)
    return tuple(decode_diagnosis(line, considered[key_of(line)]) for line in lines)


def _of_runs(
    connection: Connection, table: Table, runs: Sequence[RowKey], *, then: tuple[str, ...]
) -> list[Line]:
    """The lines of a table that name these runs, by run and then by these columns."""
    columns = table.c
    found: list[Line] = []
    for some in _some(sorted(set(runs))):
        names = [(name.station, name.sequence) for name in some]
        query = (
            select(table)
            .where(tuple_(columns.station, columns.run).in_(names))
            .order_by(columns.station, columns.run, *(columns[name] for name in then))
        )
        found += connection.execute(query).mappings()
    return found


def read_half_done(connection: Connection, station: str) -> tuple[Row[RunBegan], ...]:
    """Runs without an end."""
    begun, ended = tables.runs_begun.c, tables.runs.c
    end = select(ended.run).where(ended.station == begun.station, ended.run == begun.sequence)
    query = select(tables.runs_begun).where(~end.exists()).order_by(begun.station, begun.sequence)
    if station:
        query = query.where(begun.station == station)
    return tuple(map(decode_begun, connection.execute(query).mappings()))


def parts_of(
    connection: Connection, table: Table, lines: Sequence[Line]
) -> defaultdict[RowKey, list[Line]]:
    """The lines of a table that belong to these rows, in their order."""
    found: defaultdict[RowKey, list[Line]] = defaultdict(list)
    columns = table.c
    for some in _some([(line["station"], line["sequence"]) for line in lines]):
        query = (
            select(table)
            .where(tuple_(columns.station, columns.sequence).in_(some))
            .order_by(columns.station, columns.sequence, columns.position)
        )
        for line in connection.execute(query).mappings():
            found[key_of(line)].append(line)
    return found


def _some(listed: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """A list in pieces that fit into one statement."""
    for begin in range(0, len(listed), KEYS_AT_ONCE):
        yield listed[begin : begin + KEYS_AT_ONCE]


def read_newest_time(connection: Connection, station: str) -> datetime | None:
    """The newest time of a station's: they go with its sequence."""
    found: list[datetime] = []
    begun, ended, reworked = tables.runs_begun, tables.runs, tables.reworks
    for table, time in (
        (begun, begun.c.at),
        (ended, ended.c.ended_at),
        (reworked, reworked.c.at),
    ):
        newest = (
            select(time)
            .where(table.c.station == station)
            .order_by(table.c.sequence.desc())
            .limit(1)
        )
        found.extend(connection.execute(newest).scalars())
    return max(found, default=None)
