"""Retests: the first attempt apart, three strikes, and nothing that is the station's fault."""

from __future__ import annotations

import pytest

from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.retest import Admission, RetestRule, decide_admission
from firmline.line.recipe.steps import RetryRule

PASS, FAIL, ERROR, TIMEOUT, _, ABORTED = StepOutcome
RULE = RetestRule(strikes=3, counted=frozenset({FAIL}), repeat_passed=False)


@pytest.mark.parametrize(
    ("earlier", "admission", "attempt", "strikes"),
    [
        ([], Admission.FIRST, 1, 0),
        ([ERROR, TIMEOUT, ABORTED], Admission.FIRST, 1, 0),
        ([FAIL], Admission.RETEST, 2, 1),
        ([FAIL, ERROR, FAIL], Admission.RETEST, 3, 2),
        ([FAIL, FAIL, FAIL], Admission.REWORK, 4, 3),
        ([FAIL, PASS], Admission.PASSED, 3, 1),
        ([FAIL, FAIL, FAIL, PASS], Admission.PASSED, 5, 3),
    ],
)
def test_whether_a_unit_may_run(
    earlier: list[StepOutcome], admission: Admission, attempt: int, strikes: int
) -> None:
    decision = decide_admission(RULE, earlier)
    assert (decision.admission, decision.attempt, decision.strikes) == (admission, attempt, strikes)
    assert decision.is_admitted == (admission in {Admission.FIRST, Admission.RETEST})


def test_a_recipe_may_count_other_outcomes_and_let_a_passed_unit_run_again() -> None:
    strict = RetestRule(strikes=2, counted=frozenset({FAIL, TIMEOUT}), repeat_passed=True)
    assert decide_admission(strict, [PASS]).admission is Admission.RETEST
    assert decide_admission(strict, [TIMEOUT, PASS, FAIL]).admission is Admission.REWORK
    assert decide_admission(strict, [TIMEOUT]).attempt == 2


def test_a_step_is_tried_again_as_often_as_its_rule_says() -> None:
    rule = RetryRule(most=2, on=frozenset({ERROR}))
    assert [rule.retries(ERROR, done=done) for done in (1, 2, 3)] == [True, True, False]
    assert not rule.retries(FAIL, done=1)


@pytest.mark.parametrize(
    ("before", "since", "admission", "attempt", "strikes"),
    [
        ([FAIL, FAIL, FAIL], [], Admission.RETEST, 4, 0),
        ([FAIL, FAIL, FAIL], [FAIL, FAIL], Admission.RETEST, 6, 2),
        ([FAIL, FAIL, FAIL], [FAIL, FAIL, FAIL], Admission.REWORK, 7, 3),
        ([PASS], [], Admission.RETEST, 2, 0),
        ([FAIL], [PASS], Admission.PASSED, 3, 0),
        ([ERROR], [], Admission.FIRST, 1, 0),
    ],
)
def test_rework_takes_strikes_away_and_no_attempts(
    before: list[StepOutcome],
    since: list[StepOutcome],
    admission: Admission,
    attempt: int,
    strikes: int,
) -> None:
    decision = decide_admission(RULE, since, before_rework=before)
    assert (decision.admission, decision.attempt, decision.strikes) == (admission, attempt, strikes)
