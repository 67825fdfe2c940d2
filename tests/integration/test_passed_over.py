"""An update that broke off between two images goes on with the second one, in another run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from firmline import events
from firmline.device.description import UnitDescription
from firmline.device.faults.plan import Direction, FaultPlan, LostPackets
from firmline.errors import Code
from firmline.events import Outcome, UnitMode
from firmline.formats.package import Package
from firmline.values import Fwid, FwVersion, ImageKind
from integration import story
from integration.serial_port import road
from integration.story import package
from integration.usb import bus
from unit.device.makers import describe

pytestmark = pytest.mark.slow
Ended = tuple[Any, list[events.Event], UnitMode | None, str]


def over_the_air(contents: Package, bootloader: int) -> Ended:
    told = story.update(describe(bootloader_version=FwVersion(bootloader)), contents)
    return told.result.finished, told.heard, told.unit.mode, told.unit.firmware_revision or ""


def over_a_uart(contents: Package, bootloader: int) -> Ended:
    unit: UnitDescription = road.waiting(bootloader_version=FwVersion(bootloader))
    told = road.update(unit, contents)
    return told.result.finished, told.heard, told.unit.mode, told.unit.firmware_revision or ""


def over_usb(contents: Package, bootloader: int) -> Ended:
    told = bus.update(bus.plugged(bootloader_version=FwVersion(bootloader)), contents=contents)
    return told.result.finished, told.heard, told.unit.mode, told.unit.firmware_revision or ""


ROADS = [over_the_air, over_a_uart, over_usb]


def whole(**changes: Any) -> Package:
    """SoftDevice and bootloader, then an application."""
    parts = {
        "softdevice": bus.softdevice(),
        "bootloader": bus.BOOTLOADER,
        "bootloader_version": FwVersion(2),
        "sd_id": (Fwid(0x103),),
    }
    return package(**{**parts, **changes})


@pytest.mark.parametrize("update", ROADS)
def test_a_bootloader_that_the_unit_has_is_passed_over_for_the_application_behind_it(
    update: Callable[[Package, int], Ended],
) -> None:
    finished, heard, mode, revision = update(whole(), 2)
    assert (finished.outcome, finished.code) == (Outcome.UPDATED, "")
    assert finished.message.endswith(
        "Its SoftDevice and bootloader did not have to be sent: the unit has this version of the"
        " bootloader, or a newer one."
    )
    assert (mode, revision[:2]) == (UnitMode.APPLICATION, "4+")
    passed = [event for event in heard if isinstance(event, events.ImagePassedOver)]
    assert [(event.kind, event.index) for event in passed] == [(ImageKind.SOFTDEVICE_BOOTLOADER, 0)]
    sent = [event.kind for event in heard if isinstance(event, events.ImageSent)]
    assert sent == [ImageKind.APPLICATION]
    assert finished.size == len(whole().images[1].firmware)


@pytest.mark.parametrize("update", ROADS)
def test_nothing_is_passed_over_where_nothing_is_behind_it(
    update: Callable[[Package, int], Ended],
) -> None:
    only = whole(application=None, application_version=None, sd_id=())
    finished, heard, _, revision = update(only, 2)
    assert (finished.outcome, finished.code) == (Outcome.REFUSED, Code.REFUSED_FW_VERSION)
    assert not [event for event in heard if isinstance(event, events.ImagePassedOver)]
    assert revision[:2] != "4+"


@pytest.mark.parametrize("update", ROADS)
def test_an_older_package_is_refused_whole(update: Callable[[Package, int], Ended]) -> None:
    """Its application is older as well, and the unit says so."""
    finished, heard, _, _ = update(whole(application_version=FwVersion(2)), 7)
    assert (finished.outcome, finished.code) == (Outcome.REFUSED, Code.REFUSED_FW_VERSION)
    assert not [event for event in heard if isinstance(event, events.ImageSent)]


# The answer to the last EXECUTE of the bootloader gets lost.


def over_any(road_name: str, contents: Package, faults: FaultPlan, bootloader: int) -> Any:
    """One update of a unit with faults; what is told of it, on each road the same."""
    version = FwVersion(bootloader)
    match road_name:
        case "air":
            return story.update(describe(bootloader_version=version, faults=faults), contents)
        case "uart":
            waits = replace(road.waiting(bootloader_version=version), faults=faults)
            return road.update(waits, contents)
        case _:
            unit = bus.plugged(bootloader_version=version, faults=faults)
            return bus.update(unit, contents=contents)


def without_the_word(road_name: str, contents: Package) -> Any:
    """The update in which the unit's word on the first image is not heard."""
    good = over_any(road_name, contents, FaultPlan(), 1)
    kinds = [type(event) for event in good.heard]
    number = kinds[: kinds.index(events.ImageSent)].count(events.AnswerReceived)
    if road_name == "air":  # that of the application to the jump does not count
        number -= 1
    lost = LostPackets(first=number, direction=Direction.FROM_UNIT)
    return over_any(road_name, contents, FaultPlan(faults=(lost,), seed=1), 1)


WAYS = ["air", "uart", "usb"]


@pytest.mark.parametrize("way", WAYS)
def test_a_bootloader_whose_last_answer_was_lost_is_passed_over_where_it_was_taken(
    way: str,
) -> None:
    told = without_the_word(way, whole())
    finished = told.result.finished
    assert (finished.outcome, finished.code) == (Outcome.UPDATED, ""), finished.message
    assert told.is_new
    assert finished.message.endswith(
        "Its SoftDevice and bootloader was sent once, its last answer was not heard, and it did not"
        " have to be sent again: the unit has this version of the bootloader, or a newer one."
    )


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_of_the_next_image_is_not_laid_to_the_answer_that_was_lost_before(
    way: str,
) -> None:
    """The application is older than the unit's: that has nothing to do with the bootloader."""
    told = without_the_word(way, whole(application_version=FwVersion(2)))
    finished = told.result.finished
    assert (finished.outcome, finished.code) == (Outcome.REFUSED, Code.REFUSED_FW_VERSION)
    assert "not higher" not in told.result.error.hint
    assert "lower than the unit's" in told.result.error.hint


@pytest.mark.parametrize("way", WAYS)
def test_the_last_image_that_is_refused_again_is_left_open(way: str) -> None:
    told = without_the_word(way, whole(application=None, application_version=None, sd_id=()))
    finished = told.result.finished
    assert (finished.outcome, finished.code) == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert "may have taken it the first time" in finished.message
