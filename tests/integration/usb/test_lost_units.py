"""Units on USB that lose their power or their plug in the middle of an update."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from firmline import events
from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.faults.plan import Direction, FaultPlan, LostPackets, PowerCutAt
from firmline.device.unit import VirtualUnit
from firmline.errors import Code
from firmline.events import Event, Outcome, UnitMode
from firmline.links.usb.device import UsbDevice
from firmline.protocol.slip import END
from firmline.protocol.usb_trigger import TriggerRequest
from firmline.updater.fault_matrix.cases import BEFORE_COMMIT
from firmline.updater.ladder import MAX_WITHOUT_PROGRESS
from firmline.updater.timeouts import SerialTimeouts, Timeouts
from firmline.values import Fwid, FwVersion
from integration.story import package
from integration.usb.bus import (
    BOOTLOADER,
    SERIAL,
    Bus,
    Told,
    forbidden,
    plugged,
    softdevice,
    update,
)

SIZE = 20_000
FRAME_DATA = 1024
"""Bytes of data in a frame over USB (spec, section 13)."""
IMAGE = package(SIZE)
QUICK = Timeouts(
    serial=SerialTimeouts(bootloader_s=1, reappear_s=2, expect_s=1, replug_s=5), return_s=8
)
OnEvent = Callable[[Event, list[VirtualUnit], Bus], None]


def once(is_time: Callable[[Event], bool], then: Callable[[Bus], None]) -> OnEvent:
    """Does something at the first event of a kind."""
    done = False

    def on_event(event: Event, _units: list[VirtualUnit], bus: Bus) -> None:
        nonlocal done
        if not done and is_time(event):
            done = True
            then(bus)

    return on_event


def executed(offset: int) -> Callable[[Event], bool]:
    """When so much of the image was executed."""

    def is_time(event: Event) -> bool:
        return isinstance(event, events.ObjectExecuted) and event.offset == offset

    return is_time


def in_object(event: Event) -> bool:
    """When the third object is begun."""
    return isinstance(event, events.ObjectCreated) and event.offset == 8192


def last_execute(event: Event) -> bool:
    """When all of the image is with the unit, and it has not been told to take it."""
    return isinstance(event, events.CrcChecked) and event.offset == SIZE


def away(seconds: float, *, powered: bool) -> Callable[[Bus], None]:
    return lambda bus: bus.away(bus.units[0], seconds, powered=powered)


def cut(bus: Bus) -> None:
    bus.cut_power(bus.units[0])


def gone(bus: Bus) -> None:
    bus.unplug(bus.units[0])


def steps(told: Told) -> list[str]:
    return [event.step for event in told.of(events.LadderStepped)]


def resumed(told: Told) -> list[int]:
    """Where the image went on."""
    return [each.offset for each in told.of(events.Resumed) if each.object_type == "data"]


def is_true(told: Told) -> bool:
    """Whether a success is one."""
    return told.ended[0] is not Outcome.UPDATED or told.is_new


# The power.


def test_a_unit_that_loses_its_power_is_asked_into_its_bootloader_again() -> None:
    told = update(contents=IMAGE, on_event=once(executed(8192), cut))
    assert told.ended == (Outcome.UPDATED, "")
    assert told.is_new
    assert steps(told) == ["resume", "reenter"]
    assert {event.fault for event in told.of(events.LadderStepped)} == {"link-lost"}
    assert {event.code for event in told.of(events.LadderStepped)} == {Code.LINK_LOST}
    assert [event.expected for event in told.of(events.LinkLost)] == [False]
    assert resumed(told) == [], "its progress was in RAM"


def test_with_a_checkpoint_it_goes_on_from_there() -> None:
    told = update(
        contents=IMAGE, checkpoint_s=0.001, on_event=once(executed(12288), cut), timeouts=QUICK
    )
    assert told.ended == (Outcome.UPDATED, "")
    (lost, *_) = told.of(events.LinkLost)
    *_, saved = [each.offset for each in told.of(events.ProgressSaved) if each.at_s < lost.at_s]
    assert resumed(told) == [saved]


def test_a_unit_that_was_off_for_a_while_is_waited_for() -> None:
    told = update(contents=IMAGE, on_event=once(executed(8192), away(40, powered=False)))
    assert told.ended == (Outcome.UPDATED, "")
    assert steps(told) == ["resume", "reenter"]
    assert 40 < told.result.finished.duration_s < 50


def test_a_unit_whose_power_goes_behind_every_object_is_updated_by_its_checkpoints() -> None:
    seen: set[int] = set()

    def weak(event: Event, _units: list[VirtualUnit], bus: Bus) -> None:
        if isinstance(event, events.ObjectCreated) and event.object_type == "data":
            fresh = event.offset > 0 and event.offset not in seen
            seen.add(event.offset)
            if fresh:
                cut(bus)

    told = update(contents=package(40_000), on_event=weak)
    assert told.ended == (Outcome.UPDATED, "")
    assert told.is_new
    assert "denser-checkpoints" in steps(told)
    assert max(resumed(told)) == 36_864


def test_a_supply_that_always_breaks_down_ends_it_with_advice() -> None:
    def weak(event: Event, _units: list[VirtualUnit], bus: Bus) -> None:
        if executed(4096)(event):
            cut(bus)

    told = update(contents=IMAGE, checkpoint_s=None, on_event=weak)
    assert told.ended == (Outcome.FAILED, Code.LINK_LOST)
    assert steps(told).count("resume") == MAX_WITHOUT_PROGRESS
    assert "another cable" in told.hint
    assert not told.is_new


@pytest.mark.slow
@pytest.mark.parametrize("operation", range(50, 11_000, 450))
def test_wherever_the_power_goes_there_is_no_false_success(operation: int) -> None:
    faults = FaultPlan(faults=(PowerCutAt(operation=operation),), seed=1)
    told = update(plugged(faults=faults), contents=IMAGE, timeouts=QUICK)
    assert is_true(told)
    before_commit = told.ended == (Outcome.UNVERIFIED, Code.SAME_APPLICATION_SEEN)
    assert told.is_new is not before_commit
    assert (told.ended == (Outcome.UPDATED, "")) is told.is_new


@pytest.mark.slow
@pytest.mark.parametrize("operation", [500, 20_000, 45_000, 52_000, 60_000, 90_000])
def test_a_package_of_two_images_goes_on_in_the_one_that_was_cut(operation: int) -> None:
    contents = package(
        softdevice=softdevice(),
        bootloader=BOOTLOADER,
        bootloader_version=FwVersion(2),
        sd_id=(Fwid(0x103),),
    )
    faults = FaultPlan(faults=(PowerCutAt(operation=operation),), seed=1)
    told = update(plugged(faults=faults), contents=contents)
    assert (told.ended, told.is_new) == ((Outcome.UPDATED, ""), True)


# The plug.


def test_a_port_that_vanishes_for_a_moment_costs_nothing_of_what_the_unit_has() -> None:
    told = update(contents=IMAGE, on_event=once(in_object, away(0.3, powered=True)))
    assert told.ended == (Outcome.UPDATED, "")
    assert steps(told) == ["resume"]
    assert resumed(told) == [8192]
    assert len(told.of(events.UsbUnitSeen)) == 3, "it never left its bootloader"
    assert len(told.of(events.PortOpened)) == 2


def torn(through: Callable[[bytes], bytes], seconds: float) -> Told:
    """The plug goes while the third object is sent."""

    def tear(bus: Bus) -> None:
        bus.tear(bus.units[0], through, seconds)

    told = update(contents=IMAGE, on_event=once(in_object, tear))
    assert told.ended == (Outcome.UPDATED, "")
    assert told.is_new
    assert steps(told) == ["resume"]
    return told


def created(told: Told) -> list[int]:
    return [each.offset for each in told.of(events.ObjectCreated) if each.object_type == "data"]


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("seconds", [0.05, 3])
def test_in_the_middle_of_an_object_it_goes_on_in_the_middle(frames: int, seconds: float) -> None:
    def through(data: bytes) -> bytes:
        return b"".join(frame + bytes([END]) for frame in data.split(bytes([END]))[:frames])

    told = torn(through, seconds)
    assert resumed(told) == [8192 + frames * FRAME_DATA]
    assert created(told) == [0, 4096, 8192, 12_288, 16_384], "none was begun again"


@pytest.mark.parametrize("size", [1, 700, 2000, 4000])
def test_in_the_middle_of_a_frame_the_object_is_begun_again(size: int) -> None:
    """The frame goes on with what is asked next, and nothing may end it: an empty frame would have
    a bootloader repeat what it did last (spec, section 13)."""
    told = torn(lambda data: data[:size], 0.5)
    assert created(told) == [0, 4096, 8192, 8192, 12_288, 16_384]


def test_a_plug_that_is_moved_again_and_again_ends_in_time() -> None:
    def loose(event: Event, _units: list[VirtualUnit], bus: Bus) -> None:
        is_begun = isinstance(event, events.ObjectCreated) and event.offset == 4096
        if is_begun or isinstance(event, events.Resumed):
            bus.away(bus.units[0], 0.2, powered=True)

    told = update(contents=IMAGE, on_event=loose)
    assert told.ended == (Outcome.FAILED, Code.LINK_LOST)
    assert steps(told) == ["resume"] * MAX_WITHOUT_PROGRESS
    assert told.result.finished.duration_s < 60
    assert told.unit.mode is UnitMode.BOOTLOADER


def test_a_unit_that_stays_away_is_waited_for_as_long_as_was_said() -> None:
    told = update(contents=IMAGE, on_event=once(executed(4096), gone), timeouts=QUICK)
    assert told.ended == (Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert "lost in the middle of the update" in told.message
    assert "within 5 s" in told.message
    assert "--timeout replug=SECONDS" in told.hint
    assert 5 < told.result.finished.duration_s < 8


def test_a_unit_that_is_lost_as_it_enters_is_looked_for_too() -> None:
    def is_time(event: Event) -> bool:
        return isinstance(event, events.BootloaderAnswered)

    told = update(contents=IMAGE, on_event=once(is_time, away(1, powered=False)))
    assert told.ended == (Outcome.UPDATED, "")
    assert steps(told) == ["resume", "reenter"]


# Which unit.


def test_another_unit_in_its_place_is_told_and_left_alone() -> None:
    def swap(bus: Bus) -> None:
        bus.unplug(bus.units[0])
        bus.plug_in(bus.units[1])

    told = update(
        plugged(),
        plugged("FL-0002", gpregret=GPREGRET_ENTER_DFU),
        contents=IMAGE,
        prepare=lambda bus: bus.unplug(bus.units[1]),
        on_event=once(executed(4096), lambda bus: _later(0.5, lambda: swap(bus), bus)),
        timeouts=QUICK,
    )
    assert told.ended == (Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert "another bootloader has come (FL-0002)" in told.message
    assert told.units[1].board.flash.operations == 0


def _later(seconds: float, do: Callable[[], None], bus: Bus) -> None:
    """The unit is pulled out now, and something happens later."""
    gone(bus)
    asyncio.get_running_loop().call_later(seconds, do)


def test_two_that_share_its_serial_number_are_nobodys_unit() -> None:
    def double(bus: Bus) -> None:
        cut(bus)
        bus.change = lambda device: replace(device, serial_number=SERIAL)

    told = update(
        plugged(), plugged("FL-0002"), contents=IMAGE, on_event=once(executed(4096), double)
    )
    assert told.ended == (Outcome.FAILED, Code.USB_NOT_UNIQUE)
    assert told.units[1].board.flash.operations == 0
    assert told.unit.mode is UnitMode.APPLICATION, "it was not asked"


# Back in an application.


def test_an_application_that_cannot_be_asked_waits_for_a_hand() -> None:
    waiting = plugged(application_dfu=ApplicationDfu.NONE, gpregret=GPREGRET_ENTER_DFU)
    told = update(waiting, contents=IMAGE, on_event=once(executed(4096), cut), timeouts=QUICK)
    assert told.ended == (Outcome.FAILED, Code.USB_NO_TRIGGER)
    assert steps(told) == ["resume", "reenter"]
    assert "by hand" in told.of(events.LadderStepped)[-1].reason
    assert "button" in told.hint


def blinded(seconds: float) -> Told:
    """The trigger of the application that comes back is not seen for a while."""
    hidden = {"on": False}

    def unknown(device: UsbDevice) -> UsbDevice:
        return replace(device, trigger=None) if hidden["on"] else device

    def hide(bus: Bus) -> None:
        hidden["on"] = True
        cut(bus)
        asyncio.get_running_loop().call_later(seconds, hidden.update, {"on": False})

    return update(
        contents=IMAGE,
        prepare=lambda bus: setattr(bus, "change", unknown),
        on_event=once(executed(4096), hide),
        timeouts=QUICK,
    )


def test_an_application_that_can_be_asked_at_last_is_asked() -> None:
    told = blinded(4)
    assert told.ended == (Outcome.UPDATED, "")
    assert steps(told) == ["resume", "reenter", "reenter"]


@pytest.mark.parametrize("seconds", [1, 1000])
def test_an_application_that_may_not_be_asked_yet_is_asked_a_little_later(seconds: float) -> None:
    """As on Linux, until udev has given the device away."""

    def forbid(bus: Bus) -> None:
        bus.fails[TriggerRequest.VERSION_STRING] = forbidden()
        cut(bus)
        asyncio.get_running_loop().call_later(seconds, bus.fails.clear)

    told = update(contents=IMAGE, on_event=once(executed(4096), forbid), timeouts=QUICK)
    in_time = seconds == 1
    assert told.ended == (
        (Outcome.UPDATED, "") if in_time else (Outcome.FAILED, Code.USB_FORBIDDEN)
    )
    assert steps(told) == (["resume", "reenter"] if in_time else ["resume"])


def test_an_application_whose_interfaces_are_read_a_moment_later_needs_no_hand() -> None:
    told = blinded(1)
    assert told.ended == (Outcome.UPDATED, "")
    assert steps(told) == ["resume", "reenter"]


def test_what_the_old_application_says_when_it_is_back_is_what_was_before() -> None:
    """A unit that was in its bootloader from the start needs no text to be expected."""
    told = update(
        plugged(gpregret=GPREGRET_ENTER_DFU), contents=IMAGE, on_event=once(executed(4096), cut)
    )
    assert told.ended == (Outcome.UPDATED, "")


# The last EXECUTE.


def test_a_unit_that_did_not_hear_the_last_execute_is_told_again() -> None:
    told = update(contents=IMAGE, on_event=once(last_execute, away(1, powered=True)))
    assert told.ended == (Outcome.UPDATED, "")
    assert told.is_new


def unheard(told: Told) -> FaultPlan:
    """The answer to the last EXECUTE gets lost."""
    (sent_at,) = [at for at, event in enumerate(told.heard) if isinstance(event, events.ImageSent)]
    number = sum(isinstance(event, events.AnswerReceived) for event in told.heard[:sent_at])
    lost = LostPackets(first=number, every=1000, direction=Direction.FROM_UNIT)
    return FaultPlan(faults=(lost,), seed=1)


def test_where_only_the_last_answer_is_missing_the_image_is_sent_again_and_answered() -> None:
    faults = unheard(update(contents=IMAGE))
    told = update(plugged(faults=faults), contents=IMAGE)
    assert told.ended == (Outcome.UPDATED, "")
    assert told.is_new
    assert steps(told) == ["resume", "reenter"]
    offsets = [event.offset for event in told.of(events.ObjectExecuted)]
    assert offsets.count(SIZE) == 1, "the first was not heard"
    assert offsets.count(4096) == 2


def test_what_the_new_application_says_meanwhile_is_not_what_was_before() -> None:
    """Else the same version would be seen again at the end; and without it nothing is proven."""
    faults = unheard(update(plugged(gpregret=GPREGRET_ENTER_DFU), contents=IMAGE))
    told = update(plugged(gpregret=GPREGRET_ENTER_DFU, faults=faults), contents=IMAGE)
    assert told.ended == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert "nothing to compare" in told.message


def test_a_unit_that_refuses_the_same_bootloader_again_may_have_taken_it_the_first_time() -> None:
    contents = package(
        application=None,
        application_version=None,
        bootloader=BOOTLOADER,
        bootloader_version=FwVersion(2),
    )
    faults = unheard(update(contents=contents))
    told = update(plugged(faults=faults), contents=contents)
    assert told.ended == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert "refuses the same image a second time" in told.message


def test_a_unit_that_is_gone_behind_the_last_execute_is_not_called_updated() -> None:
    faults = unheard(update(contents=IMAGE))

    def vanish(event: Event, _units: list[VirtualUnit], bus: Bus) -> None:
        if isinstance(event, events.LinkLost):
            gone(bus)

    told = update(plugged(faults=faults), contents=IMAGE, on_event=vanish, timeouts=QUICK)
    assert told.ended == (Outcome.UNVERIFIED, Code.UNIT_DID_NOT_RETURN)
    assert "its answer to the last EXECUTE did not arrive" in told.message
    assert "within 8 s" in told.message


def test_one_that_cannot_be_asked_afterwards_is_not_called_updated() -> None:
    waiting = plugged(application_dfu=ApplicationDfu.NONE, gpregret=GPREGRET_ENTER_DFU)
    faults = unheard(update(waiting, contents=IMAGE, timeouts=QUICK))
    told = update(replace(waiting, faults=faults), contents=IMAGE, timeouts=QUICK)
    assert told.ended == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert "its bootloader could not be asked" in told.message
    assert told.is_new


def test_the_power_that_goes_before_the_commit_leaves_the_old_one_and_no_success() -> None:
    faults = FaultPlan(faults=(PowerCutAt(operation=BEFORE_COMMIT),), seed=1)
    told = update(plugged(faults=faults), contents=IMAGE)
    assert told.ended == (Outcome.UNVERIFIED, Code.SAME_APPLICATION_SEEN)
    assert not told.is_new
