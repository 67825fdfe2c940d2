"""A shift of 40 units at two stations, for the tests of its report."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from firmline.line.outcomes import StepOutcome
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.open import open_records
from firmline.line.records.values import Entry, Limits, Measurement, Phase, Row, Unit
from unit.line.records_world import BEGIN, diagnosis, phase, row, run

PASS, FAIL, ERROR = StepOutcome.PASS, StepOutcome.FAIL, StepOutcome.ERROR


def measured(number: int, begun: int) -> Phase:
    """A phase that went well, and took about 20 s."""
    took = Measurement(
        name="duration",
        number=20 + (number * 7 % 11) / 10,
        unit="s",
        limits=Limits(most=30.0),
        outcome=PASS,
    )
    return replace(
        phase(begun, at=BEGIN + timedelta(minutes=5 * number)),
        outcome=PASS,
        code="",
        message="",
        measurements=(took,),
        attachments=(),
    )


def whole_shift() -> list[Row[Entry]]:
    """40 units, one every five minutes; SN-3 and SN-7 fail and pass later, SN-9 is not got at."""
    rows: list[Row[Entry]] = []
    ends = {3: FAIL, 7: FAIL, 9: ERROR, 40: PASS, 41: PASS}
    serials = {40: "SN-3", 41: "SN-7"}
    for number in range(42):
        station = ("north", "south")[number % 2]
        begun = 1 + 4 * number
        unit = Unit(product="tag", serial=serials.get(number, f"SN-{number}"))
        outcome = ends.get(number, PASS)
        at = BEGIN + timedelta(minutes=5 * number)
        ended = replace(run(begun, unit, at=at, outcome=outcome), batch=f"b{number // 20}")
        if outcome is PASS:
            told: list[Entry] = [measured(number, begun)]
        else:
            bad = replace(phase(begun, at=at), outcome=outcome, measurements=())
            told = [bad, diagnosis(begun)] if outcome is FAIL else [bad]
            ended = replace(ended, code="DFU-LINK-004")
        rows += [row(station, begun + n, each) for n, each in enumerate([*told, ended], 1)]
    golden = replace(run(999, at=BEGIN, outcome=FAIL), is_golden=True)
    return [*rows, row("north", 999, golden)]


def write_shift(folder: Path) -> Path:
    """The shift as a file of records."""
    path = folder / "shift.db"
    with closing(open_records(DatabaseAddress(path=path), create=True)) as records:
        records.write(whole_shift())
    return path
