"""How likely a difference between cohorts is chance: exact tests, and nothing of what is compared.

* Failures that fall on units by chance are drawn without replacement: Fisher's exact test.
* A unit that was tried both with a mark and without is compared with itself (McNemar's exact test
  where it was tried once each way): its attempts are no more units. The units that were tried one
  way only make one group, each unit that was tried both ways one of its own, and what all groups
  come to together is drawn in each of them by itself.
* Of values that have an order the best place to part them is looked for. That the best of so many
  places looks as good by chance is counted exactly, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, lgamma
from typing import Final

SAME: Final = 1 + 1e-9
"""Factor within which two chances are the same one, computed in another order."""
MAX_STEPS: Final = 3_000_000
"""Steps of the exact count of places; beyond that a bound is told. Ours: about a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt, as a test looks at it.

    Attributes:
        unit: With which unit.
        failed: Whether it failed.
        marked: Whether it was made with the mark that is looked at.
        layer: What is held fixed meanwhile: attempts of one layer only are compared.
    """

    unit: str
    failed: bool
    marked: bool
    layer: bool = False


@dataclass(slots=True, kw_only=True)
class Group:
    """What is compared within itself: units that are tried one way, or attempts of one unit.

    Attributes:
        marked: Units, or attempts, with the mark.
        whole: All of them.
        failed_marked: With the mark, that failed.
        failed: All that failed.
    """

    marked: int = 0
    whole: int = 0
    failed_marked: int = 0
    failed: int = 0

    def count(self, *, marked: bool, failed: bool) -> None:
        """One more."""
        self.whole += 1
        self.marked += marked
        self.failed += failed
        self.failed_marked += marked and failed

    @property
    def fewest(self) -> int:
        """Failures with the mark, at least: those that the others have no room for."""
        return max(0, self.failed - (self.whole - self.marked))

    @property
    def most(self) -> int:
        """Failures with the mark, at most."""
        return min(self.marked, self.failed)


def grouped(tries: Iterable[Try]) -> list[Group]:
    """The groups that attempts make."""
    of_unit: dict[tuple[str, bool], list[Try]] = {}
    for each in tries:
        of_unit.setdefault((each.unit, each.layer), []).append(each)
    between: dict[bool, Group] = {}
    within: list[Group] = []
    for (_, layer), attempts in of_unit.items():
        if len({each.marked for each in attempts}) == 1:
            failed = any(each.failed for each in attempts)
            group = between.setdefault(layer, Group())
            group.count(marked=attempts[0].marked, failed=failed)
            continue
        group = Group()
        for each in attempts:
            group.count(marked=each.marked, failed=each.failed)
        within.append(group)
    return [*between.values(), *within]


class Sweep:
    """The groups of attempts that get the mark one after the other, counted as they change.

    Args:
        tries: Unit and whether it failed, in the order in which they get it.
    """

    def __init__(self, tries: Sequence[tuple[str, bool]]) -> None:
        self._of_unit: dict[str, Group] = {}
        for unit, failed in tries:
            self._of_unit.setdefault(unit, Group()).count(marked=False, failed=failed)
        self._between = Group()
        self._within: dict[str, Group] = {}
        for unit in self._of_unit:
            self._put(unit, 1)

    def mark(self, unit: str, *, failed: bool) -> None:
        """The next attempt gets the mark."""
        self._put(unit, -1)
        group = self._of_unit[unit]
        group.marked += 1
        group.failed_marked += failed
        self._put(unit, 1)

    def _put(self, unit: str, sign: int) -> None:
        """Take a unit into what is compared, or out of it."""
        group = self._of_unit[unit]
        if 0 < group.marked < group.whole:
            if sign > 0 and group.fewest < group.most:
                self._within[unit] = group
            else:
                self._within.pop(unit, None)
            return
        has_failed, is_marked = group.failed > 0, group.marked > 0
        self._between.whole += sign
        self._between.failed += sign * has_failed
        self._between.marked += sign * is_marked
        self._between.failed_marked += sign * (has_failed and is_marked)

    def chance(self) -> float:
        """Of as many failures with the mark as there are now."""
        return chance_of([self._between, *self._within.values()])


def chance_of(groups: Iterable[Group]) -> float:
    """That at least as many of those with the mark fail by chance, in all groups together; 0 to 1.

    One-sided and exact, whatever the groups are.
    """
    telling = [each for each in groups if each.fewest < each.most]
    if len(telling) == 1:
        only = telling[0]
        return chance_of_as_many(only.failed_marked, only.marked, only.failed, only.whole)
    chances = [1.0]
    above = 0
    for each in telling:
        own = [
            _drawn(number, each.marked, each.failed, each.whole)
            for number in range(each.fewest, each.most + 1)
        ]
        chances = _both(chances, own)
        above += each.failed_marked - each.fewest
    return min(1.0, sum(chances[above:]))


def least_chance(groups: Iterable[Group]) -> float:
    """The chance if every failure that can be were one with the mark: no result is less likely."""
    least = 1.0
    for each in groups:
        least *= _drawn(each.most, each.marked, each.failed, each.whole)
    return least


def chance_of_as_many(failed: int, units: int, all_failed: int, all_units: int) -> float:
    """That at least as many of a group fail, if the failures fall on units by chance.

    Fisher's exact test, one-sided: a tail of the hypergeometric distribution.

    Args:
        failed: Of the group.
        units: In the group.
        all_failed: In all.
        all_units: In all.
    """
    first = max(failed, all_failed - (all_units - units))
    numbers = range(first, min(units, all_failed) + 1)
    return min(1.0, sum(_drawn(number, units, all_failed, all_units) for number in numbers))


def chance_of_best(worst: float, places: Sequence[int], failed: int, units: int) -> float:
    """That the best of the places to part ordered units looks at least as good by chance.

    The failures are laid among the units one by one, and those layings are counted that come to the
    bound at any of the places.

    Args:
        worst: Chance at the best place, by itself.
        places: How many units are on the first side, rising.
        failed: Units in all that failed.
        units: In all.
    """
    if not places or worst >= 1:
        return 1.0
    if places[-1] * (failed + 1) > MAX_STEPS:
        return min(1.0, worst * len(places))
    bounds = _bounds(worst * SAME, places, failed, units)
    below, reached = [1.0] + [0.0] * failed, 0.0
    for place in range(1, places[-1] + 1):
        left = units - place + 1
        below = [
            chance * max(0.0, 1 - (failed - number) / left)
            + (below[number - 1] * (failed - number + 1) / left if number else 0.0)
            for number, chance in enumerate(below)
        ]
        bound = bounds.get(place, failed + 1)
        reached += sum(below[bound:])
        below[bound:] = [0.0] * len(below[bound:])
    return min(1.0, max(worst, reached))


def _bounds(worst: float, places: Sequence[int], failed: int, units: int) -> dict[int, int]:
    """From how many failures on the first side on each place is as good.

    More are needed of more units, so that each search begins where the last one has ended.
    """
    bounds: dict[int, int] = {}
    number = 0
    for place in places:
        while number <= failed and chance_of_as_many(number, place, failed, units) > worst:
            number += 1
        bounds[place] = number
    return bounds


def _drawn(number: int, marked: int, failed: int, whole: int) -> float:
    """That just as many failures fall on those with the mark (hypergeometric distribution)."""
    ways = _log_choose(failed, number) + _log_choose(whole - failed, marked - number)
    return exp(ways - _log_choose(whole, marked))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _both(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """The chances of every sum of two numbers, of the chances of each."""
    sums = [0.0] * (len(one) + len(other) - 1)
    for place, chance in enumerate(one):
        for further, more in enumerate(other):
            sums[place + further] += chance * more
    return sums
