"""What a campaign does next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.line.campaigns.campaign import AbortRule, Counting, KindOf
from firmline.line.campaigns.decision import (
    NOT_OPEN,
    Action,
    CampaignState,
    Decision,
    UnitState,
    UnitTold,
    decide,
    may_start,
)
from unit.line.campaigns_world import (
    ERROR,
    FAIL,
    PASS,
    any_failure,
    campaign,
    failed,
    passed,
    planned,
    queued,
)


def told(decision: Decision) -> tuple[Action, int]:
    return decision.action, decision.group


def test_the_canary_comes_first() -> None:
    found = decide(campaign(100, 90), opened=NOT_OPEN, units=[planned(0), planned(1)])
    assert told(found) == (Action.OPEN, 0)
    assert "canary" in found.reason


def test_a_group_that_has_succeeded_opens_the_next() -> None:
    found = decide(campaign(100, 90), opened=0, units=[passed(), passed(), planned(1)])
    assert told(found) == (Action.OPEN, 1)


def test_the_next_group_opens_as_soon_as_the_threshold_is_reached() -> None:
    units = [passed(), queued(), planned(1)]
    assert told(decide(campaign(50, 90), opened=0, units=units)) == (Action.OPEN, 1)
    assert told(decide(campaign(51, 90), opened=0, units=units)) == (Action.GO_ON, 0)


def test_a_threshold_that_cannot_be_reached_pauses() -> None:
    found = decide(campaign(100, 90), opened=0, units=[passed(), failed(), queued(), planned(1)])
    assert told(found) == (Action.PAUSE, 0)
    assert "1 of 3 units of the group g0" in found.reason


def test_the_last_group_is_done_when_every_unit_has_its_end() -> None:
    units = [passed(0), passed(1), failed(1)]
    assert told(decide(campaign(100, 50), opened=1, units=units)) == (Action.DONE, 1)
    assert told(decide(campaign(100, 33), opened=1, units=[*units, queued(1)])) == (
        Action.GO_ON,
        1,
    )


def test_a_unit_of_an_earlier_group_that_is_still_at_work_is_waited_for() -> None:
    units = [passed(0), queued(0), passed(1)]
    assert told(decide(campaign(50, 100), opened=1, units=units)) == (Action.GO_ON, 1)


def test_an_abort_rule_wins_over_a_threshold_that_is_reached() -> None:
    units = [passed(), failed(), planned(1)]
    found = decide(campaign(50, 50, aborts=(any_failure(1, 50),)), opened=0, units=units)
    assert told(found) == (Action.ABORT, 0)
    assert "1 of 2 units" in found.reason


def test_a_rule_asks_for_both_a_count_and_a_share() -> None:
    units = [failed(), failed(), *[passed()] * 18]
    assert decide(campaign(50, aborts=(any_failure(3, 1),)), opened=0, units=units).action is (
        Action.DONE
    )
    assert decide(campaign(50, aborts=(any_failure(2, 11),)), opened=0, units=units).action is (
        Action.DONE
    )
    assert decide(campaign(50, aborts=(any_failure(2, 10),)), opened=0, units=units).action is (
        Action.ABORT
    )


@pytest.mark.parametrize(
    ("of", "name", "is_met"),
    [
        (KindOf.ANY, "", True),
        (KindOf.FAMILY, "supply", True),
        (KindOf.FAMILY, "radio", False),
        (KindOf.CAUSE, "weak-cell", True),
        (KindOf.CAUSE, "supply", False),
        (KindOf.CODE, "DFU-LINK-004", True),
        (KindOf.CODE, "DFU-LINK-005", False),
    ],
)
def test_a_rule_looks_at_its_kind_of_failure(of: KindOf, name: str, *, is_met: bool) -> None:
    rule = AbortRule(of=of, name=name, least=1, percent=0)
    found = decide(campaign(1, aborts=(rule,)), opened=0, units=[failed(), passed()])
    assert (found.action is Action.ABORT) is is_met


def test_a_unit_counts_once_however_often_it_was_tried() -> None:
    tried = UnitTold(group=0, state=UnitState.FAILED, attempts=(FAIL, FAIL, FAIL))
    rules = (any_failure(2, 1),)
    found = decide(campaign(50, aborts=rules), opened=0, units=[tried, passed()])
    assert found.action is Action.DONE


def test_the_first_attempt_counts_unless_the_campaign_says_otherwise() -> None:
    second = UnitTold(group=0, state=UnitState.PASSED, attempts=(FAIL, PASS))
    first = campaign(100)
    last = replace(first, counting=Counting.LAST)
    assert decide(first, opened=0, units=[second]).action is Action.PAUSE
    assert decide(last, opened=0, units=[second]).action is Action.DONE


def test_a_retest_is_waited_for_where_last_attempts_count() -> None:
    again = UnitTold(group=0, state=UnitState.QUEUED, attempts=(FAIL,))
    assert decide(campaign(100), opened=0, units=[again]).action is Action.PAUSE
    last = replace(campaign(100), counting=Counting.LAST)
    assert decide(last, opened=0, units=[again]).action is Action.GO_ON


def test_what_is_the_stations_fault_says_nothing_of_a_unit() -> None:
    held = UnitTold(group=0, state=UnitState.HELD, attempts=(ERROR, ERROR))
    rules = (any_failure(1, 0),)
    found = decide(campaign(100, aborts=rules), opened=0, units=[held, passed()])
    assert found.action is Action.GO_ON
    later = UnitTold(group=0, state=UnitState.PASSED, attempts=(ERROR, PASS))
    assert decide(campaign(100), opened=0, units=[later]).action is Action.DONE


def test_cancelled_units_are_left_out() -> None:
    cancelled = UnitTold(group=0, state=UnitState.CANCELLED)
    assert decide(campaign(100), opened=0, units=[passed(), cancelled]).action is Action.DONE


def test_a_group_of_which_no_unit_is_left_is_no_success() -> None:
    cancelled = UnitTold(group=0, state=UnitState.CANCELLED)
    found = decide(campaign(100, 50), opened=0, units=[cancelled, planned(1)])
    assert found.action is Action.PAUSE


@pytest.mark.parametrize(
    ("made", "released", "may"),
    [
        ("ann", "bob", True),
        ("ann", "ann", False),
        ("ann", " Ann ", False),
        ("ann", "", False),
        ("", "bob", False),
    ],
)
def test_two_persons_stand_behind_a_campaign(made: str, released: str, *, may: bool) -> None:
    assert may_start(made, released) is may


def test_states_that_are_over_are_over() -> None:
    assert {state for state in CampaignState if state.is_over} == {
        CampaignState.ABORTED,
        CampaignState.DONE,
    }
    assert not any(state.is_active and state.is_settled for state in UnitState)
