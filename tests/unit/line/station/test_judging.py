"""What comes of a step's measurements."""

from __future__ import annotations

import pytest

from firmline.errors import Code
from firmline.line.outcomes import StepOutcome
from firmline.line.station.judging import judged, measurements
from firmline.line.station.steps.result import StepResult
from unit.line.recipes import last_step

MEASURE = """
kind = "measure"
[[steps.limits]]
measurement = "duration"
unit = "s"
at_most = 60
marginal = 45
[[steps.limits]]
measurement = "attempts"
in_range = [1, 2]
"""


@pytest.mark.parametrize(
    ("measured", "outcome", "code"),
    [
        ({"duration": 30.0, "attempts": 1}, StepOutcome.PASS, ""),
        ({"duration": 50.0, "attempts": 2}, StepOutcome.PASS, ""),
        ({"duration": 61.0, "attempts": 1}, StepOutcome.FAIL, Code.OUTSIDE_LIMITS),
        ({"duration": 61.0}, StepOutcome.ERROR, Code.NOT_MEASURED),
        ({"duration": "long", "attempts": 1}, StepOutcome.ERROR, Code.NOT_MEASURED),
    ],
)
def test_limits_decide(measured: dict[str, float | str], outcome: StepOutcome, code: str) -> None:
    result = judged(last_step(MEASURE), StepResult(measured=measured))
    assert (result.outcome, result.code) == (outcome, code)


def test_it_says_which_limit_and_what_was_measured() -> None:
    result = judged(last_step(MEASURE), StepResult(measured={"duration": 61.5, "attempts": 1}))
    assert result.message.startswith("duration is 61.5 s, and has to be: duration at most 60 s")


def test_a_step_that_went_wrong_is_not_judged_by_its_limits() -> None:
    failed = StepResult(outcome=StepOutcome.TIMEOUT, code=Code.STEP_TIMEOUT)
    assert judged(last_step(MEASURE), failed) is failed


def test_rows_have_the_limits_as_they_were() -> None:
    rows = measurements(last_step(MEASURE), {"duration": 50.0, "rate": 9.5})
    by_name = {row.name: row for row in rows}
    assert [*by_name] == ["duration", "rate", "attempts"]
    assert by_name["duration"].limits.most == 60
    assert by_name["duration"].is_marginal
    assert (by_name["rate"].unit, by_name["rate"].outcome) == ("kB/s", StepOutcome.SKIP)
    assert by_name["attempts"].number is None
    assert by_name["attempts"].outcome is StepOutcome.ERROR
    assert [row.name for row in rows if row.is_marginal] == ["duration"]
