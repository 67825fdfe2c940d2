"""Reading a unit over USB: an application says which it is, a bootloader what is on the unit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from firmline import events
from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import FaultPlan, LostPackets
from firmline.errors import Code
from firmline.events import Event, How, UnitMode
from firmline.formats.probes import ProbeSource
from firmline.links.usb.link import UsbLink
from firmline.links.virtual_time import run_in_virtual_time
from firmline.updater.inspection import inspection_over
from firmline.updater.inspection_plan import InspectionPlan
from firmline.updater.inspection_record import InspectionResult
from firmline.updater.timeouts import SerialTimeouts, Timeouts
from integration.usb.bus import SERIAL, Bus, plugged

QUICK = Timeouts(serial=SerialTimeouts(bootloader_s=1))


def inspect(
    description: UnitDescription,
    prepare: Callable[[Bus], None] = lambda _bus: None,
    serial_number: str = SERIAL,
    **plan: Any,
) -> tuple[InspectionResult, list[Event]]:
    heard: list[Event] = []
    unit = fabricate(description, physics=physics_of(description))

    async def story() -> InspectionResult:
        bus = Bus([unit])
        prepare(bus)
        link = UsbLink(bus, serial_number)
        wanted = InspectionPlan(unit_name="usb:unit", pin=None, timeouts=QUICK, **plan)
        try:
            return await inspection_over(link, wanted, report=heard.append).run()
        finally:
            await link.close()

    result = run_in_virtual_time(story())
    assert unit.board.flash.operations == 0
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


def test_probes_are_for_a_bootloader() -> None:
    result, _ = inspect(plugged(), probes=_probes())
    assert result.error is not None
    assert result.error.code is Code.LINK_NOT_AVAILABLE
    assert "runs its application" in result.error.message


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


def _probes() -> ProbeSource:
    from firmline.formats.probes_pack import read_probe_pack  # noqa: PLC0415
    from unit.cli.makers import probe_pack  # noqa: PLC0415 - it is made when it is needed

    return read_probe_pack(probe_pack(), name="p.zip")


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
