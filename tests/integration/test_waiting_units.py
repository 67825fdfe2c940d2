"""Units that wait in their bootloaders when they are named by the address of their application.

A unit is taken in its bootloader as soon as its application has been silent for long enough, and
none but that unit: whoever else is at the next address is told apart first.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from firmline import events
from firmline.device.faults.plan import FaultPlan, LegacyBootloader
from firmline.device.unit import VirtualUnit
from firmline.errors import Code
from firmline.events import Event, Outcome, UnitMode
from firmline.protocol.pacing import FOR_BLUETOOTH
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.inspection.radio import Inspection
from firmline.updater.timeouts import Timeouts
from firmline.updater.update import Update, UpdateResult, plan_for
from firmline.values import AdvertisedName, BleAddress, UnitPin
from integration.links.scripted import APPLICATION, BOOTLOADER, ScriptedUnit
from integration.room import (
    SIZE,
    Room,
    bonded,
    ended,
    flash_of,
    identical,
    in_a_room,
    nothing_was_sent,
    of,
)
from integration.story import package
from unit.device.makers import ADDRESS

pytestmark = pytest.mark.slow

ABOVE = ADDRESS.plus_one()
BELOW = ADDRESS.minus_one()
IN_BOOTLOADER = 0xB1
"""GPREGRET of a unit that was sent into its bootloader (bootloader spec, section 10)."""
USUAL = Timeouts()
ASKED_S = 1.0
"""For a bootloader to be heard, connected to and found to be one, with room to spare."""
SELDOM_MS = 8_000.0
"""Of an application that is heard less often than an update waits for before it asks elsewhere; the
longest interval there is has 10.24 s (Core spec, Vol 6, Part B, 4.4.2.2)."""


async def update(room: Room, pin: UnitPin, timeouts: Timeouts = USUAL) -> UpdateResult:
    plan = plan_for(
        package(SIZE),
        b"",
        package_name="new.zip",
        unit_name="sim:unit",
        pin=pin,
        pacing=FOR_BLUETOOTH,
        timeouts=timeouts,
    )
    return await Update(plan, link=room.link, report=room._hear).run()


def searched(room: Room) -> list[UnitMode | None]:
    """What was looked for before the unit was first connected to."""
    modes: list[UnitMode | None] = []
    for event in room.heard:
        if isinstance(event, events.Connected):
            break
        if isinstance(event, events.Searching):
            modes.append(event.expected_mode)
    return modes


def began_s(room: Room) -> float:
    """When the image began, counted from the first event."""
    first = next(event for event in room.heard if isinstance(event, events.Searching))
    (image,) = of(room, events.ImageStarted)
    return float(image.at_s) - first.at_s


async def left_in_its_bootloader(room: Room, address: BleAddress) -> None:
    """An update that is broken off: this computer has a bond with the unit from then on."""
    task = asyncio.ensure_future(room.update(address))

    def break_off(event: Event) -> None:
        if isinstance(event, events.ImageStarted):
            task.cancel()

    room.on_event = break_off
    with pytest.raises(asyncio.CancelledError):
        await task
    room.on_event = lambda _event: None
    room.heard.clear()


async def bonded_above(room: Room) -> VirtualUnit:
    """The next unit's bootloader, which keeps the address of its application, with our bond."""
    unit, _ = room.place(bonded(address=ABOVE))
    await left_in_its_bootloader(room, ABOVE)
    assert unit.mode is UnitMode.BOOTLOADER
    return unit


def seldom_heard(room: Room, address: BleAddress = ADDRESS) -> ScriptedUnit:
    """An application that advertises as seldom as it may, and stays when it is asked to jump."""
    unit = ScriptedUnit(
        address=address,
        channels=APPLICATION,
        name="Tag",
        plain=True,
        interval_ms=SELDOM_MS,
        jumps=False,
    )
    room.radio.add_unit(unit)
    return unit


# The unit waits there.


@pytest.mark.parametrize("already_there_s", [0.5, USUAL.already_there_s])
def test_a_unit_in_its_bootloader_waits_only_as_long_as_it_is_told(already_there_s: float) -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(identical(ADDRESS, gpregret=IN_BOOTLOADER))
        timeouts = replace(USUAL, already_there_s=already_there_s)
        assert ended(await update(room, ADDRESS, timeouts)) == (Outcome.UPDATED, "")
        assert already_there_s <= began_s(room) < already_there_s + ASKED_S
        assert searched(room) == [UnitMode.APPLICATION, UnitMode.BOOTLOADER]
        assert (unit.firmware_revision or "").startswith("4+")

    in_a_room(story)


def test_an_inspection_waits_no_longer() -> None:
    async def story(room: Room) -> None:
        room.place(identical(ADDRESS, gpregret=IN_BOOTLOADER))
        plan = InspectionPlan(unit_name="sim:unit", pin=ADDRESS)
        result = await Inspection(plan, link=room.link, report=room._hear).run()
        assert result.error is None
        assert result.finished.left_in is UnitMode.BOOTLOADER
        assert result.finished.duration_s < USUAL.already_there_s + 2 * ASKED_S

    in_a_room(story)


def test_a_wait_for_the_bootloader_that_is_longer_than_the_search_makes_none_of_it_longer() -> None:
    async def story(room: Room) -> None:
        room.place(identical(ADDRESS, gpregret=IN_BOOTLOADER))
        timeouts = replace(USUAL, search_s=2.0, already_there_s=30.0)
        assert ended(await update(room, ADDRESS, timeouts)) == (Outcome.UPDATED, "")
        assert 2.0 <= began_s(room) < 2.0 + ASKED_S

    in_a_room(story)


def test_a_neighbour_in_its_application_hides_no_unit_that_waits() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(identical(ADDRESS, gpregret=IN_BOOTLOADER))
        neighbour, _ = room.place(identical(ABOVE))
        before = flash_of(neighbour)
        assert ended(await update(room, ADDRESS)) == (Outcome.UPDATED, "")
        assert began_s(room) < USUAL.already_there_s + 2 * ASKED_S
        assert (unit.firmware_revision or "").startswith("4+")
        assert flash_of(neighbour) == before
        assert neighbour.mode is UnitMode.APPLICATION

    in_a_room(story)


def test_a_bootloader_that_was_given_another_name_is_asked_what_it_is() -> None:
    async def story(room: Room) -> None:
        named = ScriptedUnit(address=ABOVE, channels=BOOTLOADER, name="dfu-0a1b2c3d4e5f")
        room.radio.add_unit(named)
        result = await update(room, ADDRESS)
        # It is scripted, and has no answers: what counts is that it was taken for the unit at once.
        assert ended(result)[0] is Outcome.FAILED
        assert searched(room) == [UnitMode.APPLICATION, UnitMode.BOOTLOADER]
        (first, *_), (met, *_) = of(room, events.Searching), of(room, events.Connected)
        assert met.at_s - first.at_s < USUAL.already_there_s + ASKED_S

    in_a_room(story)


def test_a_legacy_bootloader_that_waits_is_named_as_soon() -> None:
    async def story(room: Room) -> None:
        faults = FaultPlan(faults=(LegacyBootloader(),))
        room.place(identical(ADDRESS, gpregret=IN_BOOTLOADER, faults=faults))
        result = await update(room, ADDRESS)
        assert ended(result) == (Outcome.FAILED, Code.LEGACY_DFU)
        assert searched(room) == [UnitMode.APPLICATION, UnitMode.BOOTLOADER]

    in_a_room(story)


def test_a_bonded_unit_that_waits_at_its_own_address_is_met_at_once() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(bonded())
        await left_in_its_bootloader(room, ADDRESS)
        assert ended(await update(room, ADDRESS)) == (Outcome.UPDATED, "")
        assert searched(room) == [UnitMode.APPLICATION]
        assert (unit.firmware_revision or "").startswith("4+")

    in_a_room(story)


def test_a_unit_that_is_named_by_what_its_bootloader_is_called_is_met_at_once() -> None:
    async def story(room: Room) -> None:
        room.place(identical(ADDRESS, gpregret=IN_BOOTLOADER))
        assert ended(await update(room, AdvertisedName("DfuTarg"))) == (Outcome.UPDATED, "")
        assert began_s(room) < USUAL.already_there_s

    in_a_room(story)


def test_a_name_that_nobody_has_is_looked_for_to_the_end_and_no_bootloader_taken_for_it() -> None:
    async def story(room: Room) -> None:
        waiting, _ = room.place(identical(ADDRESS, gpregret=IN_BOOTLOADER))
        result = await update(room, AdvertisedName("Tag"))
        assert ended(result) == (Outcome.FAILED, Code.UNIT_NOT_FOUND)
        assert nothing_was_sent(room)
        assert result.finished.duration_s >= USUAL.search_s
        assert waiting.mode is UnitMode.BOOTLOADER

    in_a_room(story)


# Its application is there, and seldom heard.


def test_an_application_that_is_seldom_heard_has_all_of_the_search() -> None:
    async def story(room: Room) -> None:
        unit = seldom_heard(room)
        result = await update(room, ADDRESS)
        assert result.finished.code != Code.UNIT_NOT_FOUND
        assert "connected" in unit.life
        assert nothing_was_sent(room)

    in_a_room(story)


@pytest.mark.parametrize("plain", [True, False])
def test_a_neighbour_s_application_is_not_taken_for_the_bootloader_of_one_that_is_seldom_heard(
    plain: bool,
) -> None:
    async def story(room: Room) -> None:
        unit = seldom_heard(room)
        neighbour = ScriptedUnit(
            address=ABOVE, channels=APPLICATION, name="Tag", plain=plain, interval_ms=100
        )
        room.radio.add_unit(neighbour)
        result = await update(room, ADDRESS)
        assert "connected" in unit.life
        assert result.finished.code != Code.WRONG_UNIT
        assert nothing_was_sent(room)
        assert not any(step.startswith("buttonless 01") for step in neighbour.life)

    in_a_room(story)


def test_a_neighbour_s_bootloader_is_not_taken_for_that_of_one_that_is_seldom_heard() -> None:
    """The next unit waits in its bootloader, with a bond; ours runs its application."""

    async def story(room: Room) -> None:
        neighbour = await bonded_above(room)
        before = flash_of(neighbour)
        unit = seldom_heard(room)
        result = await update(room, ADDRESS)
        assert ended(result) == (Outcome.FAILED, Code.ADDRESS_TAKEN)
        assert "connected" in unit.life
        assert not any(step.startswith("buttonless 01") for step in unit.life)
        assert nothing_was_sent(room)
        assert flash_of(neighbour) == before
        assert neighbour.mode is UnitMode.BOOTLOADER

    in_a_room(story)


# It is not there at all.


@pytest.mark.parametrize("also_below", [False, True])
def test_a_bootloader_with_a_bond_at_the_next_address_is_the_next_unit_s(also_below: bool) -> None:
    """This computer has the bond, so that it would even be let in."""

    async def story(room: Room) -> None:
        neighbour = await bonded_above(room)
        others = [neighbour]
        if also_below:
            others.append(room.place(identical(BELOW, gpregret=IN_BOOTLOADER))[0])
        before = [flash_of(other) for other in others]
        result = await update(room, ADDRESS)
        assert ended(result) == (Outcome.FAILED, Code.WRONG_UNIT)
        assert f"that of the unit {ABOVE}" in result.finished.message
        assert result.error is not None
        assert str(ABOVE) in result.error.hint
        assert nothing_was_sent(room)
        assert not room.count(events.LinkEncrypted)
        assert [flash_of(other) for other in others] == before
        assert all(other.mode is UnitMode.BOOTLOADER for other in others)

    in_a_room(story)


def test_an_inspection_reads_no_bootloader_of_the_next_unit_either() -> None:
    async def story(room: Room) -> None:
        await bonded_above(room)
        plan: Any = InspectionPlan(unit_name="sim:unit", pin=ADDRESS)
        result = await Inspection(plan, link=room.link, report=room._hear).run()
        assert result.error is not None
        assert result.error.code is Code.WRONG_UNIT
        assert "mode" not in {fact.fact for fact in result.facts}

    in_a_room(story)


def test_a_unit_that_is_gone_is_looked_for_as_long_as_before() -> None:
    async def story(room: Room) -> None:
        result = await update(room, ADDRESS)
        assert ended(result) == (Outcome.FAILED, Code.UNIT_NOT_FOUND)
        whole_s = USUAL.search_s + USUAL.already_there_s
        assert whole_s <= result.finished.duration_s < whole_s + ASKED_S

    in_a_room(story)
