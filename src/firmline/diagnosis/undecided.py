"""Causes that nothing at hand tells apart any more: what stays together, and what would part it.

Rules of this module:

* A verdict is split where no test that is at hand would tell more and no cause is sure. Then none
  of what is left is called the cause: what was judged before anything was seen is no observation.
* What would part them is said where there is such a test, whatever it needs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from firmline.diagnosis.catalogue import UNKNOWN
from firmline.diagnosis.diagnostic_tests import Test
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.next_test import plan
from firmline.diagnosis.ranking import RankedCause, Ranking
from firmline.diagnosis.sureness import is_known

LEFT: Final = 0.1
"""A cause is left as long as it is as likely as this of the first one; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """What could not be told apart.

    Attributes:
        causes: Two or more, the likeliest first.
        tests: What would tell them apart if what it needs were at hand, the best first; empty: no
            test that is known does.
    """

    causes: tuple[RankedCause, ...]
    tests: tuple[Test, ...]


def undecided(
    incident: Incident,
    ranking: Ranking,
    *,
    lacks: Collection[str] = (),
    done: Collection[str] = (),
) -> Undecided | None:
    """What stays together when everything at hand was done.

    Args:
        incident: What is known.
        ranking: Of that.
        lacks: Equipment that is not at hand.
        done: Tests that were done, whatever they showed.

    Returns:
        ``None``: a cause is sure, none is known, or a test at hand would tell more.
    """
    if incident.has_nothing_to_explain or is_known(ranking):
        return None
    if plan(incident, ranking, lacks=lacks, done=done):
        return None
    first = ranking.causes[0]
    left = [each for each in ranking.causes if each.probability >= LEFT * first.probability]
    named = tuple(each for each in left if each.slug != UNKNOWN)
    if first.slug == UNKNOWN or len(named) < 2:
        return None
    tests = tuple(each.test for each in plan(incident, ranking, done=done))
    return Undecided(causes=named, tests=tests)
