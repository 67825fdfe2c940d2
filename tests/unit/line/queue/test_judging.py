"""What becomes of a planned unit when its runs have ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.errors import Code
from firmline.line.campaigns.decision import UnitState
from firmline.line.outcomes import StepOutcome
from firmline.line.queue.judging import NOT_HERE, became
from firmline.line.recipe.retest import RetestRule
from firmline.line.records.values import Diagnosis, Run
from unit.line.records_world import diagnosis, run

RULE = RetestRule(strikes=2, counted=frozenset({StepOutcome.FAIL}), repeat_passed=False)


def ended(outcome: StepOutcome, *, code: str = "", number: int = 1) -> tuple[Run, None]:
    return replace(run(number, outcome=outcome), code=code, message="So it was."), None


def state(*runs: tuple[Run, Diagnosis | None], is_ending: bool = False) -> UnitState:
    return became(runs, rule=RULE, is_ending=is_ending).state


FAIL = ended(StepOutcome.FAIL)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([StepOutcome.PASS], UnitState.PASSED),
        ([StepOutcome.FAIL], UnitState.QUEUED),
        ([StepOutcome.FAIL, StepOutcome.FAIL], UnitState.FAILED),
        ([StepOutcome.FAIL, StepOutcome.PASS], UnitState.PASSED),
        ([StepOutcome.TIMEOUT], UnitState.QUEUED),
        ([StepOutcome.TIMEOUT, StepOutcome.TIMEOUT], UnitState.FAILED),
        ([StepOutcome.ERROR], UnitState.HELD),
        ([StepOutcome.FAIL, StepOutcome.ERROR, StepOutcome.FAIL], UnitState.FAILED),
        ([StepOutcome.ABORTED], UnitState.HELD),
    ],
)
def test_the_recipe_says_how_often_a_unit_may_try(
    outcomes: list[StepOutcome], expected: UnitState
) -> None:
    assert state(*map(ended, outcomes)) is expected


def test_without_a_run_there_is_something_to_do() -> None:
    assert state() is UnitState.WORKING


def test_what_was_cut_off_is_gone_on_with() -> None:
    assert state(ended(StepOutcome.ABORTED, code=Code.RUN_CUT_OFF)) is UnitState.WORKING
    assert state(ended(StepOutcome.ABORTED), is_ending=True) is UnitState.WORKING


def test_a_unit_that_nobody_has_met_is_not_here_and_its_run_tells_nothing() -> None:
    absent = replace(
        run(1, outcome=StepOutcome.FAIL), code=str(Code.UNIT_NOT_FOUND), address="", message="No."
    )
    found = became([FAIL, (absent, None)], rule=RULE)
    assert (found.state, found.why, len(found.runs)) == (UnitState.HELD, NOT_HERE, 1)


def test_a_unit_that_was_lost_behind_its_update_has_failed() -> None:
    lost = replace(run(1, outcome=StepOutcome.FAIL), code=str(Code.UNIT_NOT_FOUND))
    assert state((lost, None)) is UnitState.QUEUED


def test_the_likeliest_cause_is_told() -> None:
    (told,) = became([(FAIL[0], diagnosis(1))], rule=RULE).runs
    assert (told.run, told.attempt.cause, told.attempt.family) == (1, "weak-cell", "supply")
    (told,) = became([FAIL], rule=RULE).runs
    assert told.attempt.cause == ""
