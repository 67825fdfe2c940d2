"""Outcomes: whose fault a step's end is, and what the ends of steps make of a run."""

from __future__ import annotations

from itertools import product

import pytest

from firmline.line.outcomes import StepOutcome, outcome_of_run

PASS, FAIL, ERROR, TIMEOUT, SKIP, ABORTED = StepOutcome


@pytest.mark.parametrize(
    ("steps", "run"),
    [
        ([PASS, PASS], PASS),
        ([PASS, SKIP, PASS], PASS),
        ([PASS, FAIL, SKIP, SKIP], FAIL),
        ([PASS, FAIL, ERROR], FAIL),
        ([PASS, ERROR, FAIL], ERROR),
        ([PASS, TIMEOUT, SKIP], TIMEOUT),
        ([PASS, FAIL, ABORTED], FAIL),
        ([PASS, ABORTED, SKIP], ABORTED),
        ([SKIP, SKIP], ERROR),
        ([], ERROR),
    ],
)
def test_the_first_step_that_went_wrong_decides(steps: list[StepOutcome], run: StepOutcome) -> None:
    assert outcome_of_run(steps) is run


@pytest.mark.slow
@pytest.mark.parametrize("steps", list(product(StepOutcome, repeat=3)))
def test_a_run_passes_only_where_a_step_passed_and_none_went_wrong(
    steps: tuple[StepOutcome, ...],
) -> None:
    run = outcome_of_run(iter(steps))
    assert (run is PASS) == (PASS in steps and set(steps) <= {PASS, SKIP})
    assert run is not SKIP


def test_pass_and_fail_alone_say_something_of_the_unit() -> None:
    assert [each for each in StepOutcome if each.judges_unit] == [PASS, FAIL]
    assert [each for each in StepOutcome if each.goes_on] == [PASS, SKIP]
