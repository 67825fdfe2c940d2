"""Spreads and the constants of control charts, beside the tables of the textbooks."""

from __future__ import annotations

from math import sqrt

import pytest

from firmline.line.statistics.spread import D2, D3, c4, moving_ranges, overall, pooled, within
from unit.line.statistics.readings_made import series


def test_the_constants_are_those_of_the_tables() -> None:
    # Montgomery, appendix VI: d2 and d3 for 2, D4 for 2, 3/d2; c4, B3 and B4 for 5 and 25.
    assert round(D2, 3) == 1.128
    assert round(D3, 3) == 0.853
    assert round(3 / D2, 2) == 2.66
    assert round(1 + 3 * D3 / D2, 3) == 3.267
    assert round(c4(4), 4) == 0.9400
    assert round(c4(24), 4) == 0.9896
    assert round(3 / (c4(4) * sqrt(5)), 3) == 1.427
    assert round(1 + 3 * sqrt(1 - c4(4) ** 2) / c4(4), 3) == 2.089
    assert round(1 - 3 * sqrt(1 - c4(24) ** 2) / c4(24), 3) == 0.565


def test_the_spread_of_all_is_the_standard_deviation() -> None:
    found = overall([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])
    assert found is not None
    assert (round(found.sigma, 4), found.freedom) == (2.1381, 7)
    assert overall([1.0]) is None


def test_the_spread_from_run_to_run_comes_of_moving_ranges() -> None:
    made = series([10, 12, 11, 13])
    assert moving_ranges(made.readings) == [None, 2, 1, 2]
    found = within(made.readings)
    assert found is not None
    assert found.sigma == pytest.approx((5 / 3) / 1.12838, rel=1e-5)
    assert found.freedom == pytest.approx(0.605 * 3)
    assert within(series([10]).readings) is None


def test_slots_that_differ_for_good_do_not_spread_from_run_to_run() -> None:
    made = series([10, 20, 10, 20, 11, 20], slots=2)
    assert moving_ranges(made.readings) == [None, None, 0, 0, 1, 0]
    found = within(made.readings)
    assert found is not None
    assert found.sigma == pytest.approx(0.25 / 1.12838, rel=1e-5)


def test_groups_are_pooled_by_their_sizes() -> None:
    found = pooled([[1.0, 3.0], [5.0, 5.0, 5.0], [9.0]])
    assert found is not None
    assert (round(found.sigma, 6), found.freedom) == (round(sqrt(2 / 3), 6), 3)
    assert pooled([[1.0], []]) is None
