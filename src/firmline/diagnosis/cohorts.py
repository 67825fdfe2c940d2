"""One unit, or a batch? Which common mark of the failing units, if any, stands out.

Every value of every factor (a station, a cell lot, a firmware version) divides the units into those
that have it and those that do not. Fisher's exact test says how likely at least as many failures
among the first would be by chance alone; with many factors some look odd by chance, so the chances
are corrected for their number (Holm's method: no more than :data:`ALPHA` of a false alarm in all).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, lgamma
from typing import Final

ALPHA: Final = 0.05
"""A corrected chance below that is no chance; the customary bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One attempt with one unit.

    Attributes:
        unit: Which.
        failed: Whether it failed.
        factors: What may have to do with it, by name; empty values are not known.
    """

    unit: str
    failed: bool
    factors: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The units that have a value of a factor, beside the others for which it is known.

    Attributes:
        factor: Name of the factor.
        value: Of it.
        failed: Units with it that failed.
        units: Units with it.
        other_failed: Units without it that failed.
        other_units: Units without it.
        chance: That at least as many of them fail by chance alone; 0 to 1.
        corrected: The same, for the number of comparisons.
    """

    factor: str
    value: str
    failed: int
    units: int
    other_failed: int
    other_units: int
    chance: float
    corrected: float

    @property
    def stands_out(self) -> bool:
        """Whether it is more than chance."""
        return self.corrected < ALPHA


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What comparing cohorts comes to.

    Attributes:
        units: Units in all.
        failed: Units that failed.
        cohorts: Every cohort, the least likely by chance first.
        unused: Factors that divide nothing, one sentence each.
    """

    units: int
    failed: int
    cohorts: tuple[Cohort, ...]
    unused: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """The answer, in a sentence."""
        if not self.failed:
            return "No unit failed."
        if self.failed == self.units:
            return "Every unit failed: without one that passed there is nothing to compare with."
        out = [each for each in self.cohorts if each.stands_out]
        if out:
            first = out[0]
            return (
                f"It is {first.factor} = {first.value}: {first.failed} of {first.units} units with"
                f" it failed, and {first.other_failed} of {first.other_units} without."
            )
        if self.failed == 1:
            return "One unit failed, and nothing that it has in common with others stands out."
        return (
            f"{self.failed} of {self.units} units failed, and nothing that they have in common"
            " stands out."
        )


def compare_cohorts(rows: Iterable[Row]) -> Comparison:
    """Compare the units that have a value of a factor with those that do not.

    A unit with several attempts counts once: as failed if one of them did, with the factors of the
    first that did.

    Args:
        rows: Attempts, the oldest first.
    """
    units = _one_each(rows)
    factors = list(dict.fromkeys(name for row in units for name in row.factors))
    unused: list[str] = []
    cohorts: list[Cohort] = []
    for factor in factors:
        known = [row for row in units if row.factors.get(factor)]
        values = list(dict.fromkeys(row.factors[factor] for row in known))
        problem = _divides_nothing(factor, values, known)
        if problem:
            unused.append(problem)
            continue
        cohorts += [_cohort(factor, value, known) for value in values]
    return Comparison(
        units=len(units),
        failed=sum(row.failed for row in units),
        cohorts=_corrected(cohorts),
        unused=tuple(unused),
    )


def _one_each(rows: Iterable[Row]) -> list[Row]:
    units: dict[str, Row] = {}
    for row in rows:
        before = units.get(row.unit)
        if before is None or (row.failed and not before.failed):
            units[row.unit] = row
    return list(units.values())


def _divides_nothing(factor: str, values: Sequence[str], known: Sequence[Row]) -> str:
    """Why a factor cannot be compared by; empty: it can."""
    if len(values) < 2:
        return f"{factor} is the same for all units that it is known of."
    if len(values) == len(known):
        return f"{factor} is another one for every unit."
    return ""


def _cohort(factor: str, value: str, known: Sequence[Row]) -> Cohort:
    mine = [row.failed for row in known if row.factors[factor] == value]
    failed, all_failed = sum(mine), sum(row.failed for row in known)
    chance = chance_of_as_many(failed, len(mine), all_failed, len(known))
    return Cohort(
        factor=factor,
        value=value,
        failed=failed,
        units=len(mine),
        other_failed=all_failed - failed,
        other_units=len(known) - len(mine),
        chance=chance,
        corrected=chance,
    )


def chance_of_as_many(failed: int, units: int, all_failed: int, all_units: int) -> float:
    """That at least as many of a group fail, if the failures fall on units by chance.

    Fisher's exact test, one-sided: a tail of the hypergeometric distribution.

    Args:
        failed: Of the group.
        units: In the group.
        all_failed: In all.
        all_units: In all.
    """
    most = min(units, all_failed)
    whole = _log_choose(all_units, units)
    tail = sum(
        exp(_log_choose(all_failed, k) + _log_choose(all_units - all_failed, units - k) - whole)
        for k in range(failed, most + 1)
        if units - k <= all_units - all_failed
    )
    return min(1.0, tail)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _corrected(cohorts: Iterable[Cohort]) -> tuple[Cohort, ...]:
    """With the chances for the number of comparisons (Holm, 1979), the least likely first."""
    order = sorted(cohorts, key=lambda each: each.chance)
    corrected, most = [], 0.0
    for place, each in enumerate(order):
        most = max(most, min(1.0, (len(order) - place) * each.chance))
        corrected.append(replace(each, corrected=most))
    return tuple(corrected)
