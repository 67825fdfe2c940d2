"""First-, second- and last-pass yield, by groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from firmline.line.outcomes import StepOutcome
from firmline.line.statistics.counts import Cell, Counts, RunCount, Verdict, retests
from firmline.line.statistics.grouping import By, label
from firmline.line.statistics.yields import Yield, yields

BEGIN = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
PASS, FAIL, ERROR = StepOutcome.PASS, StepOutcome.FAIL, StepOutcome.ERROR
NORTH, SOUTH = Cell(batch="b1", station="north", slot=2), Cell(batch="b2", station="south", slot=1)


def count(
    runs: int, outcome: StepOutcome = PASS, cell: Cell = NORTH, *, golden: bool = False
) -> RunCount:
    return RunCount(cell=cell, outcome=outcome, is_golden=golden, runs=runs)


def passes(told: Yield) -> tuple[int, ...]:
    return told.units, told.first.count, told.second.count, told.last.count


def test_units_that_were_tried_once_are_what_their_run_was() -> None:
    told = yields(Counts(runs=(count(90), count(10, FAIL))))
    assert passes(told.whole) == (100, 90, 90, 90)
    assert (told.whole.runs, told.whole.without_verdict) == (100, 0)
    assert told.whole.first.interval is not None


def test_what_is_the_stations_fault_is_told_and_counts_neither_way() -> None:
    stopped = (count(3, ERROR), count(2, StepOutcome.TIMEOUT), count(1, StepOutcome.ABORTED))
    told = yields(Counts(runs=(count(4), *stopped)))
    assert passes(told.whole) == (4, 4, 4, 4)
    assert (told.whole.runs, told.whole.without_verdict) == (10, 6)


def test_a_group_without_a_verdict_has_no_yield() -> None:
    told = yields(Counts(runs=(count(3, ERROR),)))
    assert told.whole.units == 0
    assert told.whole.first.value is None


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ((FAIL, PASS), (0, 1, 1)),
        ((FAIL, FAIL, PASS), (0, 0, 1)),
        ((PASS, FAIL), (1, 1, 0)),
        ((FAIL, PASS, FAIL), (0, 1, 0)),
        ((FAIL, FAIL), (0, 0, 0)),
    ],
)
def test_a_unit_that_is_tried_again_counts_once(
    attempts: tuple[StepOutcome, ...], expected: tuple[int, ...]
) -> None:
    unit = tuple(Verdict(NORTH, each is PASS, True) for each in attempts)
    runs = (count(8), *(count(1, each) for each in attempts))
    told = yields(Counts(runs=runs, retested=retests([unit])))
    assert passes(told.whole) == (9, *(8 + each for each in expected))
    assert told.whole.runs == 8 + len(attempts)


def test_a_unit_counts_in_the_group_of_its_first_attempt() -> None:
    unit = (Verdict(NORTH, False, True), Verdict(SOUTH, True, True))
    counts = Counts(runs=(count(1, FAIL), count(1, PASS, SOUTH)), retested=retests([unit]))
    told = yields(counts, By.STATION)
    assert [(each.group, *passes(each)) for each in told.groups] == [
        ("north", 1, 0, 1, 1),
        ("south", 0, 0, 0, 0),
    ]
    assert [each.runs for each in told.groups] == [1, 1]
    assert passes(told.whole) == (1, 0, 1, 1)


def test_a_retest_of_a_unit_from_before_is_no_first_attempt() -> None:
    unit = (Verdict(NORTH, False, False), Verdict(SOUTH, True, True))
    told = yields(Counts(runs=(count(1, PASS, SOUTH), count(5)), retested=retests([unit])))
    assert passes(told.whole) == (5, 5, 5, 5)
    assert told.whole.runs == 6


def test_a_retest_after_what_was_asked_for_still_tells_of_the_unit() -> None:
    unit = (Verdict(NORTH, False, True), Verdict(SOUTH, True, False))
    told = yields(Counts(runs=(count(1, FAIL),), retested=retests([unit])))
    assert passes(told.whole) == (1, 0, 1, 1)
    assert told.whole.runs == 1


def test_golden_samples_count_nowhere_and_are_told() -> None:
    runs = (count(5), count(7, FAIL, golden=True))
    told = yields(Counts(runs=runs, first_at=BEGIN, last_at=BEGIN), By.BATCH)
    assert (told.golden, passes(told.whole)) == (7, (5, 5, 5, 5))
    assert told.first_at == told.last_at == BEGIN


def test_of_nothing_there_is_nothing() -> None:
    told = yields(Counts(), By.DAY)
    assert (told.whole.runs, told.groups, told.first_at, told.last_at) == (0, (), None, None)


@pytest.mark.parametrize(
    ("by", "labels"),
    [
        (By.BATCH, ["b1", "b2"]),
        (By.STATION, ["north", "south"]),
        (By.SLOT, ["north/2", "south/1"]),
    ],
)
def test_groups_are_places(by: By, labels: list[str]) -> None:
    told = yields(Counts(runs=(count(1, cell=SOUTH), count(2))), by)
    assert [each.group for each in told.groups] == labels


@pytest.mark.parametrize(
    ("by", "labels"),
    [
        (By.HOUR, ["2026-11-23T07:00Z", "2026-11-23T08:00Z", "2026-11-24T00:00Z"]),
        (By.SHIFT, ["2026-11-23T00:00Z", "2026-11-23T08:00Z", "2026-11-24T00:00Z"]),
        (By.DAY, ["2026-11-23", "2026-11-24"]),
    ],
)
def test_groups_are_times_in_their_order(by: By, labels: list[str]) -> None:
    hours = (datetime(2026, 11, 24, tzinfo=UTC), BEGIN, BEGIN + timedelta(hours=1))
    runs = tuple(count(1, cell=Cell(hour=each.replace(minute=0))) for each in hours)
    assert [each.group for each in yields(Counts(runs=runs), by).groups] == labels
    assert by.is_time


def test_slots_sort_by_number_and_no_batch_has_a_name() -> None:
    cells = [Cell(station="a", slot=slot) for slot in (10, 2)]
    told = yields(Counts(runs=tuple(count(1, cell=each) for each in cells)), By.SLOT)
    assert [each.group for each in told.groups] == ["a/2", "a/10"]
    assert label(By.BATCH, "") == "(no batch)"
