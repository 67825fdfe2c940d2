"""Shares and their intervals, beside published numbers."""

from __future__ import annotations

import pytest

from firmline.line.statistics.proportion import Share


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # R: prop.test(x, n, correct = FALSE)$conf.int, which is Wilson's score interval.
        (81, 263, 0.2553, 0.3662),  # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(count: int, of: int, low: float, high: float) -> None:
    interval = Share(count, of).interval
    assert interval is not None
    assert interval == pytest.approx((low, high), abs=5e-5)


def test_all_of_many_is_not_surely_all() -> None:
    low, high = Share(1000, 1000).interval or (0, 0)
    assert (high, round(low, 4)) == (1.0, 0.9962)


def test_of_nothing_there_is_no_share() -> None:
    share = Share(0, 0)
    assert (share.value, share.interval) == (None, None)


@pytest.mark.parametrize("of", [1, 2, 7, 100, 10**7])
def test_the_interval_holds_the_share_and_stays_within_bounds(of: int) -> None:
    for count in {0, 1, of // 2, of - 1, of}:
        share = Share(count, of)
        low, high = share.interval or (1, 0)
        assert 0 <= low <= count / of <= high <= 1
        assert low < high
