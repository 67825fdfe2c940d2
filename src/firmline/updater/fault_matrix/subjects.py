"""The units of the fault matrix, with nothing wrong yet, and what each of them is sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final, assert_never

from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.cuts.flows import Flow, FlowSetup, set_up, sweep_key
from firmline.device.profile import PROFILES, MemoryMap

IMAGE_SIZE: Final = 20_000
"""Bytes of the old application and of each new image: five pages."""
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


@dataclass(frozen=True, slots=True)
class Subject:
    """A unit, and what it is sent.

    Attributes:
        link: How it is reached.
        sdk: Whose bootloader it has.
        flow: What it is sent, and how it stores that.
    """

    link: LinkKind
    sdk: Sdk = Sdk.SDK15_3
    flow: Flow = Flow.APPLICATION


@lru_cache
def setup_of(subject: Subject) -> FlowSetup:
    """The unit as it is found at the end of its link, and its package."""
    profile = PROFILES[f"sdk{subject.sdk}-{_TRANSPORT[subject.link]}"]
    setup = set_up(subject.flow, profile=profile, image_size=IMAGE_SIZE, key=sweep_key())
    match subject.link:
        case LinkKind.RADIO:
            unit = setup.unit
        case LinkKind.UART:  # nobody can ask it into its bootloader
            unit = replace(setup.unit, gpregret=GPREGRET_ENTER_DFU)
        case LinkKind.USB:
            trigger = ApplicationDfu.TRIGGER
            unit = replace(setup.unit, application_dfu=trigger, serial_number=SERIAL_NUMBER)
        case _:
            assert_never(subject.link)
    return replace(setup, unit=unit)


def memory_of(subject: Subject) -> MemoryMap:
    """Where things are in the flash of the unit."""
    unit = setup_of(subject).unit
    return MemoryMap.of(unit.chip, unit.profile)
