"""Runs as a line makes them, for the tests of the records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from firmline.line.outcomes import StepOutcome
from firmline.line.records.values import (
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

BEGIN = datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC)
TAG_7 = Unit(product="tag", serial="SN-0007")
RECIPE = RecipeUsed(name="tag-rev-c", version="3", sha256="ab" * 32)
HASH = "0123456789abcdef" * 4


def row(station: str, sequence: int, entry: Entry) -> Row[Entry]:
    return Row(key=RowKey(station=station, sequence=sequence), entry=entry)


def begun(unit: Unit = TAG_7, *, at: datetime = BEGIN, slot: int = 1) -> RunBegan:
    return RunBegan(unit=unit, slot=slot, at=at)


def phase(run: int, *, position: int = 1, at: datetime = BEGIN) -> Phase:
    return Phase(
        run=run,
        position=position,
        name="update",
        began_at=at,
        ended_at=at + timedelta(seconds=20.5),
        outcome=StepOutcome.FAIL,
        code="DFU-LINK-004",
        message="The connection was lost at 37 %: 'supervision timeout' \N{EN DASH} 0x08.",
        measurements=(
            Measurement(
                name="rate",
                number=9.1,
                unit="kB/s",
                limits=Limits(least=8.0, most=1e300, marginal_least=9.5),
                outcome=StepOutcome.PASS,
                is_marginal=True,
            ),
            Measurement(
                name="softdevice",
                text="s112-7.2.0",
                limits=Limits(equals="s112-7.2.0"),
                outcome=StepOutcome.PASS,
            ),
            Measurement(name="rssi", outcome=StepOutcome.SKIP),
        ),
        attachments=(
            Attachment(name="trace.jsonl", sha256=HASH, size=4711, media_type="application/jsonl"),
        ),
    )


def run(
    number: int,
    unit: Unit = TAG_7,
    *,
    at: datetime = BEGIN,
    outcome: StepOutcome = StepOutcome.PASS,
    slot: int = 1,
    batch: str = "2026-47",
) -> Run:
    return Run(
        number=number,
        unit=unit,
        slot=slot,
        began_at=at,
        ended_at=at + timedelta(seconds=31),
        outcome=outcome,
        recipe=RECIPE,
        firmline="0.1.0",
        operator="Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}",
        batch=batch,
        lots=(Lot(part="battery", lot="CR-11"), Lot(part="board", lot="B7")),
        address="C0:FF:EE:00:00:07",
    )


def diagnosis(run: int, *, at: datetime = BEGIN, next_test: str = "same-unit-again") -> Diagnosis:
    return Diagnosis(
        run=run,
        at=at,
        firmline="0.1.0",
        causes=(
            Cause(cause="weak-cell", family="supply", probability=0.7),
            Cause(cause="unknown", family="unknown", probability=0.3),
        ),
        next_test=next_test,
    )


def reworked(unit: Unit = TAG_7, *, at: datetime = BEGIN, note: str = "new clip") -> Reworked:
    return Reworked(unit=unit, at=at, operator="Jana", note=note)


def whole_run(
    station: str = "north",
    first: int = 1,
    unit: Unit = TAG_7,
    *,
    at: datetime = BEGIN,
    outcome: StepOutcome = StepOutcome.FAIL,
) -> list[Row[Entry]]:
    """A run that was begun, went through one phase, ended and was diagnosed: four rows."""
    return [
        row(station, first, begun(unit, at=at)),
        row(station, first + 1, phase(first, at=at)),
        row(station, first + 2, run(first, unit, at=at, outcome=outcome)),
        row(station, first + 3, diagnosis(first, at=at)),
    ]
