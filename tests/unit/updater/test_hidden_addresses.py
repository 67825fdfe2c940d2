"""Updates where a unit is known by its name, or the system shows no addresses at all."""

from __future__ import annotations

import re
from typing import Any

import pytest

from firmline import events
from firmline.device.radio_face import ResetKind
from firmline.errors import Code
from firmline.events import Event, Outcome, UnitMode
from firmline.links.base import Sighting
from firmline.protocol.buttonless import encode_set_advertising_name
from firmline.protocol.channels import Channel
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.inspection.radio import Inspection
from firmline.updater.update import Update
from firmline.values import AdvertisedName, BleAddress, Fwid, RadioAddress, UnitPin
from unit.device.makers import ADDRESS, BANK_0, enter_bootloader, softdevice_image
from unit.updater.fakes import (
    IMAGE,
    NEXT,
    TIMEOUTS,
    FakeLink,
    Story,
    firmware,
    identifier,
    package,
    plan,
    running_unit,
    tell,
)

ID = identifier(ADDRESS)
NAME = AdvertisedName("bench-unit")


def hidden(**changes: Any) -> FakeLink:
    """A road that shows no addresses, with a unit in its application."""
    return FakeLink(running_unit(**changes), hides_addresses=True)


def stranger(name: str, address: RadioAddress | None = None) -> Sighting:
    seen_under = identifier(BleAddress.parse("C0:00:00:00:00:01")) if address is None else address
    return Sighting(address=seen_under, name=name, services=frozenset({0xFE59}), rssi_dbm=-20)


def ended(story: Story, outcome: Outcome, code: Code | str) -> bool:
    finished = story.result.finished
    return (finished.outcome, finished.code) == (outcome, code)


async def told(link: FakeLink, pin: UnitPin) -> Story:
    """An update that may also look for whoever would have the address behind the bootloader's."""
    heard: list[Event] = []
    result = await Update(plan(package(), pin), link=link, report=heard.append).run()
    assert set(link.sought) <= {ADDRESS, NEXT, NEXT.plus_one()}
    return Story(result, heard, link)


def asked(story: Story) -> list[str]:
    return [event.request for event in story.of(events.RequestSent)]


# Where no addresses are visible.


async def test_the_bootloader_is_given_a_name_before_the_jump_and_found_under_it() -> None:
    story = await tell(hidden(), pin=ID)
    assert ended(story, Outcome.UPDATED, "")
    assert asked(story)[:2] == ["set_advertising_name", "enter_bootloader"]
    (entering,) = story.of(events.EnteringBootloader)
    assert entering.address is None
    assert re.fullmatch(r"dfu-[0-9a-f]{12}", entering.name)
    seen = [(event.name, event.address) for event in story.of(events.UnitSeen)]
    assert (entering.name, identifier(NEXT)) in seen
    assert story.link.unit is not None
    assert story.link.unit.firmware_revision is not None
    assert story.link.unit.firmware_revision.startswith("4+")


async def test_every_jump_has_a_name_of_its_own() -> None:
    link = hidden()
    first = await tell(link, pin=ID)
    second = await tell(link, pin=ID)
    names = [story.of(events.EnteringBootloader)[0].name for story in (first, second)]
    assert names[0] != names[1]
    assert second.of(events.EnteringBootloader)[0].address is None


async def test_where_addresses_are_visible_no_name_is_left() -> None:
    story = await tell(FakeLink(running_unit()))
    assert "set_advertising_name" not in asked(story)


async def test_all_images_of_a_package_find_the_bootloader_under_its_name() -> None:
    contents = package(softdevice=firmware(softdevice_image(size=0x8000)), sd_id=(Fwid(0x104),))
    story = await tell(hidden(), contents, pin=ID)
    by_name = [event for event in story.of(events.Searching) if event.name]
    assert len(by_name) == len(contents.images) == 2
    assert {event.address for event in by_name} == {None}
    assert len({event.name for event in by_name}) == 1


async def test_a_unit_that_takes_no_name_is_not_restarted() -> None:
    link = hidden()
    assert link.unit is not None
    link.unit.board.flash.protect(0x7F000, 0x1000)
    story = await tell(link, pin=ID)
    assert ended(story, Outcome.REFUSED, Code.REFUSED_NAME)
    assert asked(story) == ["set_advertising_name"]
    assert link.unit.mode is UnitMode.APPLICATION


async def test_a_name_that_was_left_before_is_cleared_by_a_restart_as_the_advice_says() -> None:
    link = hidden()
    assert link.unit is not None
    unit = link.unit
    unit.connected(now_s=999)
    unit.subscribed(Channel.BUTTONLESS, True, now_s=999)
    unit.receive(Channel.BUTTONLESS, encode_set_advertising_name(b"older"), now_s=999)
    unit.disconnected(now_s=999)
    unit.take_outputs()
    assert ended(await tell(link, pin=ID), Outcome.REFUSED, Code.REFUSED_NAME)
    unit.reset(ResetKind.POWER, now_s=link.clock_s)
    unit.take_outputs()
    assert ended(await tell(link, pin=ID), Outcome.UPDATED, "")


async def test_another_bootloader_in_the_air_is_not_taken_for_this_one() -> None:
    link = hidden()
    link.strangers = tuple(
        stranger("DfuTarg", identifier(BleAddress.parse(f"C0:00:00:00:00:{at:02X}")))
        for at in range(9)
    )
    assert ended(await tell(link, pin=ID), Outcome.UPDATED, "")


async def test_a_second_bootloader_with_the_drawn_name_is_reason_to_send_nothing() -> None:
    link = hidden()

    def copy_the_name(_step: str) -> None:
        unit = link.unit
        assert unit is not None
        advertisement = unit.advertisement
        if unit.mode is UnitMode.BOOTLOADER and advertisement is not None:
            link.strangers = (stranger(advertisement.data[-16:].decode()),)

    link.interfere = copy_the_name
    story = await tell(link, pin=ID)
    assert ended(story, Outcome.FAILED, Code.UNIT_AMBIGUOUS)
    assert not story.of(events.ObjectCreated)


async def test_a_bootloader_that_was_not_named_cannot_be_recognised_and_the_error_says_so() -> None:
    unit = running_unit()
    enter_bootloader(unit, now_s=999.0)
    story = await tell(FakeLink(unit, hides_addresses=True), pin=ID)
    assert ended(story, Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert "could not tell" in story.result.finished.message
    assert story.result.error is not None
    assert "firmline scan" in story.result.error.hint


async def test_a_unit_that_left_and_is_not_seen_under_its_name_is_named_in_the_error() -> None:
    link = hidden()

    def switch_off(_step: str) -> None:
        if link.unit is not None and link.unit.mode is UnitMode.BOOTLOADER:
            link.unit = None

    link.interfere = switch_off
    story = await tell(link, pin=ID)
    assert ended(story, Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert story.of(events.EnteringBootloader)[0].name in story.result.finished.message


# A unit that is known by its name.


@pytest.mark.parametrize("hides", [False, True], ids=["addresses", "no addresses"])
async def test_a_name_pins_the_unit_by_the_address_that_was_seen_under_it(hides: bool) -> None:
    link = FakeLink(running_unit(), hides_addresses=hides)
    story = await tell(link, pin=NAME)
    assert ended(story, Outcome.UPDATED, "")
    searching = story.of(events.Searching)
    assert (searching[0].address, searching[0].name) == (None, "bench-unit")
    assert searching[-1].address == link.seen_under(ADDRESS)
    assert searching[-1].name == ""


async def test_of_two_units_with_the_name_neither_is_touched() -> None:
    link = FakeLink(running_unit())
    other = BleAddress.parse("C0:00:00:00:00:01")
    link.strangers = (stranger("bench-unit", other),)
    story = await tell(link, pin=NAME)
    assert ended(story, Outcome.FAILED, Code.UNIT_AMBIGUOUS)
    assert str(ADDRESS) in story.result.finished.message
    assert str(other) in story.result.finished.message
    assert not any(step.startswith("connect") for step in link.journal)


async def test_a_name_is_taken_whole() -> None:
    story = await tell(FakeLink(running_unit()), pin=AdvertisedName("bench"))
    assert ended(story, Outcome.FAILED, Code.UNIT_NOT_FOUND)


async def test_an_inspection_finds_a_unit_by_its_name() -> None:
    heard: list[Event] = []
    inspection_plan = InspectionPlan(unit_name="ble:name=bench-unit", pin=NAME, timeouts=TIMEOUTS)
    link = FakeLink(running_unit())
    result = await Inspection(inspection_plan, link=link, report=heard.append).run()
    assert result.error is None
    assert {fact.fact: fact.value for fact in result.facts}["address"] == str(ADDRESS)
    assert result.finished.left_in is UnitMode.APPLICATION


# A bootloader that was named itself.


async def test_a_bootloader_that_has_the_name_is_taken_as_it_is() -> None:
    unit = running_unit()
    enter_bootloader(unit, now_s=999.0)
    story = await told(FakeLink(unit), AdvertisedName("DfuTarg"))
    # Its application says nothing before, so there is nothing to compare with afterwards.
    assert ended(story, Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert unit.mode is UnitMode.APPLICATION
    assert story.of(events.ApplicationSeen)[0].address == ADDRESS
    assert unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE


@pytest.mark.parametrize("pin", [identifier(NEXT), AdvertisedName("DfuTarg")], ids=["id", "name"])
async def test_what_macos_calls_a_bootloader_names_it(pin: UnitPin) -> None:
    unit = running_unit()
    enter_bootloader(unit, now_s=999.0)
    story = await tell(FakeLink(unit, hides_addresses=True), pin=pin)
    assert ended(story, Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert "cannot be told from others" in story.result.finished.message
    assert unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE
    assert story.result.finished.duration_s < TIMEOUTS.return_s


async def test_who_gives_the_address_of_a_bootloader_is_told_that_of_its_application() -> None:
    unit = running_unit()
    enter_bootloader(unit, now_s=999.0)
    story = await told(FakeLink(unit), NEXT)
    assert ended(story, Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert story.result.error is not None
    assert str(ADDRESS) in story.result.error.hint
    assert unit.mode is UnitMode.BOOTLOADER
