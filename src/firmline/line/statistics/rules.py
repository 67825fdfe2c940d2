"""Run rules: patterns of a control chart that chance alone seldom makes.

Two sets, as they were published:

* *Western Electric*: Statistical Quality Control Handbook, Western Electric Co., 1956. Four rules,
  which together give a false alarm every 92 points of a process that is in control (Champ and
  Woodall, Technometrics 29(4), 1987).
* *Nelson*: L. S. Nelson, "The Shewhart Control Chart - Tests for Special Causes", Journal of
  Quality Technology 16(4), 1984. Eight tests, which find more and give more false alarms.

A rule is judged at the point that completes its pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, TypeAlias

Test: TypeAlias = Callable[[Sequence[float]], bool]
"""Whether the last of these points, in standard deviations from the centre, completes a pattern."""


class RuleSet(StrEnum):
    """A set of rules."""

    WESTERN_ELECTRIC = "western-electric"
    NELSON = "nelson"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        name: Its set, and its number there.
        meaning: What it finds.
        length: Points that it looks at, at most.
        test: The rule.
    """

    name: str
    meaning: str
    length: int
    test: Test


def _beyond(bound: float, *, least: int, of: int) -> Test:
    """So many of the last points beyond a bound on one side, the last among them."""

    def test(points: Sequence[float]) -> bool:
        last = points[-of:]
        side = 1 if last[-1] > 0 else -1
        return last[-1] * side > bound and sum(each * side > bound for each in last) >= least

    return test


def _in_a_row(number: int) -> Test:
    """So many points in a row on one side of the centre."""

    def test(points: Sequence[float]) -> bool:
        last = points[-number:]
        if len(last) < number:
            return False
        return all(each > 0 for each in last) or all(each < 0 for each in last)

    return test


def _steady(number: int) -> Test:
    """So many points in a row, each above the one before, or each below it."""

    def test(points: Sequence[float]) -> bool:
        steps = _steps(points[-number:])
        if len(steps) < number - 1:
            return False
        return all(each > 0 for each in steps) or all(each < 0 for each in steps)

    return test


def _alternating(number: int) -> Test:
    """So many points in a row, up and down in turn."""

    def test(points: Sequence[float]) -> bool:
        steps = _steps(points[-number:])
        turns = all(one * other < 0 for one, other in pairwise(steps))
        return len(steps) == number - 1 and turns

    return test


def _all_within(number: int) -> Test:
    """So many points in a row within one standard deviation."""

    def test(points: Sequence[float]) -> bool:
        last = points[-number:]
        return len(last) == number and all(abs(each) < 1 for each in last)

    return test


def _none_within(number: int) -> Test:
    """So many points in a row beyond one standard deviation, on either side."""

    def test(points: Sequence[float]) -> bool:
        last = points[-number:]
        return len(last) == number and all(abs(each) > 1 for each in last)

    return test


def _steps(points: Sequence[float]) -> list[float]:
    return [after - before for before, after in pairwise(points)]


BEYOND_LIMITS: Final = _beyond(3, least=1, of=1)
RULES: Final[dict[RuleSet, tuple[Rule, ...]]] = {
    RuleSet.WESTERN_ELECTRIC: (
        Rule("WE 1", "a point beyond 3 sigma", 1, BEYOND_LIMITS),
        Rule("WE 2", "2 of 3 points beyond 2 sigma on one side", 3, _beyond(2, least=2, of=3)),
        Rule("WE 3", "4 of 5 points beyond 1 sigma on one side", 5, _beyond(1, least=4, of=5)),
        Rule("WE 4", "8 points in a row on one side", 8, _in_a_row(8)),
    ),
    RuleSet.NELSON: (
        Rule("Nelson 1", "a point beyond 3 sigma", 1, BEYOND_LIMITS),
        Rule("Nelson 2", "9 points in a row on one side", 9, _in_a_row(9)),
        Rule("Nelson 3", "6 points in a row rising, or falling", 6, _steady(6)),
        Rule("Nelson 4", "14 points in a row up and down in turn", 14, _alternating(14)),
        Rule("Nelson 5", "2 of 3 points beyond 2 sigma on one side", 3, _beyond(2, least=2, of=3)),
        Rule("Nelson 6", "4 of 5 points beyond 1 sigma on one side", 5, _beyond(1, least=4, of=5)),
        Rule("Nelson 7", "15 points in a row within 1 sigma", 15, _all_within(15)),
        Rule("Nelson 8", "8 points in a row beyond 1 sigma, on either side", 8, _none_within(8)),
    ),
}


def signals(points: Sequence[float], rules: Sequence[Rule], *, first: int = 0) -> list[list[Rule]]:
    """The rules that each point completes.

    Args:
        points: In standard deviations from the centre.
        rules: Which are looked at.
        first: The first point that is judged; those before it are looked at as its past.
    """
    longest = max((rule.length for rule in rules), default=1)
    found = []
    for place in range(first, len(points)):
        past = points[max(0, place + 1 - longest) : place + 1]
        found.append([rule for rule in rules if rule.test(past)])
    return found
