"""What an update says that it sent: the bytes of this run, not those of the image.

Each story is whole updates in virtual time. The truth is counted at the unit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from firmline import events
from firmline.cli.update_run import result_fields, summary
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import (
    CorruptedPackets,
    Fault,
    FaultPlan,
    LinkLoss,
    LostPackets,
    PowerCutAt,
)
from firmline.device.profile import PROFILES
from firmline.device.synthetic import synthetic_bytes
from firmline.device.unit import VirtualUnit
from firmline.events import Outcome
from firmline.formats.firmware import FirmwareImage
from firmline.formats.package import Package
from firmline.links.serial.virtual import virtual_serial_link
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.object_stream import MOST_WAITING
from firmline.protocol.pacing import AHEAD, FOR_BLUETOOTH, NO_PAUSES, Pacing
from firmline.updater.expectation import expectation
from firmline.updater.opening import AnyLink
from firmline.updater.update import Update, plan_for
from firmline.values import Fwid, FwVersion, UnitPin
from integration import story
from integration.serial_port import road
from integration.story import Told, package
from unit.device.makers import ADDRESS, describe, softdevice_image

pytestmark = pytest.mark.slow
SIZE, OBJECT = 60_000, 4096
HELD = 9 * OBJECT
"""60 % of it."""
PACINGS = [pytest.param(FOR_BLUETOOTH, id="step-by-step"), pytest.param(AHEAD, id="ahead")]


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a unit is reached, again and again."""

    unit: VirtualUnit
    link: Callable[[], Awaitable[AnyLink]]
    pin: UnitPin | None
    pacing: Pacing

    async def update(self, contents: Package, *, stop_at: tuple[int, int] | None = None) -> Told:
        """One update; stopped where so much of the image with this index was executed."""
        heard: list[events.Event] = []
        begun: list[int] = []
        reached = asyncio.Event()

        def report(event: events.Event) -> None:
            heard.append(event)
            match event:
                case events.ImageStarted(index=index):
                    begun.append(index)
                case events.ObjectExecuted(object_type="data", offset=offset):
                    if (begun[-1], offset) == stop_at:
                        reached.set()

        plan = plan_for(
            contents,
            b"",
            package_name="update.zip",
            unit_name="sim:unit",
            pin=self.pin,
            pacing=self.pacing,
            expectation=expectation(road.NEW) if self.pin is None else None,
            checkpoint_s=None,
        )
        update = Update(plan, link=await self.link(), report=report)
        run = asyncio.create_task(update.run())
        stopped = asyncio.create_task(reached.wait())
        await asyncio.wait({run, stopped}, return_when=asyncio.FIRST_COMPLETED)
        (run if reached.is_set() else stopped).cancel()
        await asyncio.wait({run, stopped})
        assert update.result is not None
        return Told(result=update.result, heard=heard, unit=self.unit)


def over_radio(
    tell: Callable[[Way], Awaitable[None]], *, pacing: Pacing = AHEAD, **changes: Any
) -> None:
    """A story of updates over one radio."""

    async def told() -> None:
        description = describe(**changes)
        unit = fabricate(description, physics=physics_of(description))
        air = open_virtual_radio(timed=True)
        try:
            unit.power_on(now_s=air.now_s())
            air.add_unit(unit)
            await tell(Way(unit=unit, link=air.open_link, pin=ADDRESS, pacing=pacing))
        finally:
            await air.close()

    run_in_virtual_time(told())


def over_line(tell: Callable[[Way], Awaitable[None]]) -> None:
    """A story of updates over one serial port."""

    async def told() -> None:
        description = road.waiting()
        unit = fabricate(description, physics=physics_of(description), greets=True)

        port = virtual_serial_link(unit, baud=road.BAUD)

        async def link() -> AnyLink:
            return port

        try:
            await tell(Way(unit=unit, link=link, pin=None, pacing=NO_PAUSES))
        finally:
            await port.close()

    run_in_virtual_time(told())


def figures(told: Told) -> tuple[int, int, int]:
    finished = told.result.finished
    return finished.size, finished.held_size, finished.sent_size


def image(name: str, data: bytes) -> FirmwareImage:
    return FirmwareImage(data=data, address=None, source_name=f"{name}.bin")


async def goes_on(way: Way) -> None:
    contents = package(SIZE)
    first = await way.update(contents, stop_at=(0, HELD))
    assert first.result.finished.outcome is Outcome.FAILED
    size, held, sent = figures(first)
    assert (size, held) == (0, 0)
    assert HELD <= sent <= HELD + (MOST_WAITING + 1) * OBJECT  # what was under way
    second = await way.update(contents)
    assert second.result.finished.outcome is Outcome.UPDATED
    there = [e.offset for e in second.of(events.Resumed) if e.object_type == "data"]
    assert figures(second) == (SIZE, there[0], SIZE - there[0])
    assert there[0] >= HELD


@pytest.mark.parametrize("pacing", PACINGS)
def test_an_update_over_a_radio_that_goes_on_says_what_was_there(pacing: Pacing) -> None:
    over_radio(goes_on, pacing=pacing)


def test_an_update_over_a_line_that_goes_on_says_what_was_there() -> None:
    over_line(goes_on)


def test_speed_and_share_are_those_of_what_was_sent() -> None:
    """The rest of an image goes as fast as the whole of it, and no faster."""

    async def compare(way: Way) -> None:
        contents = package(150_000)
        await way.update(contents, stop_at=(0, 22 * OBJECT))
        finished = (await way.update(contents)).result.finished
        assert finished.limit_share is not None
        assert 0.9 < finished.limit_share <= 1
        assert 6_000 < finished.sent_size / finished.transfer_s < 7_000
        said = summary(finished)
        assert f": {finished.sent_size:,} bytes sent in" in said
        assert f", {finished.held_size:,} of 150,000 were there already" in said

    over_radio(compare)


def test_of_several_images_what_was_there_of_the_first_is_told_beside_all_that_was_sent() -> None:
    first_size, bootloader_size = 0x8000, 0x1800
    contents = package(
        SIZE,
        softdevice=image("sd", softdevice_image(size=first_size)),
        bootloader=image("bl", synthetic_bytes("a bootloader", bootloader_size)),
        sd_id=(Fwid(0x104),),
        bootloader_version=FwVersion(2),
    )

    async def goes_on(way: Way) -> None:
        await way.update(contents, stop_at=(0, 5 * OBJECT))
        told = await way.update(contents)
        assert told.result.finished.outcome is Outcome.UPDATED
        there = [e.offset for e in told.of(events.Resumed) if e.object_type == "data"]
        whole = first_size + bootloader_size + SIZE
        assert figures(told) == (whole, there[0], whole - there[0])
        assert there[0] >= 5 * OBJECT

    over_radio(goes_on)


@pytest.mark.parametrize("pacing", PACINGS)
@pytest.mark.parametrize("profile", ["sdk15.3-ble", "sdk17.1-ble"])
@pytest.mark.parametrize(
    "fault",
    [
        LinkLoss(after_packets=200),
        LostPackets(first=100),
        LostPackets(first=60, every=45),
        CorruptedPackets(first=80),
        PowerCutAt(operation=9_000),
    ],
    ids=lambda fault: fault.name,
)
def test_what_a_recovery_sends_again_counts_again(
    fault: Fault, profile: str, pacing: Pacing
) -> None:
    description = describe(faults=FaultPlan(faults=(fault,)), profile=PROFILES[profile])
    told = story.update(description, package(SIZE), pacing=pacing)
    assert told.result.finished.outcome is Outcome.UPDATED
    size, held, sent = figures(told)
    again = sent - size
    assert (size, held) == (SIZE, 0)
    assert again >= 0
    # What the unit has to get again: from where it then was to where it had been.
    rewound = reached = 0
    for event in told.heard:
        match event:
            case events.ObjectExecuted(object_type="data", offset=offset):
                reached = offset
            case events.ObjectCreated(object_type="data", offset=offset):
                rewound += max(0, reached - offset)
                reached = offset
    lost_objects = told.count(events.ObjectLost) + told.count(events.ObjectRepeated)
    assert rewound <= again <= rewound + (lost_objects + 2) * OBJECT
    said = summary(told.result.finished)
    assert (f", {again:,} were sent again" in said) is (again > 0)


def test_a_whole_update_without_trouble_has_sent_its_image_once() -> None:
    """Packets that were offered to a full queue are no packets that were sent again."""
    for pacing in (AHEAD, FOR_BLUETOOTH):
        told = story.update(describe(), package(SIZE), pacing=pacing)
        assert figures(told) == (SIZE, 0, SIZE)
        fields = result_fields(told.result)
        assert (fields["bytes"], fields["bytes_held"], fields["bytes_sent"]) == (SIZE, 0, SIZE)
