"""An update that broke off between two images goes on with the second one, in another run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmline import events
from firmline.device.description import UnitDescription
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
