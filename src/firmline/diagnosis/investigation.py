"""From one test to the next, until it is known: what is done next, and when there is no more to do.

Rules of this module:

* An investigation has an order: the plan, made anew after every result, or a checklist, which is
  fixed. Both end by the same rule, so that minutes can be compared.
* It ends where one cause is sure enough to be acted on (:func:`may_act`), where no test that is at
  hand would tell more, or where the minutes are used up. ``unknown`` is never sure enough for that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from firmline.data import load_table
from firmline.diagnosis.diagnostic_tests import Test, diagnostic_tests, harm_of
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.next_test import Proposal, fix_destroys, plan
from firmline.diagnosis.ranking import Ranking
from firmline.diagnosis.sureness import is_known

BUDGET_MINUTES: Final = 60.0
"""So long a line looks for the cause of one unit before that is put aside; ours."""


class Order(StrEnum):
    """In which order tests are done."""

    PLAN = "plan"
    """By what they are expected to tell per minute, what destroys evidence last."""
    CHECKLIST = "checklist"
    """As they stand on a list, whatever was seen."""


class End(StrEnum):
    """Why there is no next test."""

    SURE = "sure"
    NOTHING_TELLS_MORE = "nothing tells more"
    OUT_OF_TIME = "out of time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What is done next.

    Attributes:
        test: The test.
        because: Why this one, in words.
    """

    test: Test
    because: str


@cache
def checklist() -> Mapping[str, str]:
    """The tests of the fixed list in their order, each with why it stands there."""
    rows = load_table("checklist")["steps"]
    return {row["test"]: row["because"] for row in rows}


def next_step(
    incident: Incident,
    ranking: Ranking,
    *,
    order: Order = Order.PLAN,
    lacks: Collection[str] = (),
    done: Collection[str] = (),
    minutes_left: float = BUDGET_MINUTES,
) -> Next | End:
    """What to do next.

    Args:
        incident: What is known.
        ranking: Of that.
        order: In which order tests are done.
        lacks: Equipment that is not at hand.
        done: Tests that were done, whatever they showed.
        minutes_left: What is left of the budget; a longer test is not begun.
    """
    if may_act(ranking, plan(incident, ranking, lacks=lacks, done=done)):
        return End.SURE
    todo = _todo(incident, ranking, order=order, lacks=lacks, done=done)
    in_time = [each for each in todo if each.test.minutes <= minutes_left]
    if in_time:
        return in_time[0]
    return End.OUT_OF_TIME if todo else End.NOTHING_TELLS_MORE


def may_act(ranking: Ranking, proposals: Collection[Proposal]) -> bool:
    """Whether the first cause is known, and its fix destroys nothing that a test could still tell.

    Args:
        ranking: Of what is known.
        proposals: The plan.
    """
    return is_known(ranking) and not any(each.is_owed for each in proposals)


def fix_waits(incident: Incident, ranking: Ranking, proposals: Collection[Proposal]) -> bool:
    """Whether the fix of the first cause would destroy what a test of the plan leaves.

    Args:
        incident: What is known.
        ranking: Of that.
        proposals: The plan.
    """
    harm = harm_of(fix_destroys(incident, ranking))
    return not may_act(ranking, proposals) and any(each.test.harm < harm for each in proposals)


def _todo(
    incident: Incident,
    ranking: Ranking,
    *,
    order: Order,
    lacks: Collection[str],
    done: Collection[str],
) -> list[Next]:
    match order:
        case Order.PLAN:
            proposals = plan(incident, ranking, lacks=lacks, done=done)
            return [Next(test=each.test, because=each.because) for each in proposals]
        case Order.CHECKLIST:
            tests = diagnostic_tests()
            return [
                Next(test=tests[slug], because=because)
                for slug, because in checklist().items()
                if slug not in done
                and not set(tests[slug].needs) & set(lacks)
                and not tests[slug].is_known(incident)
            ]
