"""Reading a unit over USB: an application says which it is, a bootloader what is on the unit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from firmline import events
from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import FaultPlan, LostPackets
from firmline.errors import Code, TransportError, TransportReason
from firmline.events import Event, How, UnitMode
from firmline.formats.probes import ProbeCatalogue, ProbeSource, SignedOnDemand
from firmline.formats.probes_versions import VersionLimits, VersionRange
from firmline.links.usb.device import UsbDevice, UsbKind
from firmline.links.usb.link import UsbLink
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.requests import Abort, Request
from firmline.protocol.usb_trigger import TriggerRequest
from firmline.updater.dialogue import Dialogue
from firmline.updater.inspection.choice import inspection_over
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.inspection.record import InspectionResult
from firmline.updater.timeouts import SerialTimeouts, Timeouts
from firmline.values import Fwid
from integration.usb.bus import SERIAL, Bus, forbidden, plugged
from unit.device.makers import FWID, KEY

QUICK = Timeouts(serial=SerialTimeouts(bootloader_s=1))


def inspect(
    description: UnitDescription,
    prepare: Callable[[Bus], None] = lambda _bus: None,
    serial_number: str = SERIAL,
    on_event: Callable[[Event, Bus], None] = lambda _event, _bus: None,
    also: Sequence[UnitDescription] = (),
    **plan: Any,
) -> tuple[InspectionResult, list[Event]]:
    heard: list[Event] = []
    units = [fabricate(each, physics=physics_of(each)) for each in (description, *also)]

    async def story() -> InspectionResult:
        bus = Bus(units)
        prepare(bus)

        def report(event: Event) -> None:
            heard.append(event)
            on_event(event, bus)

        link = UsbLink(bus, serial_number)
        wanted = InspectionPlan(unit_name="usb:unit", pin=None, timeouts=QUICK, **plan)
        try:
            return await inspection_over(link, wanted, report=report).run()
        finally:
            await link.close()

    result = run_in_virtual_time(story())
    assert [unit.board.flash.operations for unit in units] == [0] * len(units)
    return result, heard


def test_an_application_is_asked_and_left_alone() -> None:
    result, heard = inspect(plugged())
    known = {fact.fact: (fact.value, fact.how) for fact in result.facts}
    assert known["mode"] == ("application", How.USB)
    assert known["serial_number"] == (SERIAL, How.USB)
    assert known["firmware_revision"][0].startswith("virtual-application 3.0.0+")
    assert known["firmware_revision"][1] is How.USB
    assert (result.error, result.finished.left_in) == (None, UnitMode.APPLICATION)
    assert not any(isinstance(event, events.EnteringBootloader) for event in heard)
    assert isinstance(heard[0], events.InspectionStarted)
    assert isinstance(heard[-1], events.InspectionFinished)


def test_a_bootloader_tells_what_is_on_the_unit() -> None:
    result, _ = inspect(plugged(gpregret=GPREGRET_ENTER_DFU))
    known = {fact.fact: fact.value for fact in result.facts}
    assert (known["mode"], known["app_version"]) == ("bootloader", "3")
    assert result.finished.left_in is UnitMode.BOOTLOADER


# Taken into its bootloader, and back.


def entering(heard: list[Event]) -> int:
    return sum(isinstance(event, events.EnteringBootloader) for event in heard)


def test_the_bootloader_of_an_application_is_asked_where_the_user_wants_that() -> None:
    result, heard = inspect(plugged(), enter=True)
    assert result.error is None
    told = [(fact.fact, fact.value, fact.how) for fact in result.facts]
    assert ("mode", "application", How.USB) in told
    assert ("mode", "bootloader", How.QUERY) in told
    assert ("chip", "nrf52840", How.QUERY) in told
    assert ("app_version", "3", How.QUERY) in told
    assert result.finished.left_in is UnitMode.APPLICATION
    assert entering(heard) == 1
    seen = [event.mode for event in heard if isinstance(event, events.UsbUnitSeen)]
    assert seen == [UnitMode.APPLICATION, UnitMode.BOOTLOADER, UnitMode.APPLICATION]


def test_probes_take_an_application_into_its_bootloader_by_themselves() -> None:
    result, heard = inspect(plugged(), probes=_probes())
    assert result.error is None
    known = {(fact.fact, fact.how): fact.value for fact in result.facts}
    assert known["hw_version", How.PROBE] == "52"
    assert known["key_ok", How.PROBE] == "yes"
    assert result.finished.left_in is UnitMode.APPLICATION
    assert entering(heard) == 1


@pytest.mark.parametrize("enter", [False, True])
def test_a_bootloader_that_was_found_as_one_stays_one(enter: bool) -> None:
    result, heard = inspect(plugged(gpregret=GPREGRET_ENTER_DFU), enter=enter)
    assert (result.error, result.finished.left_in) == (None, UnitMode.BOOTLOADER)
    assert not entering(heard)


def test_a_unit_stays_in_its_bootloader_where_it_is_told_to() -> None:
    result, heard = inspect(plugged(), enter=True, stay=True)
    assert (result.error, result.finished.left_in) == (None, UnitMode.BOOTLOADER)
    assert "abort" not in requests(heard)


def requests(heard: list[Event]) -> list[str]:
    return [event.request for event in heard if isinstance(event, events.RequestSent)]


def test_a_unit_that_comes_back_in_its_bootloader_is_told() -> None:
    def hold_the_button(event: Event, bus: Bus) -> None:
        if isinstance(event, events.RequestSent) and event.request == "abort":
            bus.units[0].board.registers.gpregret = GPREGRET_ENTER_DFU

    result, _ = inspect(plugged(), on_event=hold_the_button, enter=True)
    assert result.error is not None
    assert result.error.code is Code.UNIT_DID_NOT_RETURN
    assert "something keeps it there" in result.error.message
    assert result.finished.left_in is UnitMode.BOOTLOADER
    assert "chip" in {fact.fact for fact in result.facts}


def test_a_unit_that_stays_in_its_application_is_read_as_far_as_that() -> None:
    def deaf(bus: Bus) -> None:
        bus.fails = {TriggerRequest.DETACH: lost()}

    result, _ = inspect(plugged(), deaf, enter=True)
    assert result.error is not None
    assert result.error.code is Code.UNIT_DID_NOT_RESTART
    assert result.finished.left_in is UnitMode.APPLICATION
    assert "firmware_revision" in {fact.fact for fact in result.facts}


def lost() -> TransportError:
    return TransportError(Code.LINK_LOST, "It is gone.", reason=TransportReason.LOST)


def test_nobody_is_taken_anywhere_whose_trigger_may_not_be_used() -> None:
    def locked(bus: Bus) -> None:
        bus.fails = {TriggerRequest.DETACH: forbidden()}

    result, _ = inspect(plugged(), locked, enter=True)
    assert result.error is not None
    assert result.error.code is Code.USB_FORBIDDEN
    assert result.finished.left_in is UnitMode.APPLICATION


@pytest.mark.parametrize("powered", [True, False])
def test_a_unit_that_is_unplugged_while_it_is_asked_is_looked_for_until_it_is_back(
    powered: bool,
) -> None:
    def pull(event: Event, bus: Bus) -> None:
        if isinstance(event, events.RequestSent) and event.request == "hardware_version":
            bus.away(bus.units[0], 3.0, powered=powered)

    result, heard = inspect(plugged(), on_event=pull, enter=True)
    assert result.error is not None
    assert result.error.code is Code.LINK_LOST
    assert "abort" not in requests(heard)
    # One with a cell of its own is in its bootloader still; the other has started its application.
    left_in = UnitMode.BOOTLOADER if powered else UnitMode.APPLICATION
    assert result.finished.left_in is left_in


def test_a_unit_that_does_not_come_back_at_all_was_not_seen() -> None:
    def pull(event: Event, bus: Bus) -> None:
        if isinstance(event, events.RequestSent) and event.request == "abort":
            bus.unplug(bus.units[0])

    result, _ = inspect(plugged(), on_event=pull, enter=True)
    assert result.error is not None
    assert result.error.code is Code.UNIT_DID_NOT_RETURN
    assert "not in its bootloader" in result.error.message
    assert result.finished.left_in is None


def test_a_bootloader_that_does_not_hear_that_it_may_go_goes_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    say = Dialogue.say

    async def say_no_abort(self: Dialogue, request: Request) -> None:
        if not isinstance(request, Abort):
            await say(self, request)

    monkeypatch.setattr(Dialogue, "say", say_no_abort)
    result, _ = inspect(plugged(), enter=True)
    assert (result.error, result.finished.left_in) == (None, UnitMode.APPLICATION)
    assert 110 < result.finished.duration_s < 130


def test_a_port_that_comes_later_than_its_unit_is_waited_for() -> None:
    late: list[str] = []

    def without_port(bus: Bus) -> None:
        def change(device: UsbDevice) -> UsbDevice:
            if device.kind is UsbKind.BOOTLOADER and len(late) < 5:
                late.append("a look")
                return replace(device, port=None)
            return device

        bus.change = change

    result, _ = inspect(plugged(), without_port, enter=True)
    assert (result.error, len(late)) == (None, 5)


def test_an_application_that_may_not_be_asked_after_its_return_is_seen_all_the_same() -> None:
    def lock(event: Event, bus: Bus) -> None:
        if isinstance(event, events.RequestSent) and event.request == "abort":
            bus.fails = {TriggerRequest.VERSION_STRING: forbidden()}

    result, heard = inspect(plugged(), on_event=lock, enter=True)
    assert (result.error, result.finished.left_in) == (None, UnitMode.APPLICATION)
    seen = [event for event in heard if isinstance(event, events.UsbUnitSeen)]
    assert (seen[-1].mode, seen[-1].version) == (UnitMode.APPLICATION, None)


def test_the_bootloader_of_another_unit_is_not_asked() -> None:
    others = plugged("FL-0002", gpregret=GPREGRET_ENTER_DFU)
    result, heard = inspect(plugged(), also=[others], enter=True)
    assert result.error is None
    assert {event.serial_number for event in heard if isinstance(event, events.UsbUnitSeen)} == {
        SERIAL
    }


# What cannot be read.


def test_a_unit_that_is_not_there_is_told() -> None:
    result, heard = inspect(plugged(), serial_number="B2")
    assert result.error is not None
    assert result.error.code is Code.UNIT_NOT_FOUND
    assert isinstance(heard[0], events.InspectionStarted)
    assert isinstance(heard[-1], events.InspectionFinished)


def test_an_application_that_cannot_be_asked_is_told() -> None:
    def bare(bus: Bus) -> None:
        bus.change = lambda device: replace(device, port=None, trigger=None)

    result, _ = inspect(plugged(application_dfu=ApplicationDfu.NONE), bare)
    assert result.error is not None
    assert result.error.code is Code.USB_NO_TRIGGER


def test_an_application_with_a_port_and_no_trigger_is_told_as_one() -> None:
    def bare(bus: Bus) -> None:
        bus.change = lambda device: replace(device, trigger=None)

    result, _ = inspect(plugged(application_dfu=ApplicationDfu.NONE), bare, enter=True)
    assert result.error is not None
    assert result.error.code is Code.USB_NO_TRIGGER


def _probes() -> ProbeSource:
    some = VersionLimits.around([VersionRange(first=0, last=9)])
    catalogue = ProbeCatalogue(
        hw_versions=(51, 52),
        softdevices=(Fwid(FWID), Fwid(0x00B7)),
        app_limits=some,
        bootloader_limits=some,
    )
    return SignedOnDemand(catalogue=catalogue, signer=KEY)


@pytest.mark.parametrize("is_there", [False, True])
def test_an_inspection_that_is_stopped_has_its_last_event(is_there: bool) -> None:
    """While the unit is looked for, and while its bootloader is silent."""
    heard: list[Event] = []
    deaf = FaultPlan(faults=(LostPackets(share=1.0),), seed=1)
    description = plugged(gpregret=GPREGRET_ENTER_DFU, faults=deaf)
    unit = fabricate(description, physics=physics_of(description))

    async def story() -> None:
        link = UsbLink(Bus([unit] if is_there else []), SERIAL)
        patient = Timeouts(serial=SerialTimeouts(bootloader_s=60))
        plan = InspectionPlan(unit_name="usb:unit", pin=None, timeouts=patient)
        task = asyncio.ensure_future(inspection_over(link, plan, report=heard.append).run())
        asyncio.get_running_loop().call_later(5, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task
        await link.close()

    run_in_virtual_time(story())
    assert any(isinstance(event, events.PortOpened) for event in heard) is is_there
    finished = heard[-1]
    assert isinstance(finished, events.InspectionFinished)
    assert finished.code == Code.INTERRUPTED
