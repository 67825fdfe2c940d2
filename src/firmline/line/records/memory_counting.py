"""What statistics ask of records in memory: the plain words of what the tables are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from firmline.line.outcomes import StepOutcome
from firmline.line.records.base import PassedAgain, RunFilter, UnitHistory, name_of, place_of
from firmline.line.records.values import Diagnosis, Phase, Row, RowKey, Run, Unit
from firmline.line.statistics.counts import Cell, Counts, RunCount, Trouble, Verdict, retests
from firmline.line.statistics.readings import JudgedRun, Reading, factors_of


def count_runs(rows: Iterable[Row[Run]], wanted: Collection[Row[Run]], *, by_hour: bool) -> Counts:
    """See :meth:`~.base.Records.counts`.

    Args:
        rows: All runs.
        wanted: Those that are wanted.
        by_hour: Whether cells are hours.
    """
    found: dict[tuple[Cell, str, bool], list[Row[Run]]] = {}
    for row in wanted:
        key = (_cell(row, by_hour=by_hour), row.entry.outcome.value, row.entry.is_golden)
        found.setdefault(key, []).append(row)
    runs = tuple(
        RunCount(
            cell=cell,
            outcome=those[0].entry.outcome,
            is_golden=is_golden,
            runs=len(those),
        )
        for (cell, _, is_golden), those in found.items()
    )
    of_unit: dict[tuple[str, str, str], list[Row[Run]]] = {}
    for row in sorted(filter(_is_verdict, rows), key=place_of):
        unit = row.entry.unit
        of_unit.setdefault((unit.serial, unit.product, row.entry.recipe.name), []).append(row)
    units = (
        [
            Verdict(_cell(row, by_hour=by_hour), row.entry.outcome.goes_on, row in wanted)
            for row in rows_of
        ]
        for rows_of in of_unit.values()
    )
    times = [row.entry.began_at for row in wanted if not row.entry.is_golden]
    return Counts(
        runs=runs,
        retested=retests(units),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
    )


def _is_verdict(row: Row[Run]) -> bool:
    return row.entry.outcome.judges_unit and not row.entry.is_golden


def _cell(row: Row[Run], *, by_hour: bool = False) -> Cell:
    run = row.entry
    if by_hour:
        return Cell(hour=run.began_at.replace(minute=0, second=0, microsecond=0))
    return Cell(batch=run.batch, station=row.key.station, slot=run.slot)


def read_troubles(
    wanted: Iterable[Row[Run]], phases: Sequence[Row[Phase]], diagnoses: Sequence[Row[Diagnosis]]
) -> tuple[Trouble, ...]:
    """See :meth:`~.base.Records.troubles`."""
    found = Counter(
        (
            *(row.entry.unit.product, row.entry.unit.serial, row.entry.outcome),
            _deciding_phase([each.entry for each in phases if name_of(each) == name_of(row)]),
            _likeliest_cause([each for each in diagnoses if name_of(each) == name_of(row)]),
            row.entry.code,
        )
        for row in wanted
        if not row.entry.outcome.goes_on and not row.entry.is_golden
    )
    return tuple(
        Trouble(
            unit=(product, serial), outcome=outcome, phase=phase, cause=cause, code=code, runs=runs
        )
        for (product, serial, outcome, phase, cause, code), runs in sorted(found.items())
    )


def _deciding_phase(phases: Sequence[Phase]) -> str:
    """See :func:`~firmline.line.outcomes.outcome_of_run`."""
    in_order = sorted(phases, key=lambda phase: phase.position)
    last_try = {phase.name: phase.position for phase in in_order}
    return next(
        (
            phase.name
            for phase in in_order
            if not phase.outcome.goes_on and phase.position == last_try[phase.name]
        ),
        "",
    )


def _likeliest_cause(diagnoses: Sequence[Row[Diagnosis]]) -> str:
    last = max(diagnoses, key=lambda row: row.key, default=None)
    return last.entry.causes[0].cause if last is not None and last.entry.causes else ""


def units_passed_again(
    units: Iterable[UnitHistory], wanted: RunFilter, *, most: int
) -> PassedAgain:
    """See :meth:`~.base.Records.passed_again`."""
    found: dict[Unit, datetime] = {}
    for unit in units:
        passed: dict[str, list[Row[Run]]] = {}
        for attempt in unit.since_rework:
            if attempt.run is not None and _is_pass(attempt.run.entry):
                passed.setdefault(attempt.run.entry.recipe.name, []).append(attempt.run)
        times = [
            max(row.entry.began_at for row in those)
            for those in passed.values()
            if len(those) > 1 and any(map(wanted.takes, those))
        ]
        if times:
            found[unit.unit] = max(times)
    in_order = sorted(sorted(found), key=lambda unit: found[unit], reverse=True)
    return PassedAgain(units=tuple(in_order[:most]), number=len(found))


def newest_passed(wanted: Iterable[Row[Run]], most: int) -> set[Unit]:
    """The units of the newest runs that passed."""
    passed = sorted((row for row in wanted if _is_pass(row.entry)), key=place_of)
    return {row.entry.unit for row in passed[-most:]}


def _is_pass(run: Run) -> bool:
    return run.outcome is StepOutcome.PASS and not run.is_golden


def newest_judged(wanted: Iterable[Row[Run]], most: int) -> list[Row[Run]]:
    """The newest runs that came to a verdict, in the order in which they began."""
    return sorted(filter(_is_verdict, wanted), key=place_of)[-most:]


def read_readings(runs: Iterable[Row[Run]], phases: Sequence[Row[Phase]]) -> tuple[Reading, ...]:
    """See :meth:`~.base.Records.readings`."""
    of_run: dict[RowKey, list[Phase]] = {}
    for row in sorted(phases, key=lambda row: row.entry.position):
        of_run.setdefault(name_of(row), []).append(row.entry)
    found: dict[tuple[RowKey, str, str], Reading] = {}
    for run in runs:
        for phase in of_run.get(name_of(run), ()):
            for measured in phase.measurements:
                if measured.number is not None:
                    found[name_of(run), phase.name, measured.name] = Reading(
                        cell=_cell(run),
                        at=run.entry.began_at,
                        step=phase.name,
                        name=measured.name,
                        unit=measured.unit,
                        value=measured.number,
                        least=measured.limits.least,
                        most=measured.limits.most,
                    )
    return tuple(found.values())


def read_judged(runs: Iterable[Row[Run]]) -> tuple[JudgedRun, ...]:
    """See :meth:`~.base.Records.judged`."""
    return tuple(
        JudgedRun(
            unit=(row.entry.unit.product, row.entry.unit.serial),
            passed=row.entry.outcome.goes_on,
            factors=factors_of(
                _cell(row),
                recipe=row.entry.recipe.name,
                version=row.entry.recipe.version,
                firmline=row.entry.firmline,
                operator=row.entry.operator,
                lots={each.part: each.lot for each in row.entry.lots},
            ),
        )
        for row in runs
    )
