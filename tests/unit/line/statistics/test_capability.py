"""Capability indices and what is said beside them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from firmline.line.statistics.capability import capability
from unit.line.statistics.readings_made import series


def drawn(number: int, mean: float = 20, sigma: float = 1, seed: int = 1) -> list[float]:
    draw = Random(seed)
    return [draw.gauss(mean, sigma) for _ in range(number)]


def test_the_nearer_limit_decides() -> None:
    fit = capability(series(drawn(2000), least=14, most=29))
    assert fit.cpk is not None
    assert fit.ppk is not None
    assert fit.cpk.value == pytest.approx(2, abs=0.1)
    assert fit.ppk.value == pytest.approx(2, abs=0.1)
    assert fit.cpk.low < 2 < fit.cpk.high
    assert (fit.least, fit.most, fit.readings) == (14, 29, 2000)
    assert (fit.outside.count, fit.outside.of, fit.remarks) == (0, 2000, ())


def test_bissells_interval() -> None:
    values = [19.0, 21.0] * 25  # mean 20, sigma 1.0102 of 50
    fit = capability(series(values, most=24))
    assert fit.ppk is not None
    assert round(fit.ppk.value, 4) == 1.3199
    # 1.96 x sqrt(1 / (9 x 50) + 1.32^2 / (2 x 49)) = 0.2772
    assert round(fit.ppk.high - fit.ppk.value, 3) == 0.277


def test_the_interval_holds_the_truth_about_as_often_as_it_promises() -> None:
    held = {"cpk": 0, "ppk": 0}
    for seed in range(200):
        fit = capability(series(drawn(60, seed=seed), most=24))
        for name in held:
            index = getattr(fit, name)
            held[name] += index.low <= 4 / 3 <= index.high
    assert 178 <= held["ppk"] <= 200
    assert 178 <= held["cpk"] <= 200


def test_a_drift_is_seen_in_ppk_and_not_in_cpk() -> None:
    drifting = [value + number / 100 for number, value in enumerate(drawn(500))]
    fit = capability(series(drifting, least=15, most=30))
    assert fit.cpk is not None
    assert fit.ppk is not None
    assert fit.ppk.value < 0.7 * fit.cpk.value
    assert fit.sigma_within == pytest.approx(1, abs=0.1)


def test_what_lay_outside_is_counted() -> None:
    fit = capability(series([1, 2, 3, 4, 5] * 4, least=2, most=4))
    assert (fit.outside.count, fit.outside.of) == (8, 20)
    assert fit.cpk is not None
    assert fit.cpk.value < 0.5


@pytest.mark.parametrize(
    ("values", "least", "most"),
    [(drawn(50), None, None), ([5.0] * 50, 1, 9), (drawn(9), 1, 90), ([5.0], 1, 9)],
    ids=["no limit", "no spread", "too few", "one"],
)
def test_where_nothing_can_be_said_nothing_is(
    values: list[float], least: float | None, most: float | None
) -> None:
    fit = capability(series(values, least=least, most=most))
    assert (fit.cpk, fit.ppk) == (None, None)


def test_the_newest_limits_count_and_a_change_is_told() -> None:
    made = series(drawn(50), most=30)
    newest = replace(made.readings[-1], most=25.0)
    fit = capability(replace(made, readings=(*made.readings[:-1], newest)))
    assert fit.most == 25
    assert fit.remarks == ("Its limits were changed meanwhile; the newest ones are used.",)


def test_counts_are_told_to_be_no_normal_distribution() -> None:
    fit = capability(series([1, 1, 2, 1, 3] * 5, most=4))
    assert "3 values only" in fit.remarks[0]
    assert "1 value only" in capability(series([1] * 12)).remarks[0]
