"""The units of the fault matrix, with nothing wrong yet: one for each link and SDK."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from typing import Final, assert_never

from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.cuts.flows import Flow, FlowSetup, set_up, sweep_key
from firmline.device.profile import PROFILES, MemoryMap

IMAGE_SIZE: Final = 20_000
"""Bytes of the old application and of the new one: five pages each."""
SERIAL_NUMBER: Final = "FL-0001"
"""By which a unit on USB is followed."""


class LinkKind(StrEnum):
    """How a unit is reached."""

    RADIO = "radio"
    UART = "uart"
    USB = "usb"


class Sdk(StrEnum):
    """Whose example build the bootloader is."""

    SDK15_3 = "15.3"
    SDK16_0 = "16.0"
    SDK17_1 = "17.1"


_TRANSPORT: Final = {LinkKind.RADIO: "ble", LinkKind.UART: "uart", LinkKind.USB: "usb"}


@lru_cache
def subject(link: LinkKind, sdk: Sdk) -> FlowSetup:
    """The unit of a link as it is found there, without a fault, and its package."""
    profile = PROFILES[f"sdk{sdk}-{_TRANSPORT[link]}"]
    setup = set_up(Flow.APPLICATION, profile=profile, image_size=IMAGE_SIZE, key=sweep_key())
    match link:
        case LinkKind.RADIO:
            unit = setup.unit
        case LinkKind.UART:  # nobody can ask it into its bootloader
            unit = replace(setup.unit, gpregret=GPREGRET_ENTER_DFU)
        case LinkKind.USB:
            trigger = ApplicationDfu.TRIGGER
            unit = replace(setup.unit, application_dfu=trigger, serial_number=SERIAL_NUMBER)
        case _:
            assert_never(link)
    return replace(setup, unit=unit)


def memory(link: LinkKind, sdk: Sdk) -> MemoryMap:
    """Where things are in the flash of a link's unit."""
    unit = subject(link, sdk).unit
    return MemoryMap.of(unit.chip, unit.profile)
