"""What statistics ask of the tables: counted there, or read in a few narrow columns.

A million runs are never made into values. Two indexes hold what is needed in the order in which it
is counted: ``ix_runs_cells`` by batch, station and slot, ``ix_runs_units`` by unit. What is read
run by run is little: what went wrong, and the newest runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Function,
    ScalarSelect,
    Subquery,
    Text,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    true,
    type_coerce,
)

from firmline.line.outcomes import StepOutcome
from firmline.line.records import tables
from firmline.line.records.base import RunFilter
from firmline.line.records.encoding import read_outcome
from firmline.line.records.reading import conditions
from firmline.line.statistics.counts import Cell, Counts, Retest, RunCount, Trouble
from firmline.line.statistics.readings import JudgedRun, Reading, factors_of

RUNS: Final = tables.runs.c
UNIT: Final = (RUNS.serial, RUNS.product, RUNS.recipe)
"""An attempt is counted on a unit under a recipe."""
PLACE: Final = (RUNS.batch, RUNS.station, RUNS.slot)
IN_ORDER: Final = (RUNS.began_at, RUNS.station, RUNS.sequence)
CELLS: Final = 10_000
"""Cells that are kept in memory, because the same ones come again and again; ours."""
HOUR: Final = "%Y-%m-%d %H"
"""How SQLite's text of a time begins (:class:`~firmline.line.records.tables.UtcTime`)."""


def guide_planner(connection: Connection, *without: str) -> None:
    """Tell PostgreSQL how to go about the next statements of this transaction.

    It cannot know that few units are tried more than once. Taking them for a third of all, it would
    sort or hash every run, and in each of its workers by itself (1.9 s instead of 0.9 s for a
    million runs); walking along the index it reads each once. Compiling a statement takes longer
    than it saves here (PostgreSQL's documentation, "Query Planning" and "Just-in-Time
    Compilation").
    """
    if connection.dialect.name == "postgresql":
        off = ["jit", *without]
        query = ", ".join(f"set_config('{name}', 'off', true)" for name in off)
        connection.exec_driver_sql(f"SELECT {query}")
        if without:
            connection.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")


def _verdict() -> ColumnElement[bool]:
    """That a run says something about a unit which is no golden sample."""
    judging = [each.value for each in StepOutcome if each.judges_unit]
    return and_(~RUNS.is_golden, RUNS.outcome.in_(judging))


def _at_one_moment(connection: Connection) -> None:
    """All statements of this transaction see what the first of them sees; SQLite's always do."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def count_runs(connection: Connection, wanted: RunFilter, *, by_hour: bool) -> Counts:
    """See :meth:`~.base.Records.counts`."""
    _at_one_moment(connection)
    runs = count_ends(connection, wanted, by_hour=by_hour)
    is_any = any(not each.is_golden for each in runs)
    return Counts(
        runs=runs,
        first_at=_began(connection, wanted, RUNS.began_at.asc()) if is_any else None,
        last_at=_began(connection, wanted, RUNS.began_at.desc()) if is_any else None,
        retested=_retested(connection, wanted, by_hour=by_hour),
    )


def count_ends(
    connection: Connection, wanted: RunFilter, *, by_hour: bool = False
) -> tuple[RunCount, ...]:
    """See :meth:`~.base.Records.ends`."""
    guide_planner(connection)
    where = _cell_columns(connection, by_hour=by_hour)
    query = (
        select(*where, RUNS.outcome, RUNS.is_golden, func.count())
        .where(*conditions(wanted))
        .group_by(*where, RUNS.outcome, RUNS.is_golden)
    )
    return tuple(
        RunCount(
            cell=_cell(place, by_hour=by_hour),
            outcome=read_outcome(outcome, whose="A run"),
            is_golden=is_golden,
            runs=number,
        )
        for *place, outcome, is_golden, number in connection.execute(query).all()
    )


def _began(
    connection: Connection, wanted: RunFilter, order: ColumnElement[datetime]
) -> datetime | None:
    """When the first run of this order began; golden samples are left out."""
    query = select(RUNS.began_at).where(~RUNS.is_golden, *conditions(wanted)).order_by(order)
    return connection.execute(query.limit(1)).scalar()


def _retested(connection: Connection, wanted: RunFilter, *, by_hour: bool) -> tuple[Retest, ...]:
    """Those with a verdict on a unit that has more than one, counted as :func:`~.counts.retests`.

    Counting them here takes a tenth more of the database's time, and less than half in all: some
    hundred lines are made into values then, and not every one of those runs.
    """
    guide_planner(connection, "enable_hashagg", "enable_hashjoin", "enable_mergejoin")
    # By serial number alone, which costs half of what the whole unit does; others fall out below.
    several = select(RUNS.serial).group_by(RUNS.serial).having(func.count() > 1)
    where = _cell_columns(connection, by_hour=by_hour)
    passed = RUNS.outcome == StepOutcome.PASS.value

    def over(function: Function[Any], *, all_behind: bool = False) -> ColumnElement[Any]:
        rows = (0, None) if all_behind else None
        return function.over(partition_by=UNIT, order_by=IN_ORDER, rows=rows)

    verdicts = (
        select(
            *(each.label(f"cell_{place}") for place, each in enumerate(where)),
            passed.label("passed"),
            and_(true(), *conditions(wanted)).label("is_wanted"),
            over(func.row_number()).label("place"),
            over(func.lead(passed)).label("next"),
            over(func.last_value(passed), all_behind=True).label("last"),
        )
        .where(_verdict(), RUNS.serial.in_(several))
        .subquery()
    )
    told = verdicts.c
    is_first = told.place == 1
    alike = (
        *(told[f"cell_{place}"] for place in range(len(where))),
        told.passed,
        case((is_first, or_(told.passed, told.next))).label("by_second"),
        case((is_first, told.last)).label("at_last"),
    )
    query = (
        select(*alike, func.count())
        .where(told.is_wanted, or_(~is_first, told.next.is_not(None)))
        .group_by(*alike)
    )
    return tuple(
        Retest(
            cell=_cell(place, by_hour=by_hour),
            passed=bool(passed),
            by_second=None if by_second is None else bool(by_second),
            at_last=None if at_last is None else bool(at_last),
            runs=runs,
        )
        for *place, passed, by_second, at_last, runs in connection.execute(query).all()
    )


def _cell_columns(connection: Connection, *, by_hour: bool) -> tuple[ColumnElement[Any], ...]:
    if not by_hour:
        return PLACE
    if connection.dialect.name == "sqlite":
        return (func.substr(type_coerce(RUNS.began_at, Text), 1, len("2026-11-23 08")),)
    return (func.date_trunc("hour", RUNS.began_at),)


def _cell(place: Sequence[Any], *, by_hour: bool) -> Cell:
    if not by_hour:
        return _place(*place)
    (hour,) = place
    return _hour(hour)


@lru_cache(maxsize=CELLS)
def _place(batch: str, station: str, slot: int) -> Cell:
    return Cell(batch=batch, station=station, slot=slot)


@lru_cache(maxsize=CELLS)
def _hour(hour: str | datetime) -> Cell:
    """An hour as SQLite or PostgreSQL tells it."""
    if isinstance(hour, str):
        return Cell(hour=datetime.strptime(hour, HOUR).replace(tzinfo=UTC))
    return Cell(hour=hour.astimezone(UTC))


def read_troubles(connection: Connection, wanted: RunFilter) -> tuple[Trouble, ...]:
    """See :meth:`~.base.Records.troubles`."""
    guide_planner(connection)
    query = select(
        *(RUNS.product, RUNS.serial, RUNS.outcome),
        _deciding_phase().label("phase"),
        _likeliest_cause().label("cause"),
        RUNS.code,
    ).where(~RUNS.is_golden, RUNS.outcome != StepOutcome.PASS.value, *conditions(wanted))
    found = Counter(map(tuple, connection.execute(query).all()))
    return tuple(
        Trouble(
            unit=(product, serial),
            outcome=read_outcome(outcome, whose="A run"),
            phase=phase or "",
            cause=cause or "",
            code=code,
            runs=runs,
        )
        for (product, serial, outcome, phase, cause, code), runs in found.items()
    )


def _deciding_phase() -> ScalarSelect[str]:
    """The first step of a run that went wrong at its last try, as its outcome is decided.

    See :func:`~firmline.line.outcomes.outcome_of_run`.
    """
    tried, again = tables.phases.alias("tried"), tables.phases.alias("again")
    is_last = ~exists().where(
        again.c.station == tried.c.station,
        again.c.run == tried.c.run,
        again.c.name == tried.c.name,
        again.c.position > tried.c.position,
    )
    going_on = [each.value for each in StepOutcome if each.goes_on]
    return (
        select(tried.c.name)
        .where(
            tried.c.station == RUNS.station,
            tried.c.run == RUNS.run,
            tried.c.outcome.not_in(going_on),
            is_last,
        )
        .order_by(tried.c.position)
        .limit(1)
        .scalar_subquery()
    )


def _likeliest_cause() -> ScalarSelect[str]:
    """The first cause of a run's last diagnosis."""
    made, named = tables.diagnoses.c, tables.causes.c
    return (
        select(named.cause)
        .join_from(
            tables.diagnoses,
            tables.causes,
            and_(
                named.station == made.station,
                named.sequence == made.sequence,
                named.position == 1,
            ),
            isouter=True,  # it may have found none
        )
        .where(made.station == RUNS.station, made.run == RUNS.run)
        .order_by(made.sequence.desc())
        .limit(1)
        .scalar_subquery()
    )


def _newest(wanted: RunFilter, most: int) -> Subquery:
    """The newest runs that came to a verdict."""
    return (
        select(tables.runs)
        .where(_verdict(), *conditions(wanted))
        .order_by(*(column.desc() for column in IN_ORDER))
        .limit(most)
        .subquery()
    )


def read_readings(connection: Connection, wanted: RunFilter, *, most: int) -> tuple[Reading, ...]:
    """See :meth:`~.base.Records.readings`."""
    guide_planner(connection)
    run, phase, measured = _newest(wanted, most).c, tables.phases.c, tables.measurements.c
    query = (
        select(
            *(run.station, run.run, phase.name, measured.name),
            *(measured.unit, measured.number, measured.least, measured.most),
            *(run.batch, run.slot, run.began_at),
        )
        .where(
            phase.station == run.station,
            phase.run == run.run,
            measured.station == phase.station,
            measured.sequence == phase.sequence,
            measured.number.is_not(None),
        )
        .order_by(run.began_at, run.station, run.sequence, phase.position, measured.position)
    )
    found: dict[tuple[Any, ...], Reading] = {}
    lines = connection.execute(query).all()
    for station, number, step, name, unit, value, least, limit, batch, slot, at in lines:
        found[station, number, step, name] = Reading(
            cell=_place(batch, station, slot),
            at=at,
            step=step,
            name=name,
            unit=unit,
            value=value,
            least=least,
            most=limit,
        )
    return tuple(found.values())


def read_judged(connection: Connection, wanted: RunFilter, *, most: int) -> tuple[JudgedRun, ...]:
    """See :meth:`~.base.Records.judged`."""
    newest = _newest(wanted, most)
    run, lot = newest.c, tables.lots.c
    lots: dict[tuple[str, int], dict[str, str]] = {}
    parts = select(lot.station, lot.sequence, lot.part, lot.lot).where(
        lot.station == run.station, lot.sequence == run.sequence
    )
    for station, sequence, part, name in connection.execute(parts):
        lots.setdefault((station, sequence), {})[part] = name
    query = select(newest).order_by(run.began_at, run.station, run.sequence)
    return tuple(
        JudgedRun(
            unit=(line["product"], line["serial"]),
            passed=line["outcome"] == StepOutcome.PASS.value,
            factors=factors_of(
                _place(line["batch"], line["station"], line["slot"]),
                recipe=line["recipe"],
                version=line["recipe_version"],
                firmline=line["firmline"],
                operator=line["operator"],
                lots=lots.get((line["station"], line["sequence"]), {}),
            ),
        )
        for line in connection.execute(query).mappings()
    )
