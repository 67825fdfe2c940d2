"""Two conditions, run against one another: how likely the difference is chance, and when to stop.

Whoever looks after every run, and stops when it looks good, makes a test for one look cry wolf:
Fisher's at 5 %, looked at behind every pair, does so in up to 9 % of experiments of 40 runs, and in
15 % of 100. So the evidence is an *e-value* (Turner, Ly and Grünwald, "Generic E-variables for
exact sequential k-sample tests that allow for optional stopping", 2021): that may be looked at as
often as one likes.

Runs come in pairs, one of each condition. Let a bet be that A fails with chance ``a`` and B with
``b``. Behind a pair it is multiplied by what this says of the two outcomes, over what their mean
``(a + b) / 2`` says of them. If both conditions really fail with the same chance, which may be
another one in every pair, the factor of A is ``1 + x`` and that of B ``1 - x`` in the mean, with
the same ``x``: together at most 1. So the bet does not grow in the mean unless the conditions
differ, and neither does a mixture of bets. By Ville's inequality it reaches ``1 / alpha`` at any
time, in however many runs, with a chance of at most ``alpha`` (the tests count that out).

The order is A B, B A, A B, B A: so each condition is as often the first of its pair as the second,
what drifts (a cell that empties) meets both alike, and each comes behind itself as well as behind
the other, which shows what a run leaves behind for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import exp, lgamma, log
from typing import Final, Self

from firmline.diagnosis.cohort_chance import chance_of_as_many

ALPHA: Final = 0.05
"""A chance below that is called no chance; the customary bound."""
LEAST_DIFFERENCE: Final = 0.5
"""Where the two shares are known to be closer than that, there is nothing to look for; ours: a
condition that does not move at least every second run is no cure."""
_CHANCES: Final = (0.02, 0.2, 0.5, 0.8, 0.98)
"""Chances of failing that are bet on; ours."""
_ALL_OR_NOTHING: Final = 0.25
"""Share of the two bets that one condition fails nearly always and the other hardly ever. That is
what a cure looks like; the other bets share the rest. With it, eight runs decide such a case, and
six do not quite: two full rounds of the order have been run then."""


class Side(StrEnum):
    """One of the two conditions."""

    A = "a"
    B = "b"

    @property
    def other(self) -> Side:
        """The other one."""
        return Side.B if self is Side.A else Side.A


@dataclass(frozen=True, slots=True)
class Counted:
    """A run that counts.

    Attributes:
        side: Its condition.
        failed: Whether it failed.
    """

    side: Side
    failed: bool


class Verdict(StrEnum):
    """What is known by now."""

    OPEN = "open"
    DIFFERENT = "different"
    NO_LARGE_DIFFERENCE = "no_large_difference"
    HOPELESS = "hopeless"
    """The runs that are left cannot show a difference any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How often a condition fails.

    Attributes:
        runs: That count.
        failed: Of these.
        least: Lower end of the interval in which the real share is, 0 to 1.
        most: Upper end.
    """

    runs: int
    failed: int
    least: float
    most: float

    @classmethod
    def of(cls, runs: Sequence[Counted], side: Side, *, alpha: float) -> Self:
        """Of one side, with an interval that may be looked at as often as one likes."""
        mine = [run.failed for run in runs if run.side is side]
        least, most = share_interval(sum(mine), len(mine), alpha=alpha)
        return cls(runs=len(mine), failed=sum(mine), least=least, most=most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """Whether runs fare differently by their place, whatever their condition.

    Attributes:
        failed: Of those that have it (the first of a pair; behind a run of the other condition).
        runs: That have it.
        other_failed: Of the others.
        other_runs: The others.
        chance: That they differ as much by chance (Fisher's exact test, two-sided by doubling; for
            one look).
    """

    failed: int
    runs: int
    other_failed: int
    other_runs: int
    chance: float

    @classmethod
    def of(cls, runs: Sequence[tuple[bool, bool]]) -> Self:
        """From runs: whether each has it, and whether it failed."""
        mine = [failed for has, failed in runs if has]
        others = [failed for has, failed in runs if not has]
        chance = 1.0
        if mine and others:
            whole, all_failed = len(runs), sum(mine) + sum(others)
            chance = min(
                1.0,
                2 * chance_of_as_many(sum(mine), len(mine), all_failed, whole),
                2 * chance_of_as_many(sum(others), len(others), all_failed, whole),
            )
        return cls(
            failed=sum(mine),
            runs=len(mine),
            other_failed=sum(others),
            other_runs=len(others),
            chance=chance,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a comparison stands behind a run.

    Attributes:
        a: How often A fails.
        b: How often B fails.
        pairs: Full pairs, behind which the evidence is weighed.
        evidence: The e-value behind the last of them.
        chance: At most so likely would conditions that do not differ have come as far at any time,
            0 to 1.
        verdict: What is known by now.
        order: The first run of a pair beside the second.
        carry_a: A behind B, beside A behind A.
        carry_b: B behind A, beside B behind B.
    """

    a: Share
    b: Share
    pairs: int
    evidence: float
    chance: float
    verdict: Verdict
    order: Influence
    carry_a: Influence
    carry_b: Influence

    @property
    def worse(self) -> Side:
        """The condition that has failed more often."""
        return Side.A if self.a.failed * self.b.runs >= self.b.failed * self.a.runs else Side.B


def compare(
    runs: Sequence[Counted],
    *,
    most_runs: int,
    alpha: float = ALPHA,
    least_difference: float = LEAST_DIFFERENCE,
) -> Standing:
    """Weigh the runs so far.

    Args:
        runs: Those that count, in the order in which they were run.
        most_runs: How many there will be at most.
        alpha: Chance below which a difference is called none of chance.
        least_difference: Of the shares, below which nothing is looked for.
    """
    a, b = (Share.of(runs, side, alpha=alpha / 2) for side in Side)
    pairs = min(a.runs, b.runs)
    path = [evidence(*_first_pairs(runs, count)) for count in range(pairs + 1)]
    chance = min(1.0, 1 / max(path))
    verdict = Verdict.OPEN
    if chance <= alpha:
        verdict = Verdict.DIFFERENT
    elif max(a.most - b.least, b.most - a.least) < least_difference:
        verdict = Verdict.NO_LARGE_DIFFERENCE
    elif not _may_still_show(runs, most_runs, alpha):
        verdict = Verdict.HOPELESS
    behind = [(run, run.side is not before.side) for before, run in pairwise(runs)]
    carry_a, carry_b = (
        Influence.of([(has, run.failed) for run, has in behind if run.side is side])
        for side in Side
    )
    return Standing(
        a=a,
        b=b,
        pairs=pairs,
        evidence=path[-1],
        chance=chance,
        verdict=verdict,
        order=Influence.of(
            [(place % 2 == 0, run.failed) for place, run in enumerate(runs[: 2 * pairs])]
        ),
        carry_a=carry_a,
        carry_b=carry_b,
    )


def next_side(runs: Sequence[Counted]) -> Side:
    """The condition of the next run: A B, B A, A B ..; a run that does not count is run again."""
    done = {side: sum(run.side is side for run in runs) for side in Side}
    if done[Side.A] != done[Side.B]:
        return min(Side, key=lambda side: done[side])
    return Side.A if done[Side.A] % 2 == 0 else Side.B


def least_runs(alpha: float = ALPHA) -> int:
    """How many runs it takes until A that always fails differs from B that never does."""
    pairs = 1
    while evidence(pairs, pairs, 0) < 1 / alpha:
        pairs += 1
    return 2 * pairs


def evidence(pairs: int, failed_a: int, failed_b: int) -> float:
    """The e-value of so many full pairs; 1 without any.

    Args:
        pairs: Runs of each condition.
        failed_a: Of those with A.
        failed_b: Of those with B.
    """
    return sum(weight * exp(_log_bet(a, b, pairs, failed_a, failed_b)) for a, b, weight in _BETS)


def _log_bet(a: float, b: float, pairs: int, failed_a: int, failed_b: int) -> float:
    mean = (a + b) / 2
    return (
        failed_a * log(a / mean)
        + (pairs - failed_a) * log((1 - a) / (1 - mean))
        + failed_b * log(b / mean)
        + (pairs - failed_b) * log((1 - b) / (1 - mean))
    )


def _bets() -> tuple[tuple[float, float, float], ...]:
    """What is bet: A's chance, B's chance, and the share of the stake; the shares are 1 in all."""
    extremes = (_CHANCES[0], _CHANCES[-1])
    both = [(a, b) for a in _CHANCES for b in _CHANCES if a != b]
    others = (1 - 2 * _ALL_OR_NOTHING) / (len(both) - 2)
    return tuple(
        (a, b, _ALL_OR_NOTHING if a in extremes and b in extremes else others) for a, b in both
    )


_BETS: Final = _bets()


def _first_pairs(runs: Sequence[Counted], count: int) -> tuple[int, int, int]:
    """So many pairs, and how many of each condition failed in them."""
    a, b = ([run.failed for run in runs if run.side is side][:count] for side in Side)
    return count, sum(a), sum(b)


def _may_still_show(runs: Sequence[Counted], most_runs: int, alpha: float) -> bool:
    """Whether the runs that are left could show a difference, however they end."""
    failed, done = {}, {}
    for side in Side:
        mine = [run.failed for run in runs if run.side is side]
        failed[side], done[side] = sum(mine), len(mine)
    most_pairs = most_runs // 2
    for worse in Side:
        for pairs in range(min(done.values()) + 1, most_pairs + 1):
            best = {
                worse: failed[worse] + pairs - done[worse],
                worse.other: failed[worse.other],
            }
            if evidence(pairs, best[Side.A], best[Side.B]) >= 1 / alpha:
                return True
    return False


def share_interval(failed: int, runs: int, *, alpha: float) -> tuple[float, float]:
    """In which interval the share of failures is; it may be looked at as often as one likes.

    The shares under which what was seen is not less than ``alpha`` times as likely as under a
    mixture of all shares (Beta(1/2, 1/2)): by Ville's inequality the real one is outside with a
    chance of at most ``alpha``, at any time.

    Args:
        failed: Runs that failed.
        runs: All of them.
        alpha: Chance of being outside.
    """
    if not runs:
        return 0.0, 1.0
    mixture = _log_beta(failed + 0.5, runs - failed + 0.5) - _log_beta(0.5, 0.5)
    middle = failed / runs

    def is_inside(share: float) -> bool:
        told = _times_log(failed, share) + _times_log(runs - failed, 1 - share)
        return mixture - told < -log(alpha)

    least = 0.0 if is_inside(0.0) else _edge(0.0, middle, is_inside)
    most = 1.0 if is_inside(1.0) else _edge(1.0, middle, is_inside)
    return least, most


def _edge(outside: float, inside: float, is_inside: Callable[[float], bool]) -> float:
    for _ in range(50):
        middle = (outside + inside) / 2
        outside, inside = (outside, middle) if is_inside(middle) else (middle, inside)
    return outside


def _times_log(count: int, share: float) -> float:
    if not count:
        return 0.0
    return count * log(share) if share > 0 else float("-inf")


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
