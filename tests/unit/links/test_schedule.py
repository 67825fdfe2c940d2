"""Connection events and the packets in them (physics spec, section 5)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from firmline.links.virtual_radio.schedule import IFS_S, LinkSchedule, Owner, airtime_s
from firmline.links.virtual_time import run_in_virtual_time

_T = TypeVar("_T")
PAYLOAD = 244
HEADERS = 7
"""In front of a write's bytes: 4 of L2CAP, 3 of ATT."""


@pytest.mark.parametrize(
    ("octets", "phy", "pair_us"), [(251, 1, 2468), (251, 2, 1392), (27, 1, 676), (27, 2, 496)]
)
def test_a_pair_of_packets_lasts_as_the_spec_says(octets: int, phy: int, pair_us: int) -> None:
    pair_s = airtime_s(octets, phy) + IFS_S + airtime_s(0, phy) + IFS_S
    assert pair_s == pytest.approx(pair_us * 1e-6)


class Radio:
    """An owner that writes down what it is told."""

    def __init__(self) -> None:
        self.used: list[tuple[float, float]] = []
        self.deaf_s = 0.0

    def radio_used(self, start_s: float, end_s: float) -> None:
        self.used.append((start_s, end_s))

    def deaf_until_s(self, now_s: float) -> float:
        return max(now_s, self.deaf_s)


class Line:
    """A schedule, and when things came through it."""

    def __init__(
        self, interval_s: float, *, octets: int = 251, phy: int = 1, packets: int | None = None
    ) -> None:
        self.radio = Radio()
        self.arrived: list[tuple[float, str]] = []
        owners: list[Owner] = [self.radio]
        self.schedule = LinkSchedule(
            interval_s=interval_s,
            supervision_s=4.0,
            owners=lambda: owners,
            packets_per_event=packets,
        )
        self.schedule.octets, self.schedule.phy = octets, phy

    def send(self, what: str, size: int = PAYLOAD + HEADERS, *, back: bool = False) -> None:
        now = asyncio.get_running_loop().time
        self.schedule.send(
            from_central=not back,
            size=size,
            arrive=lambda: self.arrived.append((now(), what)),
            sent=lambda: self.arrived.append((now(), f"{what} sent")),
        )

    @property
    def order(self) -> list[str]:
        return [what for _, what in self.arrived if not what.endswith("sent")]


def play(story: Callable[[], Awaitable[_T]]) -> _T:
    async def main() -> _T:
        return await story()

    return run_in_virtual_time(main())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("interval_ms", "phy", "octets", "packets", "rate"),
    [
        (7.5, 1, 251, None, 97.6),
        (15, 1, 251, None, 97.6),
        (50, 1, 251, None, 97.6),
        (7.5, 2, 251, None, 162.7),
        (30, 2, 251, None, 170.8),
        (15, 1, 251, 4, 65),
        (30, 2, 251, 4, 32.5),
        (15, 1, 251, 6, 98),
        (30, 1, 251, 6, 49),
    ],
)
def test_rates_are_those_the_spec_computes(
    interval_ms: float, phy: int, octets: int, packets: int | None, rate: float
) -> None:
    async def story() -> float:
        line = Line(interval_ms / 1000, octets=octets, phy=phy, packets=packets)
        for _ in range(3000):
            line.send("packet")
        await asyncio.sleep(200)
        times = [at_s for at_s, what in line.arrived if what == "packet"]
        return 2999 * PAYLOAD / (times[-1] - times[0]) / 1000

    assert play(story) == pytest.approx(rate, rel=0.012)


def test_short_packets_of_an_old_link_are_slow() -> None:
    """20 bytes in 27: 29.3 kB/s at 15 ms; what is longer is cut into several."""

    async def story() -> tuple[float, float]:
        line = Line(0.015, octets=27)
        for _ in range(3000):
            line.send("short", 20 + HEADERS)
        await asyncio.sleep(100)
        times = [at_s for at_s, what in line.arrived if what == "short"]
        line.arrived.clear()
        line.send("long", 251)
        await asyncio.sleep(1)
        return 2999 * 20 / (times[-1] - times[0]) / 1000, len(line.radio.used) - 3000

    rate, pieces = play(story)
    assert rate == pytest.approx(29.3, rel=0.01)
    assert pieces == 10


def test_nothing_is_in_the_air_before_the_first_event() -> None:
    async def story() -> list[tuple[float, str]]:
        line = Line(0.03)
        line.send("first", 10)
        await asyncio.sleep(1)
        return line.arrived

    (arrives_s, what), (sent_s, sent) = play(story)
    assert (what, sent) == ("first", "first sent")
    assert arrives_s == pytest.approx(0.03 + airtime_s(10, 1))
    assert sent_s == pytest.approx(0.03 + airtime_s(10, 1) + airtime_s(0, 1) + 2 * IFS_S)


def test_what_comes_after_the_end_of_an_event_waits_for_the_next() -> None:
    async def story() -> list[float]:
        line = Line(0.03)
        await asyncio.sleep(0.031)  # the first event, at 0.03, had nothing to carry
        line.send("late", 10)
        await asyncio.sleep(1)
        return [at_s for at_s, what in line.arrived if what == "late"]

    assert play(story) == [pytest.approx(0.06 + airtime_s(10, 1))]


def test_an_answer_goes_in_the_same_event_if_it_is_open() -> None:
    async def story() -> list[tuple[float, str]]:
        line = Line(0.03)
        for number in range(3):
            line.send(f"there {number}", 100)
        line.send("back", 50, back=True)
        await asyncio.sleep(1)
        return line.arrived

    arrived = play(story)
    assert [what for _, what in arrived if "sent" not in what] == [
        *("there 0", "back", "there 1", "there 2"),
    ]
    assert arrived[-1][0] < 0.06


def test_an_answer_to_a_single_request_waits_for_the_next_event() -> None:
    """The request did not say that more follows, and nobody answers within 150 us."""

    async def story() -> list[tuple[float, str]]:
        line = Line(0.03)
        loop = asyncio.get_running_loop()
        heard: list[tuple[float, str]] = []

        def ask() -> None:
            line.schedule.send(from_central=True, size=10, arrive=answer)

        def answer() -> None:
            heard.append((loop.time(), "asked"))
            line.schedule.send(from_central=False, size=10, arrive=answered)

        def answered() -> None:
            heard.append((loop.time(), "answered"))
            if len(heard) < 6:
                ask()

        ask()
        await asyncio.sleep(1)
        return heard

    times = [at_s for at_s, _ in play(story)]
    assert times[1] - times[0] == pytest.approx(0.03, abs=0.001)
    assert times[2] - times[0] == pytest.approx(0.06, abs=0.001)
    assert times[4] - times[0] == pytest.approx(0.12, abs=0.001)


@pytest.mark.parametrize("back", [False, True])
def test_each_way_keeps_its_order(back: bool) -> None:
    async def story() -> list[str]:
        line = Line(0.0075, octets=27)
        for number in range(40):
            line.send(str(number), 10 + 37 * (number % 5), back=back)
            await asyncio.sleep(0.002 * (number % 3))
        await asyncio.sleep(1)
        return line.order

    assert play(story) == [str(number) for number in range(40)]


def test_a_deaf_peripheral_is_tried_again_in_later_events() -> None:
    async def story() -> list[float]:
        line = Line(0.0075)
        line.radio.deaf_s = 0.1
        line.send("patient", 10)
        await asyncio.sleep(1)
        return [at_s for at_s, what in line.arrived if what == "patient"]

    (at_s,) = play(story)
    assert 0.1 < at_s < 0.11


def test_the_radio_is_on_for_every_pair_and_told_when() -> None:
    async def story() -> list[tuple[float, float]]:
        line = Line(0.0075)
        for _ in range(5):
            line.send("packet")
        await asyncio.sleep(1)
        return line.radio.used

    used = play(story)
    assert len(used) == 5
    assert all(end_s - start_s == pytest.approx(2468e-6) for start_s, end_s in used)
    assert [used[index][1] <= used[index + 1][0] for index in range(4)] == [True] * 4


def test_after_its_end_a_connection_still_sends_what_waited_and_takes_no_more() -> None:
    async def story() -> list[str]:
        line = Line(0.0075)
        line.send("waited")
        line.schedule.close()
        line.send("too late")
        await asyncio.sleep(1)
        return line.order

    assert play(story) == ["waited"]


def test_a_side_that_loses_its_power_sends_nothing_more() -> None:
    async def story() -> list[str]:
        line = Line(0.0075)
        line.send("from the host")
        line.send("from the unit", back=True)
        line.schedule.cut(from_central=False)
        await asyncio.sleep(1)
        return line.order

    assert play(story) == ["from the host"]


def test_a_new_interval_holds_from_the_next_event_on() -> None:
    async def story() -> list[float]:
        line = Line(0.0075, packets=1)
        for _ in range(3):
            line.send("packet")
        await asyncio.sleep(0.0101)
        line.schedule.interval_s = 0.05
        await asyncio.sleep(1)
        return [at_s for at_s, what in line.arrived if what == "packet"]

    first, second, third = play(story)
    assert second - first == pytest.approx(0.0075)
    assert third - second == pytest.approx(0.05)
