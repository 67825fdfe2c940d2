"""The ladder at work over a road: what each step does to the unit, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from firmline import events
from firmline.device.profile import PROFILES
from firmline.device.radio_face import AttStatus, ResetKind
from firmline.device.synthetic import synthetic_bytes
from firmline.errors import Code, TransportReason
from firmline.events import Event, Outcome, UnitMode
from firmline.protocol.channels import Channel
from firmline.protocol.pacing import AHEAD, FOR_BLUETOOTH, NO_PAUSES
from firmline.protocol.requests import ExecuteObject, SelectObject, encode_request
from firmline.updater.ladder import MAX_WITHOUT_PROGRESS, Ladder, Step
from firmline.updater.radio.entering import PinnedUnit
from firmline.updater.radio.recovery import Changes, RadioRecovery
from firmline.updater.road import Method
from firmline.updater.timeouts import Timeouts
from firmline.values import FwVersion
from unit.device.makers import ADDRESS, BANK_0
from unit.updater.fakes import (
    IMAGE,
    FakeLink,
    Story,
    firmware,
    package,
    running_unit,
    tell,
    transport_error,
)

PLANNED = Method(prn=0, pacing=FOR_BLUETOOTH)


def steps_of(story: Story) -> list[str]:
    return [event.step for event in story.of(events.LadderStepped)]


def on_step(link: FakeLink, name: str, nth: int, act: Callable[[], None]) -> None:
    """Do something when a step is taken for the nth time."""
    seen = [0]

    def interfere(step: str) -> None:
        if step == name:
            seen[0] += 1
            if seen[0] == nth:
                act()

    link.interfere = interfere


def is_new(link: FakeLink) -> bool:
    assert link.unit is not None
    return link.unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE


# How objects are sent.


def test_nothing_is_changed_at_first() -> None:
    changes = Changes()
    assert changes.mtu(247) == 247
    assert changes.method(PLANNED, packet_size=244) == PLANNED


@pytest.mark.parametrize(("links_lost", "streams"), [(0, True), (2, True), (3, False), (9, False)])
def test_where_links_do_not_last_nothing_is_sent_ahead(links_lost: int, streams: bool) -> None:
    method = Changes(links_lost=links_lost).method(Method(prn=0, pacing=AHEAD), packet_size=244)
    assert method.pacing == replace(AHEAD, streams=streams, leaves_starved=False)


@pytest.mark.parametrize("is_short", [False, True])
def test_starved_flash_is_left_only_where_a_longer_interval_is_there_to_be_asked_for(
    is_short: bool,
) -> None:
    changes = Changes(interval_is_short=is_short)
    ahead = changes.method(Method(prn=0, pacing=AHEAD), packet_size=244).pacing
    assert ahead == replace(AHEAD, leaves_starved=is_short)
    assert changes.method(PLANNED, packet_size=244) == PLANNED


def test_each_longer_delay_is_twice_as_long() -> None:
    twice = Changes().after(Step.LONGER_DELAY).after(Step.LONGER_DELAY)
    pacing = twice.method(PLANNED, packet_size=244).pacing
    assert pacing.after_free_s == 4 * FOR_BLUETOOTH.after_free_s
    assert pacing.before_retry_s == 4 * FOR_BLUETOOTH.before_retry_s


def test_a_serial_pacing_stays_without_pauses() -> None:
    slower = Changes().after(Step.LONGER_DELAY)
    assert slower.method(Method(prn=0, pacing=NO_PAUSES), packet_size=64).pacing == NO_PAUSES


@pytest.mark.parametrize(
    ("packet_size", "planned", "prn"),
    [(244, 0, 1), (128, 0, 1), (20, 0, 4), (20, 3, 3), (20, 9, 4)],
)
def test_receipts_are_so_dense_that_little_is_under_way(
    packet_size: int, planned: int, prn: int
) -> None:
    asked = Changes().after(Step.RECEIPTS)
    method = asked.method(replace(PLANNED, prn=planned), packet_size=packet_size)
    assert method.prn == prn


def test_packets_become_smaller_twice_and_never_larger_than_was_agreed() -> None:
    once = Changes().after(Step.SMALLER_PACKETS)
    twice = once.after(Step.SMALLER_PACKETS)
    often = twice.after(Step.SMALLER_PACKETS)
    assert [changes.mtu(247) for changes in (once, twice, often)] == [131, 23, 23]
    assert once.mtu(23) == 23


# What the steps do.


def test_an_application_that_is_hard_to_reach_uses_up_no_step_of_its_bootloader() -> None:
    """The longer interval, say, is for a bootloader that is lost again and again."""
    ladder, heard, lost = Ladder(), list[Event](), transport_error(TransportReason.LOST)
    link = FakeLink(running_unit())
    recovery = RadioRecovery(
        PinnedUnit(link=link, pin=ADDRESS, timeouts=Timeouts(), report=heard.append),
        link=link,
        ladder=ladder,
        timeouts=Timeouts(),
        report=heard.append,
    )
    for _ in range(3):
        recovery.climb(lost)
    assert [event.step for event in heard if isinstance(event, events.LadderStepped)] == [
        "resume"
    ] * 3
    steps = [ladder.decide(lost) for _ in range(3)]
    assert [step.step for step in steps if step] == [
        Step.RESUME,
        Step.RESUME,
        Step.LONGER_INTERVAL,
    ]


async def test_a_unit_that_lost_its_buffers_is_restarted_and_updated() -> None:
    link = FakeLink(running_unit(lost_buffers=17))
    assert link.unit is not None
    link.unit.board.registers.gpregret = 0xB1
    link.unit.reset(ResetKind.SOFT, now_s=link.clock_s)
    link.unit.take_outputs()
    assert link.unit.mode is UnitMode.BOOTLOADER
    story = await tell(link)
    assert steps_of(story) == ["restart", "reenter"]
    assert story.of(events.LadderStepped)[0].fault == "buffers-gone"
    assert is_new(link)
    # It was in its bootloader at first, but its application was seen before it was updated.
    assert story.result.finished.outcome is Outcome.UPDATED


async def test_a_bootloader_that_does_not_restart_is_left_alone_until_its_timer_does() -> None:
    link = FakeLink(running_unit(lost_buffers=17))
    assert link.unit is not None
    link.unit.board.registers.gpregret = 0xB1
    link.unit.reset(ResetKind.SOFT, now_s=link.clock_s)
    link.unit.take_outputs()
    on_step(
        link,
        "write control 0c",
        1,
        lambda: _raise(transport_error(TransportReason.TIMEOUT)),
    )
    began_s = link.clock_s
    story = await tell(link)
    assert steps_of(story) == ["restart", "await-reset", "reenter"]
    assert story.result.finished.outcome is Outcome.UPDATED
    assert link.clock_s - began_s > 120


def _raise(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("restarts", [True, False])
async def test_a_unit_that_takes_no_packet_lacks_its_buffers_or_gets_none(
    restarts: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link = FakeLink(running_unit())
    assert link.unit is not None
    receive = link.unit.receive

    def deaf(channel: Channel, data: bytes, *, now_s: float) -> AttStatus:
        return AttStatus.OK if channel is Channel.PACKET else receive(channel, data, now_s=now_s)

    monkeypatch.setattr(link.unit, "receive", deaf)
    if not restarts:
        on_step(
            link, "write control 0c", 1, lambda: _raise(transport_error(TransportReason.TIMEOUT))
        )

        async def is_not_seen(_unit: PinnedUnit, _mode: UnitMode, *, timeout_s: float) -> bool:
            return timeout_s < 0

        monkeypatch.setattr(PinnedUnit, "is_seen", is_not_seen)
    story = await tell(link)
    # One that has restarted has its buffers again: what is lost then is lost on the way.
    code = Code.NO_PACKET_ARRIVES if restarts else Code.BUFFERS_GONE
    assert story.result.finished.code == code
    assert steps_of(story)[0] == "restart"
    assert not is_new(link)
    # Three attempts in each of two sessions, and no third session.
    assert link.journal.count("write packet") == 2 * 3


async def test_an_image_that_starts_afresh_has_a_new_init_packet() -> None:
    link = FakeLink(running_unit())
    assert link.unit is not None
    flash = link.unit.board.flash
    on_step(link, "write control 04", 3, lambda: flash.load(BANK_0 + 0x1000, bytes(4)))
    story = await tell(link)
    assert steps_of(story) == ["fresh-start", "reenter"]
    assert link.journal.count("write control 01") == 3 + 1 + 3
    assert story.result.finished.outcome is Outcome.UPDATED


@pytest.mark.parametrize("name", ["sdk15.3-ble", "sdk16.0-ble", "sdk17.1-ble"])
async def test_a_link_that_is_lost_all_the_time_is_given_up_after_so_many_steps(name: str) -> None:
    link = FakeLink(running_unit(profile=PROFILES[name]))

    def interfere(step: str) -> None:
        if step == "write control 01":
            raise link.connections[-1].lose(0x08)

    link.interfere = interfere
    story = await tell(link)
    assert story.result.finished.code == Code.LINK_LOST
    assert steps_of(story) == ["resume"] * MAX_WITHOUT_PROGRESS
    assert link.connections[-1].closed


@pytest.mark.parametrize("name", ["sdk16.0-ble", "sdk17.1-ble"])
async def test_a_unit_that_forgets_with_the_link_is_updated_object_by_object(name: str) -> None:
    """Each connection lasts for 60 packets, less than the image has."""
    link = FakeLink(running_unit(profile=PROFILES[name]))
    packets = [0]

    def interfere(step: str) -> None:
        packets[0] += step == "write packet"
        if step == "write packet" and packets[0] % 20 == 0:
            raise link.connections[-1].lose(0x08)

    link.interfere = interfere
    story = await tell(link)
    assert story.result.finished.outcome is Outcome.UPDATED
    assert is_new(link)


async def test_a_unit_that_is_gone_is_looked_for_in_both_modes_and_then_given_up() -> None:
    link = FakeLink(running_unit())

    def vanish() -> None:
        error = link.connections[-1].lose(0x08)
        link.unit = None
        raise error

    on_step(link, "write control 01", 2, vanish)
    story = await tell(link)
    finished = story.result.finished
    assert (finished.outcome, finished.code) == (Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert "neither in its bootloader nor in its application" in finished.message
    assert steps_of(story) == ["resume"]


async def test_a_link_that_breaks_behind_the_last_execute_is_asked_where_the_unit_is() -> None:
    """It never arrived: the unit is in its bootloader, and is asked again."""
    link = FakeLink(running_unit())
    on_step(link, "write control 04", 3, lambda: _raise(link.connections[-1].lose(0x08)))
    story = await tell(link)
    assert story.result.finished.outcome is Outcome.UPDATED
    assert steps_of(story) == ["resume"]
    # Nothing but the last EXECUTE was sent again.
    sent = [event.offset for event in story.of(events.PacketsSent) if event.object_type == "data"]
    assert sent == [4096, len(IMAGE)]


async def test_a_lost_word_at_the_end_is_asked_for_by_sending_all_of_it_again() -> None:
    """The unit has activated the image, and has forgotten the init packet: all of it, once more."""
    link = FakeLink(running_unit())
    on_step(link, "receive", 13, lambda: _raise(link.connections[-1].lose(0x08)))
    story = await tell(link)
    assert story.result.finished.outcome is Outcome.UPDATED
    assert steps_of(story) == ["resume", "reenter"]
    sent = [event.offset for event in story.of(events.PacketsSent) if event.object_type == "data"]
    assert sent == [4096, len(IMAGE)] * 2
    seen = [event.information["firmware_revision"][0] for event in story.of(events.ApplicationSeen)]
    assert seen == ["3", "4", "4"]


async def test_a_unit_that_takes_no_version_twice_may_have_taken_it_the_first_time() -> None:
    """A bootloader has to be newer than the installed one, each time."""
    contents = package(
        application=None,
        application_version=None,
        bootloader=firmware(synthetic_bytes("a bootloader", 0x1800)),
        bootloader_version=FwVersion(9),
    )
    good = await tell(FakeLink(running_unit()), contents)
    link = FakeLink(running_unit())
    on_step(
        link,
        "receive",
        good.link.journal.count("receive"),
        lambda: _raise(link.connections[-1].lose(0x08)),
    )
    finished = (await tell(link, contents)).result.finished
    assert (finished.outcome, finished.code) == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert "may have taken it the first time" in finished.message


async def test_a_unit_that_is_gone_with_its_last_word_is_waited_for_and_unverified() -> None:
    link = FakeLink(running_unit())

    def vanish() -> None:
        error = link.connections[-1].lose(0x08)
        link.unit = None
        raise error

    on_step(link, "receive", 13, vanish)
    story = await tell(link)
    finished = story.result.finished
    assert (finished.outcome, finished.code) == (Outcome.UNVERIFIED, Code.UNIT_DID_NOT_RETURN)
    assert "within 61 s" in finished.message


async def test_the_unit_is_never_asked_to_execute_its_init_packet_again_by_a_recovery() -> None:
    link = FakeLink(running_unit())
    on_step(link, "write control 01", 3, lambda: _raise(link.connections[-1].lose(0x08)))
    story = await tell(link)
    assert story.result.finished.outcome is Outcome.UPDATED
    asked = [event.data for event in story.of(events.RequestSent)]
    after = asked[asked.index(encode_request(ExecuteObject())) + 1 :]
    commands = [
        here
        for here, following in pairwise(after)
        if here == encode_request(SelectObject(object_type=1)) and following[:1] == b"\x04"
    ]
    assert commands == []
