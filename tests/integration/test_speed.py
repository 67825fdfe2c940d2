"""Updates at the speed of the flash, in virtual time: nothing is overrun, and nothing leaks.

The unit's true costs are known here, and nowhere in the host: it learns them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from firmline import events
from firmline.device.chips import chip
from firmline.device.faults.plan import CorruptedPackets, FaultPlan, LostPackets
from firmline.device.physics.timing import Timing
from firmline.events import Outcome
from firmline.protocol.object_stream import MOST_WAITING
from firmline.protocol.pacing import AHEAD, FOR_BLUETOOTH, Pacing
from integration import story
from unit.device.makers import describe

pytestmark = pytest.mark.slow
SIZE, OBJECT, PACKET, CHUNK = 60_000, 4096, 244, 20
OBJECTS = -(-SIZE // OBJECT)
PACKETS = 17
LEARNED = 36
"""Packets until the first object is executed, those with it that are offered in vain."""
FAST, SLOW = 0.000_3, 0.005
"""Seconds that a unit's SoftDevice adds to a write of 20 bytes (physics spec, section 6)."""
CHUNKS = (FAST, 0.001, SLOW)


@dataclass(kw_only=True)
class Told(story.Told):
    """How an update went, of a unit whose costs are known here."""

    timing: Timing
    packet: int
    interval_s: float

    @property
    def image_s(self) -> float:
        """From the first CREATE of data to the answer to the last EXECUTE."""
        begin_s = next(e.at_s for e in self.of(events.RequestSent) if e.data[:2] == b"\x01\x02")
        return self.of(events.ImageSent)[0].at_s - begin_s

    @property
    def true_limit_s(self) -> float:
        """What this unit's flash needs at this interval, and nothing else."""
        timing, (count, rest) = self.timing, divmod(OBJECT, self.packet)
        whole = [self.packet] * count + [rest]
        chunks = sum(-(-size // CHUNK) for size in whole)
        waits = timing.erase_page_s > self.interval_s - timing.radio_event_s
        object_s = (
            timing.erase_page_s
            + timing.patience_s * waits
            + OBJECT / 4 * timing.write_word_s
            + chunks * timing.chunk_s
        )
        (started,) = self.of(events.ImageStarted)
        return started.size / OBJECT * object_s


def update(
    *,
    on: str = "nrf52840",
    chunk_s: float = FAST,
    interval_s: float = 0.015,
    patience_s: float | None = None,
    faults: FaultPlan | None = None,
    size: int = SIZE,
    mtu: int = 247,
    pacing: Pacing = AHEAD,
    **radio: Any,
) -> Told:
    """One update of one unit that keeps its SoftDevice's patience."""
    timing = replace(Timing.of(chip(on)), chunk_s=chunk_s)
    timing = timing if patience_s is None else replace(timing, patience_s=patience_s)
    told = story.update(
        describe(chip=chip(on), timings=timing, faults=faults or FaultPlan()),
        story.package(size, seed="fast"),
        interval_s=interval_s,
        mtu=mtu,
        pacing=pacing,
        **radio,
    )
    return Told(
        result=told.result,
        heard=told.heard,
        unit=told.unit,
        timing=timing,
        packet=(mtu - 3) // 4 * 4,
        interval_s=interval_s,
    )


@pytest.mark.parametrize("on", ["nrf52832-512k", "nrf52840"])
@pytest.mark.parametrize("chunk_s", [FAST, 0.001, 0.002, SLOW])
def test_a_unit_that_is_learned_is_never_overrun_and_seldom_idle(on: str, chunk_s: float) -> None:
    told = update(on=on, chunk_s=chunk_s)
    assert told.result.finished.outcome is Outcome.UPDATED
    assert told.true_limit_s / told.image_s > 0.9
    assert told.of(events.ObjectLost) == []
    # What was only offered to a full queue is told as no damage.
    assert all(e.offset == e.expected_offset for e in told.of(events.CrcChecked))
    learned_s = told.of(events.FlashLearned)[0].at_s
    dropped = [entry for entry in told.unit.log if entry.what == "packet_dropped"]
    assert all(entry.at_s < learned_s for entry in dropped)
    assert "packet_without_buffer" not in told.logged


@pytest.mark.parametrize("on", ["nrf52832-512k", "nrf52840"])
def test_what_is_learned_are_bounds_and_close_ones(on: str) -> None:
    told = update(on=on, chunk_s=0.001)
    timing, last = told.timing, told.of(events.FlashLearned)[-1]
    packet_s = PACKET / 4 * timing.write_word_s + 13 * timing.chunk_s
    erase_s = timing.erase_page_s + timing.patience_s
    assert packet_s * 16.8 / 17 <= last.packet_s < 1.3 * packet_s
    assert erase_s <= last.erase_s < 1.3 * erase_s
    true_s = told.true_limit_s * OBJECT / SIZE
    assert last.least_object_s is not None
    assert 0.97 * true_s < last.least_object_s <= true_s
    assert true_s <= last.object_s < 1.1 * true_s


def test_the_share_that_is_told_is_the_true_one() -> None:
    """Or somewhat less: what flash surely needs."""
    told = update(size=150_000)
    share = told.result.finished.limit_share
    assert share is not None
    true = told.true_limit_s / told.image_s
    assert true - 0.03 < share <= true


@pytest.mark.parametrize("on", ["nrf52832-512k", "nrf52840"])
@pytest.mark.parametrize("chunk_s", [FAST, 0.001, SLOW])
def test_where_erases_wait_for_no_gap_nothing_is_overrun_and_the_share_stays_near(
    on: str, chunk_s: float
) -> None:
    """The radio is deaf while a page is erased: CREATE is answered when that is over."""
    told = update(on=on, chunk_s=chunk_s, patience_s=0.0, size=150_000)
    assert told.of(events.ObjectLost) == []
    share = told.result.finished.limit_share
    assert share is not None
    true = told.true_limit_s / told.image_s
    assert true - 0.08 < share <= true


@pytest.mark.parametrize("mtu", [23, 27, 64, 100, 185, 247])
@pytest.mark.parametrize(
    ("interval_ms", "chunk_s"),
    # At 7.5 ms a SoftDevice that is slow finds no gap for its writes: see the next tests.
    [
        *((interval_ms, chunk_s) for interval_ms in (7.5, 11.25) for chunk_s in (FAST, 0.001)),
        *((interval_ms, chunk_s) for interval_ms in (15, 30, 50, 100) for chunk_s in CHUNKS),
    ],
)
def test_no_queue_is_overrun_once_it_was_learned_and_no_share_is_told_too_high(
    mtu: int, interval_ms: float, chunk_s: float
) -> None:
    """Whatever the packets and the connection are like."""
    told = update(chunk_s=chunk_s, mtu=mtu, interval_s=interval_ms / 1000)
    assert told.result.finished.outcome is Outcome.UPDATED
    assert told.of(events.ObjectLost) == []
    learned_s = told.of(events.FlashLearned)[0].at_s
    assert all(e.at_s < learned_s for e in told.unit.log if e.what == "packet_dropped")
    assert "packet_without_buffer" not in told.logged
    share = told.result.finished.limit_share
    assert share is None or share <= told.true_limit_s / told.image_s


STARVED = [
    ("nrf52832-512k", 0.0075, 0.004),
    ("nrf52832-512k", 0.0075, SLOW),
    ("nrf52832-512k", 0.00875, SLOW),
    ("nrf52840", 0.0075, SLOW),
]
"""Chips, intervals and costs with which a write of 20 bytes fits between no two radio events."""


@pytest.mark.parametrize(("on", "interval_s", "chunk_s"), STARVED)
@pytest.mark.parametrize("mtu", [23, 100, 185, 247])
def test_flash_that_gets_no_time_is_given_a_longer_interval_before_anything_is_lost(
    on: str, interval_s: float, chunk_s: float, mtu: int
) -> None:
    told = update(on=on, chunk_s=chunk_s, interval_s=interval_s, mtu=mtu)
    assert told.result.finished.outcome is Outcome.UPDATED
    assert [(e.step, e.fault) for e in told.of(events.LadderStepped)] == [
        ("longer-interval", "flash-starved")
    ]
    assert told.of(events.FlashStarved) == []
    assert told.unit.mode is events.UnitMode.APPLICATION
    assert "packet_without_buffer" not in told.logged
    assert "buffer_lost" not in told.logged
    # At 7.5 ms it would be below a tenth: a write of 20 bytes waits 78 ms there.
    assert told.true_limit_s / told.image_s > (0.6 if mtu == 23 else 0.85)


@pytest.mark.parametrize("pacing", [FOR_BLUETOOTH, replace(AHEAD, leaves_starved=False)])
def test_flash_that_gets_no_time_where_nobody_can_ask_for_more_is_told_and_loses_nothing(
    pacing: Pacing,
) -> None:
    told = update(chunk_s=SLOW, interval_s=0.0075, size=9_000, pacing=pacing)
    assert told.result.finished.outcome is Outcome.UPDATED
    assert len(told.of(events.FlashStarved)) == 1
    assert told.of(events.LadderStepped) == []
    assert told.of(events.ObjectLost) == []
    assert told.of(events.ObjectRepeated) == []
    assert "buffer_lost" not in told.logged


@pytest.mark.parametrize("lost", range(OBJECTS))
def test_a_packet_lost_in_any_object_costs_that_object_and_no_buffer(lost: int) -> None:
    """Another one of them each time."""
    # The init packet is the first of all, and the first object is learned from.
    nth = 2 if not lost else LEARNED + (lost - 1) * PACKETS + 1 + lost % 10
    told = update(faults=FaultPlan(faults=(LostPackets(first=nth),)))
    assert told.result.finished.outcome is Outcome.UPDATED
    assert "packet_without_buffer" not in told.logged
    assert "buffer_lost" not in told.logged
    sent = [e.offset for e in told.of(events.ObjectCreated) if e.object_type == "data"]
    assert len(sent) - len(set(sent)) == 1


def test_bytes_that_arrive_wrong_and_complete_are_sent_again_from_the_start() -> None:
    told = update(faults=FaultPlan(faults=(CorruptedPackets(first=80),)))
    assert told.result.finished.outcome is Outcome.UPDATED
    assert len(told.of(events.StartedAfresh)) == 1


def test_a_host_that_loses_packets_all_the_time_goes_step_by_step_in_the_end() -> None:
    told = update(faults=FaultPlan(faults=(LostPackets(first=60, every=45),)))
    assert told.result.finished.outcome is Outcome.UPDATED
    assert len(told.of(events.ObjectLost)) == 3
    assert "buffer_lost" not in told.logged


@pytest.mark.parametrize("mtu", [23, 100, 185, 247])
@pytest.mark.parametrize("size", [4, 244, 4096, 4100, 8192, 12_284, 20_000])
def test_any_size_arrives_in_packets_of_any_size(size: int, mtu: int) -> None:
    told = update(size=size, mtu=mtu)
    assert told.result.finished.outcome is Outcome.UPDATED
    assert told.of(events.ObjectLost) == []


@pytest.mark.parametrize("interval_s", [0.0075, 0.03, 0.05, 0.1])
def test_at_any_interval_nothing_is_lost(interval_s: float) -> None:
    told = update(interval_s=interval_s)
    assert told.result.finished.outcome is Outcome.UPDATED
    assert told.of(events.ObjectLost) == []


def waiting_executes(told: Told) -> list[tuple[events.Event, int]]:
    """Every event of the image, with how many EXECUTEs were unanswered when it happened."""
    waiting, seen = 0, []
    begun = False
    for event in told.heard:
        match event:
            case events.RequestSent(request="object_create", data=data):
                begun = begun or data.startswith(b"\x01\x02")
            case events.RequestSent(request="object_execute"):
                waiting += 1
            case events.AnswerReceived(data=data) if data.startswith(b"\x60\x04"):
                waiting -= 1
        if begun:
            seen.append((event, waiting))
    return seen


@pytest.mark.parametrize("size", [40_000, SIZE, 24 * OBJECT])
def test_executes_wait_in_bounds_and_none_while_the_last_object_is_written(size: int) -> None:
    """One that waits then would end the image before the last EXECUTE was heard (section 4)."""
    told = update(size=size)
    assert told.result.finished.outcome is Outcome.UPDATED
    seen = waiting_executes(told)
    assert 1 < max(waiting for _, waiting in seen) <= MOST_WAITING
    last = [
        waiting
        for event, waiting in seen
        if isinstance(event, events.PacketsSent) and event.offset == size
    ]
    assert last == [0]


@pytest.mark.parametrize("lost", [None, 60, 200])
def test_no_packet_leaves_before_its_create_was_answered(lost: int | None) -> None:
    faults = FaultPlan() if lost is None else FaultPlan(faults=(LostPackets(first=lost),))
    told = update(faults=faults)
    is_open = False
    for event in told.heard:
        match event:
            case events.RequestSent(request="object_create", data=data):
                is_open = not data.startswith(b"\x01\x02")
            case events.AnswerReceived(data=b"\x60\x01\x01"):
                is_open = True
            case events.PacketsSent(object_type="data"):
                assert is_open
    assert "buffer_lost" not in told.logged
