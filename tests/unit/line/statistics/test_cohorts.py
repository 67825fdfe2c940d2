"""One unit or a batch, asked of the runs of a line."""

from __future__ import annotations

from firmline.line.statistics.cohorts import compare_runs
from firmline.line.statistics.counts import Cell
from firmline.line.statistics.readings import JudgedRun, factors_of


def judged(number: int, *, passed: bool, slot: int, product: str = "tag") -> JudgedRun:
    factors = factors_of(
        Cell(batch="b", station="north", slot=slot),
        recipe="tag-rev-c",
        version="3",
        firmline="0.1.0",
        operator="",
        lots={"battery": f"CR-{number % 2}"},
    )
    return JudgedRun(unit=(product, f"SN-{number}"), passed=passed, factors=factors)


def test_a_slot_that_fails_its_units_stands_out() -> None:
    runs = [judged(n, passed=n % 4 != 0 or n > 60, slot=1 + n % 4) for n in range(80)]
    comparison = compare_runs(runs)
    assert comparison.first is not None
    assert comparison.first.label == "slot = north/1"
    assert comparison.failing >= {"SN-0", "SN-4"}


def test_what_fails_here_and_there_is_no_batch() -> None:
    comparison = compare_runs(
        [judged(n, passed=n not in {7, 22}, slot=1 + n % 4) for n in range(60)]
    )
    assert comparison.first is None
    assert (comparison.failed, comparison.units) == (2, 60)


def test_units_of_two_products_with_one_number_are_two() -> None:
    runs = [judged(1, passed=True, slot=1), judged(1, passed=False, slot=1, product="lamp")]
    assert compare_runs(runs).failing == {"lamp SN-1"}
    assert compare_runs([]).units == 0
