"""Between values of records and lines of tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Table

from firmline.errors import Code, StoreError
from firmline.line.outcomes import StepOutcome
from firmline.line.records import tables
from firmline.line.records.values import (
    NO_LIMITS,
    Attachment,
    Cause,
    Diagnosis,
    Entry,
    Limits,
    Lot,
    Measurement,
    Phase,
    RecipeUsed,
    Reworked,
    Row,
    RowKey,
    Run,
    RunBegan,
    Unit,
)

Line = Mapping[Any, Any]
"""A line of a table: values by the names of columns."""
TABLES = (
    tables.runs_begun,
    tables.runs,
    tables.reworks,
    tables.lots,
    tables.phases,
    tables.measurements,
    tables.attachments,
    tables.diagnoses,
    tables.causes,
)
"""The tables that rows are kept in, each behind those that it hangs on."""
OUTCOMES: Final = {each.value: each for each in StepOutcome}
"""Outcomes by how they are kept."""


def key_of(line: Line) -> RowKey:
    """The key of the row that a line belongs to."""
    return RowKey(station=line["station"], sequence=line["sequence"])


def encode(row: Row[Entry]) -> Iterator[tuple[Table, Line]]:
    """The lines of a row, and in which tables."""
    key = {"station": row.key.station, "sequence": row.key.sequence}
    match row.entry:
        case RunBegan() as begun:
            yield (
                tables.runs_begun,
                {**key, **_unit(begun.unit), "slot": begun.slot, "at": begun.at},
            )
        case Reworked() as rework:
            told = _fields(rework)
            yield tables.reworks, {**key, **_unit(told.pop("unit")), **told}
        case Run() as run:
            yield tables.runs, {**key, **_run(run)}
            for position, lot in enumerate(run.lots, 1):
                yield tables.lots, {**key, "position": position, "part": lot.part, "lot": lot.lot}
        case Phase() as phase:
            yield tables.phases, {**key, **_phase(phase)}
            for position, measurement in enumerate(phase.measurements, 1):
                yield (
                    tables.measurements,
                    {**key, "position": position, **_measurement(measurement)},
                )
            for position, attachment in enumerate(phase.attachments, 1):
                yield tables.attachments, {**key, "position": position, **_fields(attachment)}
        case Diagnosis() as diagnosis:
            told = _fields(diagnosis)
            del told["causes"]
            yield tables.diagnoses, {**key, **told}
            for position, cause in enumerate(diagnosis.causes, 1):
                yield tables.causes, {**key, "position": position, **_fields(cause)}


def _fields(
    value: Attachment | Cause | Diagnosis | Limits | Measurement | Phase | Reworked | Run,
) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _unit(unit: Unit) -> dict[str, Any]:
    return {"product": unit.product, "serial": unit.serial}


def _run(run: Run) -> dict[str, Any]:
    told = _fields(run)
    del told["unit"], told["lots"]
    return {
        **told,
        **_unit(run.unit),
        "run": told.pop("number"),
        "outcome": run.outcome.value,
        "recipe": run.recipe.name,
        "recipe_version": run.recipe.version,
        "recipe_sha256": run.recipe.sha256,
    }


def _phase(phase: Phase) -> dict[str, Any]:
    told = _fields(phase)
    del told["measurements"], told["attachments"]
    return {**told, "outcome": phase.outcome.value}


def _measurement(measurement: Measurement) -> dict[str, Any]:
    told = _fields(measurement)
    del told["limits"]
    return {**told, **_fields(measurement.limits), "outcome": measurement.outcome.value}


def decode_begun(line: Line) -> Row[RunBegan]:
    """The beginning of a run."""
    unit = Unit(product=line["product"], serial=line["serial"])
    return Row(key=key_of(line), entry=RunBegan(unit=unit, slot=line["slot"], at=line["at"]))


def decode_reworked(line: Line) -> Row[Reworked]:
    """That a unit came back from rework."""
    unit = Unit(product=line["product"], serial=line["serial"])
    told = {name: line[name] for name in ("at", "operator", "note")}
    return Row(key=key_of(line), entry=Reworked(unit=unit, **told))


def decode_run(line: Line, lots_of_it: Iterable[Line]) -> Row[Run]:
    """A run, of its line and those of its lots."""
    same = ("slot", "began_at", "ended_at", "code", "message", "firmline", "operator", "batch")
    run = Run(
        number=line["run"],
        unit=Unit(product=line["product"], serial=line["serial"]),
        outcome=_outcome(line),
        recipe=RecipeUsed(
            name=line["recipe"], version=line["recipe_version"], sha256=line["recipe_sha256"]
        ),
        lots=tuple(Lot(part=lot["part"], lot=lot["lot"]) for lot in lots_of_it),
        address=line["address"],
        is_golden=line["is_golden"],
        **{name: line[name] for name in same},
    )
    return Row(key=key_of(line), entry=run)


def decode_phase(line: Line, measured: Iterable[Line], attached: Iterable[Line]) -> Row[Phase]:
    """A phase, of its line and those of what was measured and kept."""
    same = ("run", "position", "name", "began_at", "ended_at", "code", "message")
    phase = Phase(
        outcome=_outcome(line),
        measurements=tuple(map(_decode_measurement, measured)),
        attachments=tuple(
            Attachment(**{name: each[name] for name in ("name", "sha256", "size", "media_type")})
            for each in attached
        ),
        **{name: line[name] for name in same},
    )
    return Row(key=key_of(line), entry=phase)


def _decode_measurement(line: Line) -> Measurement:
    limits = Limits(
        **{
            name: line[name]
            for name in ("least", "most", "marginal_least", "marginal_most", "equals")
        }
    )
    same = ("name", "number", "text", "unit", "is_marginal")
    return Measurement(
        outcome=_outcome(line),
        limits=NO_LIMITS if limits == NO_LIMITS else limits,
        **{name: line[name] for name in same},
    )


def decode_diagnosis(line: Line, considered: Iterable[Line]) -> Row[Diagnosis]:
    """A diagnosis, of its line and those of its causes."""
    same = ("run", "at", "firmline", "next_test")
    diagnosis = Diagnosis(
        causes=tuple(
            Cause(cause=each["cause"], family=each["family"], probability=each["probability"])
            for each in considered
        ),
        **{name: line[name] for name in same},
    )
    return Row(key=key_of(line), entry=diagnosis)


def _outcome(line: Line) -> StepOutcome:
    return read_outcome(
        line["outcome"], whose=f"Record {line['sequence']} of station {line['station']}"
    )


def read_outcome(word: str, *, whose: str) -> StepOutcome:
    """An outcome as it is kept.

    Raises:
        StoreError: ``DATABASE_DAMAGED``: it is none.
    """
    found = OUTCOMES.get(word)
    if found is None:
        raise StoreError(
            Code.DATABASE_DAMAGED, f"{whose} ended with {word[:40]!r}, which is no outcome."
        )
    return found
