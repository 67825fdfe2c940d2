"""What virtual units are sent on the bench: a package that they take, and another one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from firmline.device.cuts.flows import Flow, FlowSetup, set_up, sweep_key
from firmline.device.description import UnitDescription
from firmline.device.profile import BootloaderProfile
from firmline.device.synthetic import synthetic_program
from firmline.formats.firmware import FirmwareImage
from firmline.formats.package import Package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.formats.softdevice import SOFTDEVICE_START
from firmline.updater.fault_matrix.subjects import LinkKind, Subject, setup_of
from firmline.values import FwVersion

SIZE: Final = 20_000
"""Bytes of the application that is sent: five pages."""
OTHER_SIZE: Final = 16_000
"""Bytes of that of the good package: a page less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A unit, how it is reached, and what it is sent.

    Attributes:
        unit: The unit.
        link: How it is reached.
        package: What fails.
        good_package: Another package, which units of its build have taken.
    """

    unit: UnitDescription
    link: LinkKind
    package: Package
    good_package: Package


def setup_of_subject(subject: Subject) -> Setup:
    """A unit of the fault matrix, with nothing wrong yet."""
    setup: FlowSetup = setup_of(subject)
    return Setup(
        unit=setup.unit,
        link=subject.link,
        package=setup.package,
        good_package=_good_package(setup.unit.profile),
    )


def setup_for(description: UnitDescription) -> Setup:
    """Any virtual unit; its bootloader trusts a key that is known here instead of its own."""
    unit = replace(description, public_key=sweep_key().public_key)
    return Setup(
        unit=unit,
        link=link_of(description.profile),
        package=_package(unit, SIZE),
        good_package=_package(unit, OTHER_SIZE),
    )


def link_of(profile: BootloaderProfile) -> LinkKind:
    """How units with this bootloader are reached."""
    if profile.is_ble:
        return LinkKind.RADIO
    return LinkKind.USB if profile.needs_usb else LinkKind.UART


@lru_cache
def _good_package(profile: BootloaderProfile) -> Package:
    key = sweep_key()
    return set_up(Flow.APPLICATION, profile=profile, image_size=OTHER_SIZE, key=key).package


def _package(unit: UnitDescription, size: int) -> Package:
    """An application of the next version, linked behind the unit's SoftDevice."""
    softdevice = unit.softdevice
    base = SOFTDEVICE_START if softdevice is None else softdevice.size_word
    image = FirmwareImage(
        data=synthetic_program("new application", size, base=base),
        address=None,
        source_name="image.bin",
    )
    return build_package(
        PackageSpec(
            application=image,
            hw_version=unit.profile.hw_version,
            application_version=FwVersion(int(unit.application_version) + 1),
            sd_req=() if softdevice is None else (softdevice.fwid,),
            signing_key=sweep_key(),
        )
    )
