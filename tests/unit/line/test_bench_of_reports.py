"""What the bench of reports reports on: that it is what it says, and that a report tells it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from bench.reports import fill_sqlite
from firmline.line.outcomes import StepOutcome
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.base import NEWEST
from firmline.line.records.open import open_records
from firmline.line.reporting import line_report
from firmline.line.statistics.grouping import By

RUNS = 4000


@pytest.mark.slow
def test_a_small_one_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "small.db"
    fill_sqlite(path, RUNS)
    with closing(open_records(DatabaseAddress(path=path), create=False)) as records:
        report = line_report(records, by=By.STATION)
    whole = report.yields.whole
    failed = sum(n % 37 == 5 for n in range(RUNS))
    assert (whole.runs, whole.outcomes[StepOutcome.FAIL]) == (RUNS, failed)
    assert RUNS * 0.94 < whole.units < RUNS * 0.98, "3 % are retests, 1 % have no verdict"
    assert whole.first.count < whole.second.count
    assert len(report.yields.groups) == 10
    cause, phase, code = report.failures
    assert [each.runs for each in report.failures] == [failed] * 3
    assert (len(cause.bars), len(code.bars)) == (7, 4)
    assert [bar.name for bar in phase.bars] == ["measure"]
    judged = min(NEWEST, whole.runs - whole.without_verdict)
    assert [each.capability.readings for each in report.measured] == [judged] * 4
