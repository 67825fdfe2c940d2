"""Units that were tried several times, marks that go together, numbers and times."""

from __future__ import annotations

import random
from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.diagnosis.cohort import ALPHA, Comparison, Relation, Row
from firmline.diagnosis.cohort_chance import (
    Sweep,
    Try,
    chance_of,
    chance_of_as_many,
    chance_of_best,
    grouped,
)
from firmline.diagnosis.cohorts import compare_cohorts


def row(unit: object, *, failed: bool, **factors: object) -> Row:
    return Row(
        unit=str(unit), failed=failed, factors={name: str(each) for name, each in factors.items()}
    )


# Marks that go together.


def stations(*, apart: int = 0) -> list[Row]:
    """Each station has its own host; with some units the host of another; station 3 fails."""
    return [
        row(
            number,
            failed=number % 4 == 3,
            station=number % 4,
            host=f"h{(number + (number < 4 * apart)) % 4}",
        )
        for number in range(60)
    ]


def test_what_goes_together_is_not_named_alone() -> None:
    comparison = compare_cohorts(stations())
    assert comparison.verdict.startswith("It is station = 3, or host = h3: 15 of 15 units with the")
    assert "nobody can tell them apart" in comparison.verdict


def test_what_was_tried_apart_is_told_apart() -> None:
    comparison = compare_cohorts(stations(apart=4))
    assert comparison.verdict.startswith("It is station = 3: 15 of 15 units with it failed")
    assert not comparison.alike


def test_a_second_mark_that_fails_by_itself_is_told_beside_the_first() -> None:
    drawn = random.Random(5)
    told = []
    for number in range(200):
        lot, host = drawn.randrange(4), drawn.randrange(4)
        told.append(row(number, failed=lot == 0 or host == 1, lot=lot, host=host))
    comparison = compare_cohorts(told)
    assert not comparison.alike
    assert len(comparison.beside) == 1
    assert "Beside it," in comparison.verdict


# Units tried several times.


def test_a_unit_that_was_tried_at_two_places_is_compared_with_itself() -> None:
    """Half of the units fail, everywhere: no place has to do with it, however often they try."""
    told = [
        row(number, failed=number % 2 == 0, station=station)
        for number in range(20)
        for station in ("A", "B", "B", "B")
    ]
    comparison = compare_cohorts(told)
    assert comparison.first is None
    assert {each.chance for each in comparison.cohorts} == {1.0}


def test_of_two_places_the_one_where_the_same_units_fail_stands_out() -> None:
    told = []
    for number in range(10):
        order = ("A", "B") if number % 2 else ("B", "A")
        told += [row(number, failed=station == "B", station=station) for station in order]
    comparison = compare_cohorts(told)
    assert comparison.cohorts[0].chance == pytest.approx(1 / 2**10)
    assert comparison.verdict.startswith("It is station = B: 10 of 10 units with it failed, and 0")
    assert "Of 10 units that were tried both ways, 10 failed only with it" in comparison.verdict
    assert "second try" not in comparison.verdict


def test_units_that_always_failed_first_may_have_been_cured_by_the_second_try() -> None:
    told = [
        row(number, failed=station == "A", station=station)
        for number in range(10)
        for station in ("A", "B")
    ]
    assert "perhaps a second try helps" in compare_cohorts(told).verdict
    again = [row(number, failed=True, station="A") for number in range(10)]
    assert "second try" not in compare_cohorts([*told, *again]).verdict


def test_every_unit_may_fail_and_the_place_still_be_told() -> None:
    told = [row(n, failed=place == "A", place=place) for n in range(8) for place in ("B", "A")]
    assert compare_cohorts(told).verdict.startswith("It is place = A: 8 of 8")


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), min_size=1, max_size=9))
def test_the_chance_is_that_of_every_way_to_deal_failures(
    told: list[tuple[int, bool, bool]],
) -> None:
    """Beside the definition: within each group all ways to choose those that fail are counted."""
    tries = [Try(unit=str(unit), failed=failed, marked=marked) for unit, failed, marked in told]
    groups = grouped(tries)
    counts = {0: 1.0}
    for group in groups:
        dealt: dict[int, float] = {}
        for chosen in combinations(range(group.whole), group.failed):
            number = sum(place < group.marked for place in chosen)
            share = 1 / comb(group.whole, group.failed)
            for before, chance in counts.items():
                dealt[before + number] = dealt.get(before + number, 0) + chance * share
        counts = dealt
    seen = sum(group.failed_marked for group in groups)
    exact = sum(chance for number, chance in counts.items() if number >= seen)
    assert chance_of(groups) == pytest.approx(exact)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), min_size=1, max_size=12))
def test_what_is_counted_as_it_changes_is_what_is_counted_anew(
    told: list[tuple[str, bool]],
) -> None:
    sweep = Sweep(told)
    for place, (unit, failed) in enumerate(told, 1):
        sweep.mark(unit, failed=failed)
        tries = [
            Try(unit=each, failed=bad, marked=number < place)
            for number, (each, bad) in enumerate(told)
        ]
        assert sweep.chance() == pytest.approx(chance_of(grouped(tries)))


@pytest.mark.slow
def test_repeats_that_mean_nothing_rarely_stand_out() -> None:
    drawn = random.Random(8)
    alarms = 0
    for _ in range(100):
        told = [
            row(unit, failed=drawn.random() < chance, place=drawn.randrange(3), rssi=drawn.random())
            for unit, chance in enumerate([0.9] * 5 + [0.1] * 20)
            for _ in range(drawn.randrange(1, 5))
        ]
        alarms += compare_cohorts(told).first is not None
    assert alarms <= 100 * ALPHA


# Numbers and times.


def compared(**columns: list[object]) -> Comparison:
    """Units whose outcomes are the column ``failed``."""
    outcomes = columns.pop("failed")
    return compare_cohorts(
        row(place, failed=bool(outcome), **{name: told[place] for name, told in columns.items()})
        for place, outcome in enumerate(outcomes)
    )


def test_a_weak_signal_stands_out() -> None:
    drawn = random.Random(3)
    signal = [drawn.randrange(-95, -50) for _ in range(60)]
    comparison = compared(failed=[each < -85 for each in signal], rssi=list(signal))
    first = comparison.first
    assert first is not None
    assert first.label == f"rssi <= {max(each for each in signal if each < -85)}"
    assert (first.failed, first.other_failed) == (first.units, 0)


@pytest.mark.parametrize("write", ["{:.1f} mV", "{:.2f}"])
def test_numbers_may_have_units_and_decimal_commas(write: str) -> None:
    cells = [write.format(2000.5 + number * 10).replace(".", ",") for number in range(30)]
    comparison = compared(failed=[number < 9 for number in range(30)], battery=list(cells))
    assert comparison.verdict.startswith(f"It is battery <= {cells[8]}: 9 of 9 units")


@pytest.mark.parametrize(
    "cells",
    [
        [f"2026-11-{day:02}T08:00:00Z" for day in range(1, 29)],
        [f"2026-11-{day:02} 08:00" for day in range(1, 29)],
        [f"{day}.11.2026 08:00" for day in range(1, 29)],
        [f"11/{day}/2026 8:00 AM" for day in range(1, 29)],
        [f"{day:02}:15:00" for day in range(20)],
        [f"1:{day:02} PM" if day < 0 else f"11/{day + 1}/26" for day in range(28)],
    ],
)
def test_a_change_in_time_stands_out(cells: list[str]) -> None:
    comparison = compared(failed=[place >= 15 for place in range(len(cells))], when=list(cells))
    assert comparison.verdict.startswith(f"It is when >= {cells[15]}: ")
    assert not comparison.unused


def test_a_lot_that_came_at_a_time_is_not_named_alone() -> None:
    cells = [f"2026-11-{day:02}" for day in range(1, 29)]
    lots: list[object] = ["old" if day < 15 else "new" for day in range(28)]
    comparison = compared(failed=[day >= 15 for day in range(28)], lot=lots, when=list(cells))
    assert "lot = new" in comparison.verdict
    assert f"when >= {cells[15]}" in comparison.verdict
    assert comparison.alike


def test_what_may_come_of_the_failure_is_said_to() -> None:
    lasted: list[object] = [0.5 + n / 100 if n % 3 else 60 + n for n in range(40)]
    failed: list[object] = [n % 3 > 0 for n in range(40)]
    assert "may come of the failure" in compared(failed=failed, duration_s=lasted).verdict
    lot: list[object] = ["bad" if each else "good" for each in failed]
    both = compared(failed=failed, duration_s=lasted, lot=lot)
    assert both.first is not None
    assert both.first.factor == "lot"
    assert not both.alike
    assert "may come of" not in both.verdict


def test_measured_whole_numbers_are_no_kinds() -> None:
    drawn = random.Random(6)
    failed: list[object] = [n % 7 == 0 for n in range(200)]
    told: list[object] = [drawn.randrange(2900, 2920) for _ in range(200)]
    compared_as = {
        name: {each.relation for each in compared(**{"failed": failed, name: told}).cohorts}
        for name in ("battery_mV", "lot")
    }
    assert Relation.IS not in compared_as["battery_mV"]
    assert set(Relation) == compared_as["lot"]


def test_few_cells_that_are_no_numbers_are_left_out_and_said() -> None:
    cells: list[object] = [*range(-90, -60), "weak"]
    comparison = compared(failed=[n < 8 for n in range(31)], rssi=cells)
    assert comparison.unused[0] == "1 value is neither number nor time in rssi, and left out."
    assert comparison.first is not None


@pytest.mark.slow
def test_chance_alone_rarely_makes_numbers_stand_out() -> None:
    drawn = random.Random(9)
    alarms = 0
    for _ in range(100):
        failed: list[object] = [drawn.random() < 0.25 for _ in range(50)]
        columns = {f"n{n}": [drawn.randrange(30) - 40 for _ in range(50)] for n in range(4)}
        alarms += compared(failed=failed, **columns).first is not None  # type: ignore[arg-type]
    assert alarms <= 100 * ALPHA


@given(st.lists(st.booleans(), min_size=4, max_size=9))
def test_the_best_place_is_as_likely_as_every_order_says(outcomes: list[bool]) -> None:
    """Beside the definition, counted over all orders of the failures."""
    units, failed, places = len(outcomes), sum(outcomes), range(2, len(outcomes) - 1)

    def best(order: set[int]) -> float:
        return min(
            chance_of_as_many(sum(each < place for each in order), place, failed, units)
            for place in places
        )

    worst = best({place for place, bad in enumerate(outcomes) if bad})
    orders = [set(each) for each in combinations(range(units), failed)]
    exact = sum(best(order) <= worst * (1 + 1e-9) for order in orders) / len(orders)
    assert chance_of_best(worst, places, failed, units) == pytest.approx(exact)


def test_of_a_table_too_large_a_bound_is_told() -> None:
    assert chance_of_best(1e-9, range(1000, 100_000, 1000), 5000, 100_000) == pytest.approx(99e-9)


# Words.


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([], "There is no attempt to compare."),
        ([row(1, failed=True, a=1)], "The only unit failed: without one that passed"),
        ([row(1, failed=False, a=1)], "No unit failed."),
        (
            [row(1, failed=True, a="x"), row(2, failed=False, a="y"), row(3, failed=False, a="y")],
            "One unit failed, and nothing that it has in common with others stands out. Nothing ",
        ),
    ],
)
def test_small_tables_are_told_as_small(rows: list[Row], verdict: str) -> None:
    assert compare_cohorts(rows).verdict.startswith(verdict)


def test_of_one_unit_it_is_said_whether_it_is_one_of_a_batch() -> None:
    told = [row(n, failed=n < 8 or n == 30, lot=8 if n < 10 else 7) for n in range(40)]
    comparison = compare_cohorts(told)
    assert comparison.verdict_on("3") == "3 has failed with lot = 8: it is one of these."
    assert comparison.verdict_on("30").startswith("30 has failed without lot = 8: look for another")
    assert comparison.verdict_on("9") == "9 has not failed in this table."
    alone = compare_cohorts(row(n, failed=n == 1, lot=n % 2) for n in range(9))
    assert alone.verdict_on("1") == "Nothing that was recorded makes 1 one of a batch."
