"""Two conditions against one another: the evidence, when it stops, and that it cries no wolf."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

import pytest

from firmline.diagnosis.cohort_chance import chance_of_as_many
from firmline.diagnosis.comparison import (
    ALPHA,
    Counted,
    Side,
    Verdict,
    compare,
    evidence,
    least_runs,
    next_side,
    share_interval,
)

Chances = Callable[[int], tuple[float, float]]
"""The chance that A and B fail in a pair, by its number from 0."""
MANY = 30
"""Pairs of the experiments that are counted out: 60 runs."""


def runs(a: str, b: str) -> list[Counted]:
    """Outcomes of each condition, F or p, in the order in which they are run."""
    left = {Side.A: list(a), Side.B: list(b)}
    done: list[Counted] = []
    while left[side := next_side(done)]:
        done.append(Counted(side, left[side].pop(0) == "F"))
    return done


def chance_of_alarm(
    chances: Chances, *, is_alarm: Callable[[int, int, int], bool], pairs: int = MANY
) -> float:
    """How likely an experiment is to find a difference at any time: all its courses, counted."""
    alarm, going_on = 0.0, {(0, 0): 1.0}
    for number in range(pairs):
        fails_a, fails_b = chances(number)
        behind: dict[tuple[int, int], float] = {}
        for (a, b), chance in going_on.items():
            for x, y in product((0, 1), repeat=2):
                here = chance * (fails_a if x else 1 - fails_a) * (fails_b if y else 1 - fails_b)
                behind[a + x, b + y] = behind.get((a + x, b + y), 0.0) + here
        going_on = {}
        for (a, b), chance in behind.items():
            if is_alarm(number + 1, a, b):
                alarm += chance
            else:
                going_on[a, b] = chance
    return alarm


def by_evidence(pairs: int, a: int, b: int) -> bool:
    return evidence(pairs, a, b) >= 1 / ALPHA


def by_fisher(pairs: int, a: int, b: int) -> bool:
    """Fisher's exact test, two-sided by doubling, looked at behind every pair."""
    tails = (chance_of_as_many(each, pairs, a + b, 2 * pairs) for each in (a, b))
    return min(1.0, 2 * min(tails)) <= ALPHA


SOME = (0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("chance", SOME)
def test_conditions_that_do_not_differ_are_told_to_in_less_than_one_of_twenty(
    chance: float,
) -> None:
    assert chance_of_alarm(lambda _pair: (chance, chance), is_alarm=by_evidence) <= ALPHA


@pytest.mark.slow
@pytest.mark.parametrize(("first", "last"), [(0.0, 1.0), (0.9, 0.1), (0.2, 0.6)])
def test_nor_does_it_where_the_unit_grows_worse_or_better_from_pair_to_pair(
    first: float, last: float
) -> None:
    def drifting(pair: int) -> tuple[float, float]:
        chance = first + (last - first) * pair / (MANY - 1)
        return chance, chance

    assert chance_of_alarm(drifting, is_alarm=by_evidence) <= ALPHA


@pytest.mark.slow
@pytest.mark.parametrize(("early", "late"), list(product((0.0, 0.1, 0.5, 0.9, 1.0), repeat=2)))
def test_nor_where_the_first_run_of_a_pair_fares_otherwise_than_the_second(
    early: float, late: float
) -> None:
    """Each condition is the first as often as the other: A B, B A."""

    def in_order(pair: int) -> tuple[float, float]:
        return (early, late) if pair % 2 == 0 else (late, early)

    assert chance_of_alarm(in_order, is_alarm=by_evidence) <= ALPHA


@pytest.mark.slow
def test_a_test_for_one_look_would_cry_wolf() -> None:
    """What the module says of Fisher's test; so the counting above can fail."""
    forty = chance_of_alarm(lambda _pair: (0.5, 0.5), is_alarm=by_fisher, pairs=20)
    hundred = chance_of_alarm(lambda _pair: (0.5, 0.5), is_alarm=by_fisher, pairs=50)
    assert (round(forty, 2), round(hundred, 2)) == (0.09, 0.15)


@pytest.mark.parametrize(("a", "b"), [(0.95, 0.05), (0.05, 0.95)])
def test_a_plain_difference_is_found_soon(a: float, b: float) -> None:
    assert chance_of_alarm(lambda _pair: (a, b), is_alarm=by_evidence, pairs=8) > 0.9


@pytest.mark.parametrize("chance", [0.01, 0.2, 0.5, 0.9])
def test_a_bet_does_not_grow_in_the_mean_where_nothing_differs(chance: float) -> None:
    mean = sum(
        evidence(1, x, y) * (chance if x else 1 - chance) * (chance if y else 1 - chance)
        for x, y in product((0, 1), repeat=2)
    )
    assert mean <= 1 + 1e-12


def test_all_or_nothing_is_decided_behind_eight_runs() -> None:
    assert least_runs() == 8
    assert compare(runs("FFF", "ppp"), most_runs=40).verdict is Verdict.OPEN
    standing = compare(runs("FFFF", "pppp"), most_runs=40)
    assert standing.verdict is Verdict.DIFFERENT
    assert standing.chance < 0.02
    assert standing.worse is Side.A


def test_a_smaller_chance_of_error_takes_more_runs() -> None:
    assert least_runs(0.001) > least_runs(0.05)


def test_a_difference_that_was_found_is_not_lost_again() -> None:
    """Whoever goes on all the same may do so."""
    standing = compare(runs("FFFFppp", "ppppppp"), most_runs=40)
    assert standing.verdict is Verdict.DIFFERENT
    assert standing.chance == compare(runs("FFFF", "pppp"), most_runs=40).chance


def test_half_a_pair_changes_no_evidence() -> None:
    whole, half = (compare(runs("FF", b), most_runs=40) for b in ("pp", "ppp"))
    assert half.pairs == whole.pairs == 2
    assert half.evidence == whole.evidence


@pytest.mark.parametrize("outcome", ["F", "p"])
def test_where_both_fare_alike_it_stops_when_they_cannot_be_far_apart(outcome: str) -> None:
    standings = [compare(runs(outcome * n, outcome * n), most_runs=60) for n in range(1, 13)]
    verdicts = [each.verdict for each in standings]
    assert verdicts[:7] == [Verdict.OPEN] * 7
    assert verdicts[7] is Verdict.NO_LARGE_DIFFERENCE
    assert max(each.chance for each in standings) == 1.0


def test_it_stops_where_the_runs_that_are_left_could_show_nothing() -> None:
    standing = compare(runs("pppp", "pppp"), most_runs=10)
    assert standing.verdict is Verdict.HOPELESS


def test_nothing_is_known_of_nothing() -> None:
    standing = compare([], most_runs=40)
    assert (standing.verdict, standing.chance, standing.pairs) == (Verdict.OPEN, 1.0, 0)
    assert (standing.a.least, standing.a.most) == (0.0, 1.0)


def test_the_order_is_a_b_b_a() -> None:
    done: list[Counted] = []
    for _ in range(8):
        done.append(Counted(next_side(done), False))
    assert "".join(run.side for run in done) == "abbaabba"


def test_what_a_run_leaves_behind_for_the_next_is_seen() -> None:
    """Behind a cycled run, A passes; behind itself it fails."""
    done: list[Counted] = []
    told = "FpppFpppFpppFppp"
    for each in told:
        done.append(Counted(next_side(done), each == "F"))
    carry = compare(done, most_runs=40).carry_a
    assert (carry.failed, carry.runs) == (0, 4)
    assert (carry.other_failed, carry.other_runs) == (3, 3)
    assert carry.chance < 0.1


def test_the_first_of_a_pair_is_compared_with_the_second() -> None:
    order = compare(runs("FpFpFp", "pFpFpF"), most_runs=40).order
    assert (order.failed, order.other_failed) == (6, 0)
    assert order.chance < 0.01


def tail(shares: Iterable[float], count: int) -> float:
    """How likely a share is ever outside of its interval within so many runs, at the worst."""
    worst = 0.0
    for share in shares:
        out, going_on = 0.0, {0: 1.0}
        for number in range(1, count + 1):
            behind: dict[int, float] = {}
            for failed, chance in going_on.items():
                for more, how in ((1, share), (0, 1 - share)):
                    behind[failed + more] = behind.get(failed + more, 0.0) + chance * how
            going_on = {}
            for failed, chance in behind.items():
                least, most = share_interval(failed, number, alpha=ALPHA)
                if least <= share <= most:
                    going_on[failed] = chance
                else:
                    out += chance
        worst = max(worst, out)
    return worst


def test_the_interval_of_a_share_may_be_looked_at_behind_every_run() -> None:
    assert tail((0.01, 0.1, 0.3, 0.5, 0.8, 1.0), 40) <= ALPHA


def test_the_interval_holds_what_was_seen() -> None:
    for count in range(1, 12):
        for failed in range(count + 1):
            least, most = share_interval(failed, count, alpha=ALPHA)
            assert 0 <= least <= failed / count <= most <= 1
