"""The station's time never goes backwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from firmline.line.station.clock import FAR, StationClock

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Clocks:
    """A wall clock that somebody sets, and one that only goes on."""

    def __init__(self) -> None:
        self.wall = NOON
        self.monotonic_s = 100.0
        self.told: list[timedelta] = []

    def pass_s(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.monotonic_s += seconds

    def station(self, not_before: datetime | None = None) -> StationClock:
        return StationClock(
            lambda: self.monotonic_s,
            wall=lambda: self.wall,
            not_before=not_before,
            went_far=self.told.append,
        )


def test_it_goes_as_the_wall_clock_does() -> None:
    clocks = Clocks()
    clock = clocks.station()
    clocks.pass_s(1.5)
    assert clock.now() == NOON + timedelta(seconds=1.5)
    assert not clock.behind


def test_a_wall_clock_that_is_set_back_is_not_followed() -> None:
    clocks = Clocks()
    clock = clocks.station()
    clocks.wall -= timedelta(hours=1)
    clocks.pass_s(2)
    assert clock.now() == NOON + timedelta(seconds=2)


def test_one_that_is_set_forward_is() -> None:
    clocks = Clocks()
    clock = clocks.station()
    clocks.wall += timedelta(hours=1)
    assert clock.now() == NOON + timedelta(hours=1)
    clocks.wall -= timedelta(hours=1)
    clocks.pass_s(1)
    assert clock.now() == NOON + timedelta(hours=1, seconds=1)


def test_behind_its_records_it_goes_on_from_them() -> None:
    clocks = Clocks()
    clock = clocks.station(NOON + timedelta(minutes=3))
    assert clock.behind == timedelta(minutes=3)
    clocks.pass_s(1)
    assert clock.now() == NOON + timedelta(minutes=3, seconds=1)


def test_one_that_goes_far_forward_is_told_of_once() -> None:
    clocks = Clocks()
    clock = clocks.station()
    clocks.wall += FAR
    clock.now()
    assert clocks.told == [], "a clock that drifts is corrected without a word"
    clocks.wall += timedelta(days=1)
    clock.now()
    clocks.pass_s(1)
    clock.now()
    assert clocks.told == [timedelta(days=1)]
