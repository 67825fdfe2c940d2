"""Control charts of individuals and of subgroups."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from firmline.line.statistics.charts import SHOWN, control_charts
from firmline.line.statistics.grouping import By
from firmline.line.statistics.readings import Series, series_of
from firmline.line.statistics.rules import RuleSet
from unit.line.statistics.readings_made import BEGIN, reading, series

STEADY = [10.0, 11.0] * 10


def test_individuals_have_limits_of_three_standard_deviations() -> None:
    charts = control_charts(series(STEADY))
    assert charts is not None
    room = 2.6596  # 3 / d2 x a mean moving range of 1
    point = charts.location.points[-1]
    assert charts.location.centre == 10.5
    assert (point.low, point.high) == pytest.approx((10.5 - room, 10.5 + room), abs=1e-3)
    assert point.at == BEGIN + timedelta(minutes=19)
    assert charts.location.out == charts.spread.out == ()
    assert charts.spread.centre == pytest.approx(1)
    assert charts.spread.points[0].high == pytest.approx(3.267, abs=1e-3)
    assert len(charts.spread.points) == 19, "the first run has none before it"


def test_a_jump_is_out_in_both_charts() -> None:
    charts = control_charts(series([*STEADY, 18.0]))
    assert charts is not None
    assert [(each.value, each.rules) for each in charts.location.out] == [(18.0, ("WE 1",))]
    assert [each.rules for each in charts.spread.out] == [("WE 1",)]


def test_a_shift_that_stays_is_found_by_a_run() -> None:
    charts = control_charts(series([*STEADY, *(value + 1.4 for value in STEADY[:10])]))
    assert charts is not None
    assert any("WE 4" in each.rules for each in charts.location.out)
    nelson = control_charts(series([*STEADY, *STEADY]), rules=RuleSet.NELSON)
    assert nelson is not None
    assert {name for each in nelson.location.out for name in each.rules} == {
        *("Nelson 4", "Nelson 7"),
    }


def test_the_newest_points_are_shown_with_the_limits_of_all() -> None:
    draw = Random(1)
    values = [draw.gauss(5, 1) for _ in range(3 * SHOWN)]
    charts = control_charts(series(values))
    assert charts is not None
    assert len(charts.location.points) == len(charts.spread.points) == SHOWN
    assert [each.value for each in charts.location.points] == values[-SHOWN:]
    assert charts.location.centre == pytest.approx(sum(values) / len(values))


def test_without_spread_nothing_is_out() -> None:
    charts = control_charts(series([5.0] * 30))
    assert charts is not None
    assert charts.location.out == charts.spread.out == ()


@pytest.mark.parametrize("by", [None, By.STATION, By.HOUR])
def test_one_reading_makes_no_chart(by: By | None) -> None:
    assert control_charts(series([5.0]), by=by) is None


def hours(*groups: list[float]) -> Series:
    """Groups of readings, an hour apart."""
    readings = [
        reading(value, 60 * hour + minute)
        for hour, group in enumerate(groups)
        for minute, value in enumerate(group)
    ]
    return series_of(readings)[0]


def test_subgroups_have_limits_by_their_size() -> None:
    charts = control_charts(hours([9, 10, 11, 10], [10, 12], [9, 11, 10, 10]), by=By.HOUR)
    assert charts is not None
    sigma = ((2 + 2 + 2) / 7) ** 0.5
    first, second, _ = charts.location.points
    assert charts.location.centre == 10.2
    assert first.high == pytest.approx(10.2 + 3 * sigma / 4**0.5)
    assert second.high == pytest.approx(10.2 + 3 * sigma / 2**0.5)
    assert [each.value for each in charts.location.points] == [10, 11, 10]
    assert charts.spread.points[0].value == pytest.approx((2 / 3) ** 0.5)
    assert charts.spread.points[0].low == 0
    assert charts.spread.points[0].high == pytest.approx(2.266 * 0.9213 * sigma, rel=1e-3)


def test_an_hour_that_lies_elsewhere_is_out() -> None:
    charts = control_charts(
        hours(*[[8.6, 9.6, 10.6], [10.0, 11.0, 12.0]] * 5, [14.0, 15.0, 16.0]), by=By.HOUR
    )
    assert charts is not None
    (out,) = charts.location.out
    assert (out.at, out.value) == (BEGIN + timedelta(hours=10), 15)
    assert charts.location.what == "mean of each hour"


def test_an_hour_that_spreads_more_is_out() -> None:
    charts = control_charts(hours(*[[9.9, 10.0, 10.1]] * 9, [5.0, 10.0, 15.0]), by=By.HOUR)
    assert charts is not None
    assert [each.at for each in charts.spread.out] == [BEGIN + timedelta(hours=9)]


def test_hours_with_one_reading_each_make_no_chart() -> None:
    assert control_charts(hours([1.0], [2.0], [3.0]), by=By.HOUR) is None
    assert control_charts(hours([1.0, 2.0], [2.0]), by=By.DAY) is None


def test_series_are_told_apart_by_step_name_and_unit() -> None:
    readings = [reading(1), reading(2)]
    (made,) = series_of(readings)
    assert made.label == "measure: duration (s)"
    assert len(made.readings) == 2
    assert series_of([]) == ()
