"""Never the wrong unit: identical units with addresses in a row, and strangers among them.

A unit's bootloader has the address of its application plus one, which is the address of the next
unit's application where units were made in a row. Every story here ends with the flash of everyone
who was not meant as it was.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmline import events
from firmline.device.description import SoftDeviceDescription
from firmline.device.faults.plan import (
    ApplicationCrash,
    ApplicationStays,
    Fault,
    FaultPlan,
    LegacyBootloader,
    LinkLoss,
    PowerCutAt,
    ResetBrownOut,
)
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, VerifyError
from firmline.events import Event, Outcome, UnitMode
from firmline.values import BleAddress, Fwid
from integration.links.scripted import APPLICATION, ScriptedUnit
from integration.room import (
    Room,
    ended,
    flash_of,
    identical,
    in_a_room,
    nothing_was_sent,
)
from unit.device.makers import ADDRESS, BANK_0, describe

pytestmark = pytest.mark.slow

IN_BOOTLOADER = 0xB1
"""GPREGRET of a unit that was sent into its bootloader (bootloader spec, section 10)."""
OTHER_SOFTDEVICE = SoftDeviceDescription(
    fwid=Fwid(0x00B7), family=132, version=6_001_001, size_word=BANK_0
)


def in_a_row(first: str, count: int) -> list[BleAddress]:
    """Addresses as a production line gives them out."""
    addresses = [BleAddress.parse(first)]
    while len(addresses) < count:
        addresses.append(addresses[-1].plus_one())
    return addresses


Neighbours = Callable[[Room], list[VirtualUnit]]


def above(room: Room) -> list[VirtualUnit]:
    """The next unit runs its application, at the address of the meant one's bootloader."""
    return [room.place(identical(ADDRESS.plus_one()))[0]]


def above_is_loud(room: Room) -> list[VirtualUnit]:
    """It advertises as often as a bootloader, so that it answers as often."""
    room.radio.add_unit(
        ScriptedUnit(
            address=ADDRESS.plus_one(), channels=APPLICATION, interval_ms=20, name="Tag", plain=True
        )
    )
    return []


def below_waits(room: Room) -> list[VirtualUnit]:
    """The unit before waits in its bootloader, at the address of the meant one's application."""
    return [room.place(identical(ADDRESS.minus_one(), gpregret=IN_BOOTLOADER))[0]]


def on_both_sides(room: Room) -> list[VirtualUnit]:
    return above(room) + below_waits(room)


NEIGHBOURS = [above, above_is_loud, below_waits, on_both_sides]

ROWS = ["C6:05:04:03:02:01", "C6:05:04:03:02:FB"]
"""The second goes over FF, from where it goes on at 00 without a carry."""


@pytest.mark.parametrize("first", ROWS)
def test_of_ten_units_in_a_row_the_one_that_was_named_is_updated(first: str) -> None:
    async def story(room: Room) -> None:
        row = in_a_row(first, 10)
        for address in row:
            room.place(identical(address))
        meant = row[4]
        before = {address: flash_of(unit) for address, unit in room.units.items()}
        assert ended(await room.update(meant)) == (Outcome.UPDATED, "")
        changed = {a for a, unit in room.units.items() if flash_of(unit) != before[a]}
        assert changed == {meant}
        assert (room.units[meant].firmware_revision or "").startswith("4+")

    in_a_room(story)


@pytest.mark.parametrize("first", ROWS)
def test_every_one_of_ten_units_in_a_row_can_be_updated_in_its_turn(first: str) -> None:
    async def story(room: Room) -> None:
        row = in_a_row(first, 10)
        for address in row:
            room.place(identical(address))
        for done, address in enumerate(row, 1):
            assert ended(await room.update(address)) == (Outcome.UPDATED, "")
            new = [
                unit for unit in room.units.values() if str(unit.firmware_revision).startswith("4+")
            ]
            assert len(new) == done

    in_a_room(story)


@pytest.mark.parametrize("first", ROWS)
@pytest.mark.parametrize("which", [0, 5, 9])
def test_of_ten_units_in_their_bootloaders_the_one_that_was_named_is_updated(
    first: str, which: int
) -> None:
    async def story(room: Room) -> None:
        row = in_a_row(first, 10)
        for address in row:
            room.place(identical(address, gpregret=IN_BOOTLOADER))
        meant = row[which]
        before = {address: flash_of(unit) for address, unit in room.units.items()}
        result = await room.update(meant)
        changed = {a for a, unit in room.units.items() if flash_of(unit) != before[a]}
        assert changed == {meant}
        # Nobody has seen what ran before, but it came back no sooner than it could.
        assert ended(result) == (Outcome.UPDATED, "")
        assert (room.units[meant].firmware_revision or "").startswith("4+")
        for address, unit in room.units.items():
            assert unit.mode is (UnitMode.APPLICATION if address == meant else UnitMode.BOOTLOADER)

    in_a_room(story)


def test_a_unit_that_is_gone_is_not_mistaken_for_the_bootloaders_beside_it() -> None:
    async def story(room: Room) -> None:
        below, meant, above = in_a_row("C6:05:04:03:02:10", 3)
        # The lower one's bootloader has the address of the application that was named; nobody has
        # the address of its bootloader but the upper one's application.
        room.place(identical(below, gpregret=IN_BOOTLOADER))
        room.place(identical(above))
        before = {address: flash_of(unit) for address, unit in room.units.items()}
        result = await room.update(meant)
        assert ended(result) == (Outcome.FAILED, Code.WRONG_UNIT)
        assert nothing_was_sent(room)
        assert {address: flash_of(unit) for address, unit in room.units.items()} == before

    in_a_room(story)


def test_a_stranger_s_bootloader_at_the_next_address_keeps_the_unit_in_its_application() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(identical(ADDRESS))
        stranger, _ = room.place(describe(address=ADDRESS, size=8_000, gpregret=IN_BOOTLOADER))
        before = flash_of(unit), flash_of(stranger)
        result = await room.update(ADDRESS)
        assert ended(result) == (Outcome.FAILED, Code.ADDRESS_TAKEN)
        assert str(ADDRESS.plus_one()) in result.finished.message
        assert nothing_was_sent(room)
        assert not room.count(events.EnteringBootloader)
        assert (unit.mode, stranger.mode) == (UnitMode.APPLICATION, UnitMode.BOOTLOADER)
        assert (flash_of(unit), flash_of(stranger)) == before

    in_a_room(story)


def test_a_legacy_bootloader_at_the_next_address_is_a_stranger_too() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(identical(ADDRESS))
        faults = FaultPlan(faults=(LegacyBootloader(),))
        room.place(describe(address=ADDRESS, gpregret=IN_BOOTLOADER, faults=faults))
        assert ended(await room.update(ADDRESS)) == (Outcome.FAILED, Code.ADDRESS_TAKEN)
        assert unit.mode is UnitMode.APPLICATION

    in_a_room(story)


def test_a_neighbour_that_advertises_the_service_in_its_application_does_no_harm() -> None:
    async def story(room: Room) -> None:
        room.place(identical(ADDRESS))
        neighbour = ScriptedUnit(
            address=ADDRESS.plus_one(), channels=APPLICATION, interval_ms=1_000
        )
        room.radio.add_unit(neighbour)
        assert ended(await room.update(ADDRESS)) == (Outcome.UPDATED, "")
        assert not any(step.startswith("buttonless 01") for step in neighbour.life)

    in_a_room(story)


def test_a_bootloader_with_another_softdevice_than_the_application_had_is_refused() -> None:
    async def story(room: Room) -> None:
        unit, peripheral = room.place(identical(ADDRESS))
        strangers: list[VirtualUnit] = []

        def swap(event: Event) -> None:
            """Ours is carried away while it restarts, and another one is switched on."""
            if isinstance(event, events.LinkLost) and not strangers:
                peripheral._shut_down()
                stranger = describe(
                    address=ADDRESS, gpregret=IN_BOOTLOADER, softdevice=OTHER_SOFTDEVICE
                )
                strangers.append(room.place(stranger)[0])

        room.on_event = swap
        before = flash_of(unit)
        result = await room.update(ADDRESS)
        assert ended(result) == (Outcome.FAILED, Code.WRONG_UNIT)
        assert "0x00B7" in result.finished.message
        assert nothing_was_sent(room)
        assert flash_of(unit) == before
        assert strangers[0].mode is UnitMode.BOOTLOADER

    in_a_room(story)


def test_another_serial_number_at_the_end_is_never_called_updated() -> None:
    async def story(room: Room) -> None:
        _, peripheral = room.place(identical(ADDRESS))
        placed: list[VirtualUnit] = []

        def swap(event: Event) -> None:
            """Ours is carried away while it activates its image."""
            if isinstance(event, events.Searching) and room.count(events.ImageSent):
                peripheral._shut_down()
                placed.append(room.place(describe(address=ADDRESS, version=9))[0])

        room.on_event = swap
        result = await room.update(ADDRESS)
        assert ended(result) == (Outcome.UNVERIFIED, Code.WRONG_UNIT)
        assert isinstance(result.error, VerifyError)
        assert result.error.context == {"before": f"T-{ADDRESS}", "after": "T-1"}
        assert placed

    in_a_room(story)


def test_a_stranger_that_takes_the_place_of_a_unit_after_a_lost_link_gets_nothing() -> None:
    async def story(room: Room) -> None:
        faults = FaultPlan(faults=(LinkLoss(after_packets=3),))
        _, peripheral = room.place(identical(ADDRESS, faults=faults))
        strangers: list[VirtualUnit] = []

        def swap(event: Event) -> None:
            lost = isinstance(event, events.LinkLost) and not event.expected
            if lost and not strangers:
                peripheral._shut_down()
                stranger = describe(
                    address=ADDRESS, gpregret=IN_BOOTLOADER, softdevice=OTHER_SOFTDEVICE
                )
                strangers.append(room.place(stranger)[0])

        room.on_event = swap
        result = await room.update(ADDRESS)
        assert result.finished.outcome is not Outcome.UPDATED
        assert result.finished.code == Code.WRONG_UNIT
        (stranger,) = strangers
        assert stranger.mode is UnitMode.BOOTLOADER
        assert not stranger.board.flash.operations

    in_a_room(story)


def test_a_unit_that_lost_the_request_in_its_restart_gets_there_at_the_next_try() -> None:
    async def story(room: Room) -> None:
        room.place(identical(ADDRESS, faults=FaultPlan(faults=(ResetBrownOut(times=2),))))
        first = await room.update(ADDRESS)
        assert ended(first) == (Outcome.FAILED, Code.UNIT_STAYED_IN_APPLICATION)
        assert first.error is not None
        assert "Try once more" in first.error.hint
        assert ended(await room.update(ADDRESS)) == (Outcome.UPDATED, "")

    in_a_room(story)


@pytest.mark.parametrize(
    "fault",
    [
        *(PowerCutAt(operation=operation) for operation in (1, 150, 300, 500, 900, 1200)),
        *(LinkLoss(after_packets=packets) for packets in (0, 1, 2, 3, 5, 9, 12)),
        ResetBrownOut(times=1),
    ],
    ids=str,
)
@pytest.mark.parametrize("neighbours", NEIGHBOURS)
def test_neighbours_hide_no_recovery(neighbours: Neighbours, fault: Fault) -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(identical(ADDRESS, faults=FaultPlan(faults=(fault,))))
        others = neighbours(room)
        before = [flash_of(other) for other in others]
        assert ended(await room.update(ADDRESS)) == (Outcome.UPDATED, "")
        assert room.count(events.LadderStepped)
        assert (unit.firmware_revision or "").startswith("4+")
        assert [flash_of(other) for other in others] == before

    in_a_room(story)


@pytest.mark.parametrize("neighbours", NEIGHBOURS)
def test_a_unit_in_its_bootloader_that_returns_as_its_application_is_seen_beside_neighbours(
    neighbours: Neighbours,
) -> None:
    async def story(room: Room) -> None:
        faults = FaultPlan(faults=(PowerCutAt(operation=1),))
        unit, _ = room.place(identical(ADDRESS, gpregret=IN_BOOTLOADER, faults=faults))
        neighbours(room)
        assert ended(await room.update(ADDRESS)) == (Outcome.UPDATED, "")
        assert (unit.firmware_revision or "").startswith("4+")

    in_a_room(story)


def test_an_application_behind_another_s_bootloader_is_reached_in_the_end() -> None:
    async def story(room: Room) -> None:
        unit, _ = room.place(identical(ADDRESS))
        (waiting,) = below_waits(room)
        assert ended(await room.update(ADDRESS)) == (Outcome.UPDATED, "")
        assert (unit.firmware_revision or "").startswith("4+")
        assert waiting.mode is UnitMode.BOOTLOADER
        # It took more than the tries in a row.
        met = [e for e in room.heard if isinstance(e, events.Connected)]
        assert sum(e.address == ADDRESS and e.mode is UnitMode.BOOTLOADER for e in met) > 1

    in_a_room(story)


def test_an_application_that_is_never_reached_behind_another_s_bootloader_is_said_to_be_there() -> (
    None
):
    async def story(room: Room) -> None:
        below_waits(room)
        # Heard and never met: it lets in one central alone, and that is not this one.
        shy = ScriptedUnit(
            address=ADDRESS, channels=APPLICATION, name="Tag", plain=True, only_for=ADDRESS
        )
        room.radio.add_unit(shy)
        result = await room.update(ADDRESS)
        assert ended(result) == (Outcome.FAILED, Code.ADDRESS_TAKEN)
        assert str(ADDRESS.minus_one()) in result.finished.message
        assert nothing_was_sent(room)

    in_a_room(story)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (ResetBrownOut(times=2), Code.UNIT_STAYED_IN_APPLICATION),
        (ApplicationStays(), Code.UNIT_DID_NOT_RESTART),
        (ApplicationCrash(), Code.UNIT_STAYED_IN_APPLICATION),
    ],
)
@pytest.mark.parametrize("neighbours", NEIGHBOURS)
def test_neighbours_hide_no_reason(neighbours: Neighbours, fault: Fault, code: Code) -> None:
    async def story(room: Room) -> None:
        room.place(identical(ADDRESS, faults=FaultPlan(faults=(fault,))))
        neighbours(room)
        assert ended(await room.update(ADDRESS)) == (Outcome.FAILED, code)

    in_a_room(story)
