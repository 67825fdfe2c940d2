"""Whether a serial number stands for one unit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.line.doubts import doubts_about
from firmline.line.outcomes import StepOutcome
from firmline.line.records.base import Attempt, UnitHistory
from firmline.line.records.values import Run
from unit.line.records_world import BEGIN, TAG_7, reworked, row, run

OTHER = "C0:FF:EE:00:00:08"
HOUR = timedelta(hours=1)


def history(*ended: tuple[str, Run], reworked_at_h: int | None = None) -> UnitHistory:
    """What was done to a unit, at which stations."""
    attempts = []
    for number, (station, each) in enumerate(ended, 1):
        kept = row(station, 10 * number, each)
        attempts.append(
            Attempt(number=number, name=kept.key, began_at=each.began_at, run=kept)  # type: ignore[arg-type]
        )
    back = (
        () if reworked_at_h is None else (row("r", 1, reworked(at=BEGIN + reworked_at_h * HOUR)),)
    )
    return UnitHistory(unit=TAG_7, attempts=tuple(attempts), reworks=back)  # type: ignore[arg-type]


def at(hours: int, outcome: StepOutcome = StepOutcome.PASS, **more: object) -> Run:
    return replace(run(1, at=BEGIN + hours * HOUR, outcome=outcome), **more)  # type: ignore[arg-type]


def test_a_unit_that_failed_and_passed_is_one() -> None:
    told = history(("north", at(0, StepOutcome.FAIL)), ("south", at(1)))
    assert doubts_about(told) == ()


def test_a_unit_that_passed_at_two_stations_was_scanned_twice() -> None:
    (doubt,) = doubts_about(history(("north", at(0)), ("south", at(1))))
    assert doubt.startswith("It has passed the recipe tag-rev-c 2 times (north, south)")


def test_a_unit_that_came_back_from_rework_may_pass_again() -> None:
    assert doubts_about(history(("north", at(0)), ("south", at(2)), reworked_at_h=1)) == ()


def test_two_recipes_are_passed_one_after_the_other() -> None:
    second = at(1, recipe=replace(run(1).recipe, name="final"))
    assert doubts_about(history(("north", at(0)), ("south", second))) == ()


def test_a_golden_sample_is_not_doubted() -> None:
    golden = at(0, is_golden=True)
    assert doubts_about(history(("north", golden), ("south", golden), ("east", golden))) == ()


def test_one_unit_is_not_at_two_stations_at_once() -> None:
    late = replace(at(0, StepOutcome.FAIL), began_at=BEGIN + timedelta(seconds=30))
    (doubt,) = doubts_about(history(("north", at(0, StepOutcome.FAIL)), ("south", late)))
    assert "at north and at south at the same time (2026-11-23 08:00:30 UTC)" in doubt


@pytest.mark.parametrize(
    ("other", "is_doubted"),
    [
        (OTHER, True),
        ("C0:FF:EE:00:00:07", False),
        ("40:FF:EE:00:00:08", False),  # resolvable: it changes by itself
        ("", False),
        ("7A1B2C3D-0000-1000-8000-00805F9B34FB", False),
    ],
)
def test_a_unit_keeps_its_address_for_life(other: str, is_doubted: bool) -> None:
    told = history(("north", at(0, StepOutcome.FAIL)), ("north", at(1, address=other)))
    doubts = doubts_about(told)
    assert len(doubts) == is_doubted
    assert all("2 addresses (C0:FF:EE:00:00:07, C0:FF:EE:00:00:08)" in each for each in doubts)


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.sampled_from([StepOutcome.FAIL, StepOutcome.ERROR])),
        min_size=1,
        max_size=8,
    )
)
def test_failures_at_one_station_raise_no_doubt(runs: list[tuple[int, StepOutcome]]) -> None:
    told = history(*(("north", at(hours, outcome)) for hours, outcome in runs))
    assert doubts_about(told) == ()
