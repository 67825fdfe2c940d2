"""How long somebody waits behind wrong passwords."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.line.accounts.throttle import FREE, LONGEST_S, Tries, another, wait_s
from unit.line.audit_world import BEGIN


def after(count: int, passed_s: float = 0) -> int:
    return wait_s(Tries(count=count, last_at=BEGIN), BEGIN + timedelta(seconds=passed_s))


@pytest.mark.parametrize(
    ("count", "waits"),
    [(0, 0), (1, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (13, 256), (14, 300), (10**9, 300)],
)
def test_each_wrong_password_behind_the_fifth_doubles_the_wait(count: int, waits: int) -> None:
    assert after(count) == waits


def test_nobody_waits_without_a_wrong_password() -> None:
    assert wait_s(None, BEGIN) == 0


def test_the_wait_passes() -> None:
    assert [after(8, passed) for passed in (0, 0.1, 7, 7.5, 8, 9)] == [8, 8, 1, 1, 0, 0]


def test_a_clock_that_was_set_back_makes_nobody_wait_for_hours() -> None:
    assert after(20, -7200) == LONGEST_S


def test_after_a_day_nothing_counts_any_more() -> None:
    tries = Tries(count=50, last_at=BEGIN)
    assert after(50, 24 * 3600) == 0
    assert another(tries, BEGIN + timedelta(days=1)).count == 1
    assert another(tries, BEGIN + timedelta(hours=23)).count == 51
    assert another(None, BEGIN) == Tries(count=1, last_at=BEGIN)


@given(st.integers(0, 10**6), st.floats(0, 10**6))
def test_a_wait_is_never_negative_nor_longer_than_the_longest(count: int, passed: float) -> None:
    assert 0 <= after(count, passed) <= LONGEST_S


@given(st.integers(0, 100))
def test_a_guesser_who_never_pauses_has_few_tries_in_a_day(start: int) -> None:
    now, tries, made = BEGIN, Tries(count=start, last_at=BEGIN), 0
    while now < BEGIN + timedelta(days=1):
        now += timedelta(seconds=wait_s(tries, now))
        tries, made = another(tries, now), made + 1
    assert made <= 288 + FREE + 9
