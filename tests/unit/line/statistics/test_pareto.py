"""What goes wrong most."""

from __future__ import annotations

from firmline.line.outcomes import StepOutcome
from firmline.line.statistics.counts import Trouble
from firmline.line.statistics.pareto import What, of_stations, of_units, pareto

FAIL = StepOutcome.FAIL


def trouble(
    serial: str,
    cause: str = "",
    *,
    runs: int = 1,
    outcome: StepOutcome = FAIL,
    phase: str = "update",
) -> Trouble:
    return Trouble(
        unit=("tag", serial), outcome=outcome, phase=phase, cause=cause, code="X-1", runs=runs
    )


def test_the_most_frequent_comes_first_and_what_is_not_known_last() -> None:
    told = pareto(
        [trouble("1", runs=9), trouble("2", "b"), trouble("3", "a"), trouble("4", "c", runs=4)],
        What.CAUSE,
    )
    assert [(bar.name, bar.runs) for bar in told.bars] == [("c", 4), ("a", 1), ("b", 1), ("", 9)]
    assert [round(bar.so_far, 4) for bar in told.bars] == [0.2667, 0.3333, 0.4, 1.0]
    assert sum(bar.share for bar in told.bars) == 1
    assert (told.runs, told.units, told.is_known) == (15, 4, True)


def test_a_unit_with_two_causes_is_one_unit() -> None:
    told = pareto([trouble("1", "a"), trouble("1", "b"), trouble("2", "a")], What.CAUSE)
    assert [(bar.name, bar.units) for bar in told.bars] == [("a", 2), ("b", 1)]
    assert told.units == 2


def test_a_serial_number_of_two_products_is_two_units() -> None:
    lamp = Trouble(unit=("lamp", "1"), outcome=FAIL, phase="", cause="", code="", runs=1)
    assert pareto([trouble("1"), lamp], What.CODE).units == 2


def test_the_units_fault_and_the_stations_are_told_apart() -> None:
    outcomes = (FAIL, StepOutcome.ERROR, StepOutcome.TIMEOUT, StepOutcome.ABORTED)
    each = [trouble("1", outcome=outcome, phase=outcome.value) for outcome in outcomes]
    assert [bar.name for bar in pareto(of_units(each), What.PHASE).bars] == ["fail"]
    assert {bar.name for bar in pareto(of_stations(each), What.PHASE).bars} == {
        *("error", "timeout", "aborted"),
    }


def test_nothing_went_wrong() -> None:
    told = pareto([], What.CAUSE)
    assert (told.bars, told.runs, told.units, told.is_known) == ((), 0, 0, False)
    assert not pareto([trouble("1")], What.CAUSE).is_known
