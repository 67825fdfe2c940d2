"""Updates over USB: into the bootloader, after the unit, and never after another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline import events
from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.faults.plan import FaultPlan, StuckGpregret
from firmline.device.profile import PROFILES
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, TransportError, TransportReason
from firmline.events import Outcome, UnitMode
from firmline.links.usb.device import UsbDevice
from firmline.protocol.usb_trigger import OPEN_BOOTLOADER_ID, TriggerRequest
from firmline.updater.timeouts import SerialTimeouts, Timeouts
from firmline.values import Fwid, FwVersion
from integration.story import package
from integration.usb.bus import BOOTLOADER, SERIAL, Bus, forbidden, plugged, softdevice, update

QUICK = Timeouts(serial=SerialTimeouts(bootloader_s=1, reappear_s=2, expect_s=1), return_s=20)


def missing() -> TransportError:
    return TransportError(
        Code.LINK_EXTRA_MISSING, "No pyusb.", reason=TransportReason.NOT_AVAILABLE, hint="pip."
    )


def untouched(unit: VirtualUnit) -> bool:
    """Whether nothing was written to a unit, and it never restarted."""
    return unit.board.flash.operations == 0 and "reset" not in [each.what for each in unit.log]


# The main road.


def test_an_application_is_asked_into_its_bootloader_and_its_new_version_is_the_proof() -> None:
    told = update()
    assert told.ended == (Outcome.UPDATED, "")
    assert told.is_new
    seen = told.of(events.UsbUnitSeen)
    assert [each.mode for each in seen] == [
        UnitMode.APPLICATION,
        UnitMode.BOOTLOADER,
        UnitMode.APPLICATION,
    ]
    assert {each.serial_number for each in seen} == {SERIAL}
    before, _, after = (each.version for each in seen)
    assert before.startswith("virtual-application 3.0.0+")
    assert after.startswith("virtual-application 4.0.0+")
    (declared,) = told.of(events.LinkDeclared)
    assert (declared.link, declared.capabilities["baud"]) == ("usb", None)


def test_a_refused_softdevice_is_told_beside_the_one_that_the_bootloader_tells_of() -> None:
    told = update(contents=package(sd_req=(Fwid(0x999),)))
    assert told.ended == (Outcome.REFUSED, Code.REFUSED_SOFTDEVICE)
    assert "bootloader tells of version" in told.hint
    assert "Find out which" not in told.hint


def test_the_serial_number_is_found_whatever_its_case() -> None:
    assert update(serial_number=SERIAL.lower()).ended == (Outcome.UPDATED, "")


def test_without_a_serial_number_the_only_unit_is_meant_and_followed() -> None:
    told = update(serial_number="")
    assert told.ended == (Outcome.UPDATED, "")
    assert {each.serial_number for each in told.of(events.UsbUnitSeen)} == {SERIAL}


def test_a_unit_that_waits_in_its_bootloader_needs_no_trigger() -> None:
    told = update(plugged(gpregret=GPREGRET_ENTER_DFU), expect="application 4.0.0")
    assert told.ended == (Outcome.UPDATED, "")
    assert not told.of(events.EnteringBootloader)


def test_a_bootloader_is_updated_without_libusb() -> None:
    def without(bus: Bus) -> None:
        bus.problem = missing()
        bus.change = lambda device: replace(device, trigger=None, address=None)

    told = update(
        plugged(gpregret=GPREGRET_ENTER_DFU), prepare=without, expect="virtual application 4+"
    )
    assert told.ended == (Outcome.UPDATED, "")
    (heard,) = told.of(events.TextHeard)
    assert heard.text.startswith("firmline virtual application 4+")


def test_a_bootloader_with_a_product_of_its_maker_is_known_by_its_answer() -> None:
    def other_product(device: UsbDevice) -> UsbDevice:
        is_bootloader = device.product_id == OPEN_BOOTLOADER_ID
        return replace(device, vendor_id=0x1209, product_id=0x0001) if is_bootloader else device

    told = update(
        plugged(gpregret=GPREGRET_ENTER_DFU),
        prepare=lambda bus: setattr(bus, "change", other_product),
        expect="application 4.",
    )
    assert told.ended == (Outcome.UPDATED, "")


def test_softdevice_bootloader_and_application_follow_each_other_over_the_restarts() -> None:
    contents = package(
        softdevice=softdevice(),
        bootloader=BOOTLOADER,
        bootloader_version=FwVersion(2),
        sd_id=(Fwid(0x103),),
    )
    told = update(contents=contents)
    assert (told.ended, told.message) == (
        (Outcome.UPDATED, ""),
        "The unit runs the new application.",
    )
    assert told.is_new
    assert len(told.of(events.ImageSent)) == 2
    assert len(told.of(events.PortOpened)) == 2


def test_a_softdevice_is_told_by_the_bootloader_that_comes_back() -> None:
    contents = package(application=None, application_version=None, softdevice=softdevice())
    told = update(contents=contents)
    assert told.ended == (Outcome.UPDATED, "")
    assert "bootloader tells that its new SoftDevice" in told.message


ONLY_BOOTLOADER = package(
    application=None,
    application_version=None,
    bootloader=BOOTLOADER,
    bootloader_version=FwVersion(2),
)


def test_a_bootloader_is_asked_for_its_version_once_more_and_the_application_runs_then() -> None:
    told = update(contents=ONLY_BOOTLOADER)
    assert told.ended == (Outcome.UPDATED, "")
    assert "tells that its new bootloader is in place" in told.message
    assert len(told.of(events.EnteringBootloader)) == 2
    assert told.units[0].mode is UnitMode.APPLICATION


def test_what_the_user_expects_of_the_application_is_waited_for_behind_a_new_bootloader() -> None:
    assert update(contents=ONLY_BOOTLOADER, expect="application 3").ended == (Outcome.UPDATED, "")
    told = update(contents=ONLY_BOOTLOADER, expect="application 4")
    assert told.ended == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)


def test_a_bootloader_is_not_shown_by_an_application_that_cannot_be_asked_into_it() -> None:
    waiting = plugged(application_dfu=ApplicationDfu.NONE, gpregret=GPREGRET_ENTER_DFU)
    told = update(waiting, contents=ONLY_BOOTLOADER)
    assert told.ended == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert "nothing an application says" in told.message


# Which unit.


def test_of_ten_identical_units_only_the_named_one_is_touched() -> None:
    others = [plugged(f"FL-{number:04}") for number in range(2, 11)]
    told = update(plugged(), *others)
    assert told.ended == (Outcome.UPDATED, "")
    assert [untouched(unit) for unit in told.units] == [False] + [True] * 9


def test_of_ten_that_wait_in_their_bootloaders_only_the_named_one_is_touched() -> None:
    waiting = {"gpregret": GPREGRET_ENTER_DFU}
    others = [plugged(f"FL-{number:04}", **waiting) for number in range(2, 11)]
    told = update(plugged(), *others)
    assert told.ended == (Outcome.UPDATED, "")
    assert [untouched(unit) for unit in told.units] == [False] + [True] * 9


def test_two_devices_with_one_serial_number_are_nobodys_unit() -> None:
    told = update(plugged(), plugged())
    assert told.ended == (Outcome.FAILED, Code.USB_NOT_UNIQUE)
    assert "2 USB devices have the serial number 'FL-0001'" in told.message
    assert all(untouched(unit) for unit in told.units)


def test_a_second_one_that_is_plugged_in_meanwhile_ends_the_update_before_anything_is_sent() -> (
    None
):
    def second(event: events.Event, _units: list[VirtualUnit], bus: Bus) -> None:
        if isinstance(event, events.EnteringBootloader):
            bus.change = lambda device: replace(device, serial_number=SERIAL)

    told = update(plugged(), plugged("FL-0002"), on_event=second)
    assert told.ended == (Outcome.FAILED, Code.USB_NOT_UNIQUE)
    assert not told.of(events.ImageStarted)
    assert untouched(told.units[1])


def test_without_a_serial_number_several_units_are_listed() -> None:
    told = update(plugged(), plugged("FL-0002"), serial_number="")
    assert told.ended == (Outcome.FAILED, Code.USB_NOT_UNIQUE)
    assert "FL-0001" in told.message
    assert "FL-0002" in told.message
    assert "usb:SERIAL" in told.hint
    assert all(untouched(unit) for unit in told.units)


def test_a_unit_that_is_not_there_is_waited_for_and_the_others_are_named() -> None:
    told = update(serial_number="FL-0099", timeouts=QUICK)
    assert told.ended == (Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert told.result.finished.duration_s == pytest.approx(1, abs=0.2)
    assert SERIAL in told.hint
    assert untouched(told.unit)


def test_a_bootloader_with_another_serial_number_is_told_and_not_used() -> None:
    def otherwise(device: UsbDevice) -> UsbDevice:
        is_bootloader = device.product_id == OPEN_BOOTLOADER_ID
        return replace(device, serial_number="E1B2") if is_bootloader else device

    told = update(prepare=lambda bus: setattr(bus, "change", otherwise), timeouts=QUICK)
    assert told.ended == (Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert "another serial number has come (E1B2)" in told.message
    assert "usb:E1B2" in told.hint
    assert not told.of(events.PortOpened)


# Into the bootloader, and not.


def test_an_application_without_the_trigger_is_told() -> None:
    told = update(plugged(application_dfu=ApplicationDfu.NONE), timeouts=QUICK)
    assert told.ended == (Outcome.FAILED, Code.USB_NO_TRIGGER)
    assert told.unit.board.flash.operations == 0


def test_without_libusb_an_application_is_told_what_is_missing() -> None:
    def without(bus: Bus) -> None:
        bus.problem = missing()
        bus.change = lambda device: replace(device, trigger=None, address=None)

    told = update(prepare=without, timeouts=QUICK)
    assert told.ended == (Outcome.FAILED, Code.LINK_EXTRA_MISSING)
    assert told.hint == "pip."


def test_an_application_without_trigger_and_port_is_told() -> None:
    def bare(device: UsbDevice) -> UsbDevice:
        return replace(device, trigger=None, port=None)

    told = update(prepare=lambda bus: setattr(bus, "change", bare))
    assert told.ended == (Outcome.FAILED, Code.USB_NO_TRIGGER)


@pytest.mark.parametrize("request_", [TriggerRequest.VERSION_STRING, TriggerRequest.DETACH])
def test_a_unit_that_may_not_be_asked_is_told(request_: TriggerRequest) -> None:
    told = update(prepare=lambda bus: bus.fails.update({request_: forbidden()}))
    assert told.ended == (Outcome.FAILED, Code.USB_FORBIDDEN)
    assert told.hint == "Do this."
    assert untouched(told.unit)


def test_a_unit_that_does_not_restart_is_told() -> None:
    stall = TransportError(Code.USB_FAILED, "It stalls.", reason=TransportReason.REFUSED)
    told = update(
        prepare=lambda bus: bus.fails.update({TriggerRequest.DETACH: stall}), timeouts=QUICK
    )
    assert told.ended == (Outcome.FAILED, Code.UNIT_DID_NOT_RESTART)
    assert "within 2 s" in told.message
    assert untouched(told.unit)


def test_a_unit_that_comes_back_as_its_application_is_told() -> None:
    def forgetful(bus: Bus) -> None:
        async def restart(_device: UsbDevice, _request: TriggerRequest, _data: bytes) -> None:
            bus.cut_power(
                bus.units[0]
            )  # what it has left for its bootloader is gone with its power

        setattr(bus, "write", restart)  # noqa: B010 - mypy knows it for a method

    told = update(prepare=forgetful)
    assert told.ended == (Outcome.FAILED, Code.UNIT_STAYED_IN_APPLICATION)
    assert told.unit.board.flash.operations == 0


def test_a_unit_that_does_not_come_back_is_told() -> None:
    def vanish(device: UsbDevice) -> UsbDevice | None:
        return None if device.product_id == OPEN_BOOTLOADER_ID else device

    told = update(prepare=lambda bus: setattr(bus, "change", vanish), timeouts=QUICK)
    assert told.ended == (Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert "within 2 s" in told.message
    assert "--timeout reappear=SECONDS" in told.hint


# The end.


def frozen(bus: Bus) -> None:
    """Whatever runs says the same version."""

    async def same(_device: UsbDevice, _request: TriggerRequest, _size: int) -> bytes:
        return b"tag 1.0.0\0"

    setattr(bus, "read", same)  # noqa: B010 - mypy knows it for a method


def test_the_same_application_again_is_not_a_new_one() -> None:
    told = update(prepare=frozen)
    assert told.ended == (Outcome.UNVERIFIED, Code.SAME_APPLICATION_SEEN)
    assert "tag 1.0.0" in told.message


@pytest.mark.parametrize("expect", ["tag", "1.0.0"])
def test_what_the_old_application_said_as_well_is_no_sign_of_the_new_one(expect: str) -> None:
    told = update(prepare=frozen, expect=expect, timeouts=QUICK)
    assert told.ended == (Outcome.UNVERIFIED, Code.SAME_APPLICATION_SEEN)
    assert "What was expected was said before the update, too" in told.message
    assert "only the new application" in told.hint or "new application says" in told.hint


@pytest.mark.parametrize("expect", ["3.0.0", "/application 3/"])
def test_what_only_the_old_application_said_is_still_to_be_heard(expect: str) -> None:
    """A check that was not met is never dropped, whatever else shows the new application."""
    told = update(expect=expect, timeouts=QUICK)
    assert told.is_new
    assert told.ended == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert f"({expect!r}) was not heard: the application said that before" in told.message
    assert "--expect" in told.hint


def test_what_the_port_prints_does_not_run_into_what_the_unit_said() -> None:
    told = update(expect="application 5", timeouts=QUICK)
    assert "says 'virtual-application 4.0.0+" in told.message
    assert "' and prints 'firmline virtual application" in told.message


def test_what_both_say_leaves_the_proof_to_the_version() -> None:
    told = update(expect="virtual-application", timeouts=QUICK)
    assert told.ended == (Outcome.UPDATED, "")
    assert told.is_new


def test_an_application_that_says_no_version_proves_nothing() -> None:
    stall = TransportError(Code.USB_FAILED, "It stalls.", reason=TransportReason.REFUSED)
    told = update(prepare=lambda bus: bus.fails.update({TriggerRequest.VERSION_STRING: stall}))
    assert told.ended == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert told.is_new
    assert "--expect" in told.hint


def test_a_version_that_was_not_said_before_proves_nothing() -> None:
    stall = TransportError(Code.USB_FAILED, "It stalls.", reason=TransportReason.REFUSED)

    def later(event: events.Event, _units: list[VirtualUnit], bus: Bus) -> None:
        if isinstance(event, events.ImageSent):
            bus.fails.clear()

    told = update(
        prepare=lambda bus: bus.fails.update({TriggerRequest.VERSION_STRING: stall}),
        on_event=later,
    )
    assert told.ended == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert "nothing to compare" in told.message
    assert "virtual-application 4.0.0" in told.message  # what it says now is told all the same
    assert "--expect" in told.hint


def test_a_unit_that_was_in_its_bootloader_from_the_start_has_nothing_to_compare() -> None:
    told = update(plugged(gpregret=GPREGRET_ENTER_DFU))
    assert told.ended == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert "in its bootloader from the start" in told.message
    assert "--expect" in told.hint


def test_what_was_expected_and_not_heard_is_told() -> None:
    told = update(expect="application 5", timeouts=QUICK)
    assert told.ended == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert "'application 5'" in told.message


def test_a_unit_that_something_keeps_in_its_bootloader_is_not_updated() -> None:
    stuck = FaultPlan(faults=(StuckGpregret(),), seed=1)
    told = update(plugged(faults=stuck, profile=PROFILES["sdk15.3-usb"]), timeouts=QUICK)
    assert told.ended == (Outcome.UNVERIFIED, Code.UNIT_DID_NOT_RETURN)
    assert "is in its bootloader again" in told.message


def test_a_unit_that_is_not_plugged_in_again_is_told() -> None:
    def pull(event: events.Event, _units: list[VirtualUnit], bus: Bus) -> None:
        if isinstance(event, events.ImageSent):
            bus.change = lambda _device: None

    told = update(on_event=pull, timeouts=QUICK)
    assert told.ended == (Outcome.UNVERIFIED, Code.UNIT_DID_NOT_RETURN)
    assert "was not plugged in again, within 20 s" in told.message
