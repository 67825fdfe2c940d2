"""Reading a unit in its bootloader at a port: in virtual time, and at a real pseudo-terminal."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from firmline import events
from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import FaultPlan, LostPackets
from firmline.errors import Code
from firmline.events import Event, UnitMode
from firmline.formats.probes import ProbeCatalogue, SignedOnDemand, with_known_softdevices
from firmline.formats.probes_versions import VersionLimits
from firmline.links.serial.link import serial_link
from firmline.links.serial.options import SerialOptions
from firmline.links.serial.virtual import virtual_serial_link
from firmline.links.virtual_time import run_in_virtual_time
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.inspection.port import PortInspection
from firmline.updater.inspection.record import InspectionResult
from firmline.updater.timeouts import SerialTimeouts, Timeouts
from firmline.values import Fwid
from integration.serial_port.peer import Peer
from integration.serial_port.road import waiting
from unit.device.makers import FWID, KEY, OTHER_KEY

pytestmark = pytest.mark.slow
UNIT = waiting()
EVERY = VersionLimits.every()
CATALOGUE = ProbeCatalogue(
    hw_versions=(51, 52),
    softdevices=with_known_softdevices((Fwid(FWID),)),
    app_limits=EVERY,
    bootloader_limits=EVERY,
)
PROBES = SignedOnDemand(catalogue=CATALOGUE, signer=KEY)


def inspect(unit: UnitDescription = UNIT, **plan: Any) -> tuple[InspectionResult, list[Event]]:
    made = fabricate(unit, physics=physics_of(unit), greets=True)
    heard: list[Event] = []

    async def story() -> InspectionResult:
        link = virtual_serial_link(made, baud=115_200)
        asked = InspectionPlan(unit_name="sim:unit", pin=None, **plan)
        return await PortInspection(asked, link=link, report=heard.append).run()

    return run_in_virtual_time(story()), heard


def known(result: InspectionResult) -> dict[tuple[str, str], str]:
    return {(fact.fact, fact.how.value): fact.value for fact in result.facts}


def test_a_bootloader_at_a_port_says_what_it_is_made_of() -> None:
    result, heard = inspect()
    facts = known(result)
    assert result.error is None
    assert facts["mode", "query"] == "bootloader"
    assert facts["chip", "query"] == "nrf52832-512k"
    assert facts["app_version", "query"] == str(int(UNIT.application_version))
    assert facts["bootloader_version", "query"] == str(int(UNIT.bootloader_version))
    assert facts["image_held", "query"] == "0"
    assert [one.fact for one in result.missing] == ["softdevice_fwid", "hw_version", "key_ok"]
    assert result.finished.left_in is UnitMode.BOOTLOADER
    assert isinstance(heard[0], events.InspectionStarted)
    assert heard[-1] == result.finished


def test_probes_tell_the_rest_and_change_nothing() -> None:
    result, _ = inspect(probes=PROBES, public_key=KEY.public_key.le_bytes.hex())
    facts = known(result)
    assert result.error is None
    assert facts["softdevice_fwid", "probe"] == str(Fwid(FWID))
    assert facts["hw_version", "probe"] == "52"
    assert facts["key_ok", "probe"] == "yes"
    assert facts["app_version", "probe"] == facts["app_version", "query"]
    assert result.missing == ()


def test_probes_of_another_key_say_so_and_no_more() -> None:
    other = replace(UNIT, public_key=OTHER_KEY.public_key)
    result, _ = inspect(other, probes=PROBES)
    assert known(result)["key_ok", "probe"] == "no"
    assert ("hw_version", "probe") not in known(result)


def test_an_application_that_prints_is_no_bootloader() -> None:
    timeouts = Timeouts(serial=SerialTimeouts(bootloader_s=1.0))
    result, heard = inspect(replace(UNIT, gpregret=0), timeouts=timeouts)
    assert result.error is not None
    assert result.facts == ()
    assert result.finished.left_in is None
    assert isinstance(heard[-1], events.InspectionFinished)


def test_a_line_that_loses_answers_ends_with_a_timeout_and_what_was_found() -> None:
    lossy = replace(UNIT, faults=FaultPlan(faults=(LostPackets(first=6, every=1),)))
    result, _ = inspect(lossy)
    assert result.error is not None
    assert known(result)["mode", "query"] == "bootloader"


def test_at_a_real_pseudo_terminal_nonsense_is_told_as_such() -> None:
    peer = Peer(says=lambda data: b"\x55" * len(data))
    heard: list[Event] = []

    async def story() -> InspectionResult:
        link = serial_link(SerialOptions(port=peer.path))
        timeouts = Timeouts(serial=SerialTimeouts(bootloader_s=0.5))
        plan = InspectionPlan(unit_name="serial:pty", pin=None, timeouts=timeouts)
        return await PortInspection(plan, link=link, report=heard.append).run()

    try:
        result = asyncio.run(story())
    finally:
        peer.close()
    assert result.error is not None
    assert result.error.code is Code.PORT_NONSENSE
