"""A campaign that is carried out with any luck keeps its promises at every step."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from firmline.line.campaigns.campaign import Campaign, Counting
from firmline.line.campaigns.decision import (
    NOT_OPEN,
    Action,
    AttemptTold,
    UnitState,
    UnitTold,
    decide,
)
from firmline.line.outcomes import StepOutcome
from unit.line.campaigns_world import any_failure, campaign

PERCENTS = st.lists(st.sampled_from([1, 50, 67, 90, 100]), min_size=1, max_size=4)
RULES = st.lists(
    st.builds(any_failure, st.integers(1, 4), st.sampled_from([0, 10, 50, 100])), max_size=2
)
CAMPAIGNS = st.builds(
    lambda percents, rules, counting: replace(
        campaign(*percents, aborts=tuple(rules)), counting=counting
    ),
    PERCENTS,
    RULES,
    st.sampled_from(Counting),
)
ENDS = {
    StepOutcome.PASS: UnitState.PASSED,
    StepOutcome.FAIL: UnitState.FAILED,
    StepOutcome.TIMEOUT: UnitState.FAILED,
    StepOutcome.ERROR: UnitState.HELD,
}


def tried(unit: UnitTold, luck: random.Random) -> UnitTold:
    """One more attempt on a unit."""
    outcome = luck.choices([*ENDS], weights=[6, 2, 1, 1])[0]
    state = ENDS[outcome]
    if state is UnitState.FAILED and luck.random() < 0.4:
        state = UnitState.QUEUED  # the recipe lets it try again
    attempts = (*unit.attempts, AttemptTold(outcome=outcome))
    return replace(unit, state=state, attempts=attempts)


def share_passed(of: Campaign, group: int, units: list[UnitTold]) -> float:
    """By how much a group has succeeded, percent: counted here once more, another way."""
    mine = [unit for unit in units if unit.group == group]
    told = {StepOutcome.PASS, StepOutcome.FAIL, StepOutcome.TIMEOUT}
    passed = 0
    for unit in mine:
        said = [each.outcome for each in unit.attempts if each.outcome in told]
        if of.counting is Counting.LAST and not unit.state.is_settled:
            continue
        at = 0 if of.counting is Counting.FIRST else -1
        passed += bool(said) and said[at] is StepOutcome.PASS
    return 100 * passed / len(mine)


@given(CAMPAIGNS, st.integers(1, 6), st.integers(0, 2**32))
def test_a_campaign_keeps_its_promises(of: Campaign, size: int, seed: int) -> None:
    luck = random.Random(seed)
    units = [
        UnitTold(group=group, state=UnitState.PLANNED)
        for group in range(len(of.groups))
        for _ in range(size)
    ]
    opened, has_opened = NOT_OPEN, []
    for _ in range(400):
        decision = decide(of, opened=opened, units=units)
        first_failures = [
            next(
                (each.outcome for each in unit.attempts if each.outcome is not StepOutcome.ERROR),
                None,
            )
            for unit in units
        ]
        known = [each for each in first_failures if each is not None]
        failed = sum(each is not StepOutcome.PASS for each in known)
        is_met = any(
            failed >= rule.least and failed * 100 >= rule.percent * len(known) for rule in of.aborts
        )
        assert (decision.action is Action.ABORT) is is_met, "an abort rule wins, and nothing else"
        if decision.action is Action.OPEN:
            assert decision.group == opened + 1, "no group is skipped, the canary is the first"
            if opened != NOT_OPEN:
                assert share_passed(of, opened, units) >= of.groups[opened].success_percent
            opened = decision.group
            has_opened.append(opened)
            units = [
                replace(unit, state=UnitState.QUEUED) if unit.group == opened else unit
                for unit in units
            ]
            continue
        if decision.action is not Action.GO_ON:
            break
        assert any(not unit.state.is_settled for unit in units), "nothing would ever change"
        open_ones = [
            place
            for place, unit in enumerate(units)
            if unit.state in {UnitState.QUEUED, UnitState.HELD}
        ]
        place = luck.choice(open_ones)
        units[place] = tried(units[place], luck)
    assert has_opened == [*range(len(has_opened))]
    if decision.action is Action.DONE:
        assert len(has_opened) == len(of.groups)
        assert all(unit.state.is_settled for unit in units)


@given(CAMPAIGNS, st.integers(0, 2**32))
def test_the_same_units_in_another_order_decide_the_same(of: Campaign, seed: int) -> None:
    luck = random.Random(seed)
    units = [
        tried(UnitTold(group=group, state=UnitState.QUEUED), luck)
        for group in range(len(of.groups))
        for _ in range(3)
    ]
    shuffled = luck.sample(units, len(units))
    for opened in range(len(of.groups)):
        assert decide(of, opened=opened, units=units) == decide(of, opened=opened, units=shuffled)
