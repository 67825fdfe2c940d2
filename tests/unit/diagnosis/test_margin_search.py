"""Where an update stops working: the search against thresholds that are known, with noise."""

from __future__ import annotations

import random
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmline.diagnosis.margin_search import CONFIDENCE, Margin, MarginSearch, Place, Sweep, Tried

VOLTS = Sweep(good=3.0, bad=1.8, resolution=0.06)
OHMS = Sweep(good=0.0, bad=150.0, resolution=7.5)


def found(
    sweep: Sweep, threshold: float, *, noise: float = 0.0, width: float = 0.0, seed: int = 0
) -> tuple[Margin, list[Tried]]:
    """Search for a threshold; ``noise``: how often a run ends as on the other side."""
    rng = random.Random(seed)
    search, runs = MarginSearch(sweep), list[Tried]()
    while len(runs) < 40 and not search.margin().is_found:
        value = search.next_value()
        beyond = sweep.part(value) - sweep.part(threshold)
        fails = float(beyond > 0) if not width else 1 / (1 + exp(-beyond / width))
        run = Tried(value=value, failed=rng.random() < noise + (1 - 2 * noise) * fails)
        search.learn(run)
        runs.append(run)
    return search.margin(), runs


@pytest.mark.slow
@pytest.mark.parametrize("sweep", [VOLTS, OHMS], ids=["volts", "ohms"])
@pytest.mark.parametrize("part", [0.04, 0.21, 0.5, 0.618, 0.93])
def test_a_sharp_threshold_is_found_in_a_few_runs(sweep: Sweep, part: float) -> None:
    threshold = sweep.value(part)
    margin, runs = found(sweep, threshold)
    assert margin.is_found
    assert margin.place is Place.INSIDE
    low, high = sorted((margin.good_side, margin.bad_side))
    assert low <= threshold <= high
    assert high - low <= sweep.resolution * 1.001
    assert abs(margin.threshold - threshold) < sweep.resolution
    assert len(runs) <= 20


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "width"), [(0.0, 0.0), (0.05, 0.0), (0.05, 0.03), (0.1, 0.01)])
def test_the_interval_holds_the_threshold_as_often_as_it_says(noise: float, width: float) -> None:
    """At least 95 of 100; of 60 that is 57, and 53 would be so with a chance of 1 %."""
    hits = 0
    for seed in range(60):
        threshold = OHMS.value(random.Random(seed).uniform(0.05, 0.95))
        margin, _ = found(OHMS, threshold, noise=noise, width=width, seed=seed)
        low, high = sorted((margin.good_side, margin.bad_side))
        hits += margin.place is Place.INSIDE and low <= threshold <= high
    assert hits >= 54


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "width"), [(0.02, 0.1), (0.02, 0.2), (0.2, 0.05)])
def test_where_a_threshold_is_told_it_is_in_the_interval_however_soft_it_is(
    noise: float, width: float
) -> None:
    """Not every soft one can be told from chance; of 20, more than 3 outside have one of 2 %."""
    told = misses = 0
    for seed in range(20):
        threshold = OHMS.value(random.Random(seed).uniform(0.05, 0.95))
        margin, _ = found(OHMS, threshold, noise=noise, width=width, seed=seed)
        if margin.place is Place.INSIDE and margin.chance >= CONFIDENCE:
            told += 1
            misses += not margin.good_side <= threshold <= margin.bad_side
    assert told >= 10
    assert misses <= 3


@pytest.mark.slow
@pytest.mark.parametrize("chance", [0.2, 0.5, 0.8])
def test_a_unit_that_fails_at_random_is_not_given_a_threshold(chance: float) -> None:
    """A wrong one may be told once in twenty units; of 20, more than 3 have a chance of 2 %."""
    told = dict.fromkeys(Place, 0)
    for seed in range(20):
        rng, search = random.Random(seed), MarginSearch(OHMS)
        for _ in range(40):
            if search.margin().is_found:
                break
            search.learn(Tried(value=search.next_value(), failed=rng.random() < chance))
        margin = search.margin()
        if margin.chance >= CONFIDENCE:
            told[margin.place] += 1
    assert told[Place.INSIDE] <= 3
    assert told[Place.INTERMITTENT] >= 3


@pytest.mark.slow
def test_a_unit_that_fails_every_other_time_is_intermittent_at_every_value() -> None:
    search, rng = MarginSearch(OHMS), random.Random(7)
    while not search.margin().is_found:
        search.learn(Tried(value=search.next_value(), failed=rng.random() < 0.5))
    margin = search.margin()
    assert margin.place is Place.INTERMITTENT
    assert margin.by_chance == pytest.approx(0.5, abs=0.2)


def test_a_run_that_fails_by_chance_does_not_lead_it_astray() -> None:
    """A bisection would end above 2.4 V."""
    search = MarginSearch(VOLTS)
    for value, failed in ((3.0, False), (1.8, True), (2.4, True)):
        search.learn(Tried(value=value, failed=failed))
    for _ in range(30):
        value = search.next_value()
        search.learn(Tried(value=value, failed=value < 2.09))
    margin = search.margin()
    assert margin.bad_side <= 2.09 <= margin.good_side
    assert abs(margin.threshold - 2.09) < 0.06


@pytest.mark.slow
def test_both_ends_are_tried_first_the_good_one_before_the_other() -> None:
    for sweep in (VOLTS, OHMS):
        _, runs = found(sweep, sweep.value(0.5))
        assert [run.value for run in runs[:2]] == [sweep.good, sweep.bad]


@pytest.mark.parametrize(
    ("threshold", "place"), [(-50.0, Place.NEVER_WORKS), (200.0, Place.ALWAYS_WORKS)]
)
def test_a_threshold_outside_of_the_sweep_is_told_as_such(threshold: float, place: Place) -> None:
    margin, runs = found(OHMS, threshold)
    assert (margin.place, margin.is_found) == (place, True)
    assert margin.chance >= 0.95
    # Fewer would not tell it from a unit that fails now and then, as some failures do.
    assert 10 <= len(runs) <= 17


def test_runs_that_contradict_one_another_leave_it_open() -> None:
    search = MarginSearch(OHMS)
    for number in range(40):
        search.learn(Tried(value=search.next_value(), failed=number % 2 == 0))
    assert not search.margin().is_found


def test_a_search_that_is_taken_up_again_knows_what_it_knew() -> None:
    margin, runs = found(OHMS, 91.0)
    assert MarginSearch(OHMS, runs).margin() == margin


def test_nothing_is_known_before_the_first_run() -> None:
    margin = MarginSearch(OHMS).margin()
    assert not margin.is_found
    assert margin.chance == pytest.approx(0.6)
    assert margin.good_side < 10
    assert margin.bad_side > 140


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    runs=st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=25),
    steps=st.integers(2, 25),
)
def test_whatever_was_seen_it_stays_a_distribution(
    runs: list[tuple[int, bool]], steps: int
) -> None:
    sweep = Sweep(good=3.0, bad=1.8, resolution=1.2 / steps)
    search = MarginSearch(sweep)
    for place, failed in runs:
        value = sweep.candidates[place % len(sweep.candidates)]
        search.learn(Tried(value=value, failed=failed))
    margin = search.margin()
    assert 1 / 4 - 1e-9 <= margin.chance <= 1 + 1e-9
    assert 1.8 - 1e-9 <= margin.bad_side <= margin.threshold <= margin.good_side <= 3.0 + 1e-9
    chances = [chance for _, chance in margin.curve]
    assert all(0 <= chance <= 1 for chance in chances)
    assert chances == sorted(chances)  # from the good end to the bad one, it never gets better
    assert search.next_value() in sweep.candidates
