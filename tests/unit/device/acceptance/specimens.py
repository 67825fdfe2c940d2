"""Packages and units for the question whether they fit together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from firmline.device.chips import chip
from firmline.device.description import SoftDeviceDescription, UnitDescription
from firmline.device.fabrication import softdevice_image
from firmline.device.profile import PROFILES
from firmline.device.synthetic import synthetic_bytes
from firmline.formats.firmware import FirmwareImage
from firmline.formats.package import Package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.values import BleAddress, Fwid, FwVersion
from unit.device.makers import signing_key

KEY: Final = signing_key(0xACCE)
OTHER_KEY: Final = signing_key(0x07E4)
S132_6: Final = SoftDeviceDescription(
    fwid=Fwid(0xB7), family=132, version=6_001_001, size_word=0x26000
)
S132_7: Final = SoftDeviceDescription(
    fwid=Fwid(0x101), family=132, version=7_002_000, size_word=0x26000
)
S140_6: Final = SoftDeviceDescription(
    fwid=Fwid(0xB6), family=140, version=6_001_001, size_word=0x26000
)


def unit(
    chip_name: str = "nrf52832-512k", profile: str = "sdk15.3-ble", **changes: Any
) -> UnitDescription:
    """A unit with S132 6.1.1, application 3 of 100,000 bytes and bootloader 1."""
    described = UnitDescription(
        name="specimen",
        title="",
        chip=chip(chip_name),
        profile=PROFILES[profile],
        address=BleAddress(bytes.fromhex("C60504030201")),
        serial_number="",
        public_key=KEY.public_key,
        softdevice=S132_6,
        application_version=FwVersion(3),
        application_size=100_000,
        bootloader_version=FwVersion(1),
    )
    return replace(described, **changes)


def firmware(data: bytes) -> FirmwareImage:
    """An image that does not say where it begins."""
    return FirmwareImage(data=data, address=None, source_name="image.bin")


def application(size: int = 50_000) -> FirmwareImage:
    """An application of some bytes."""
    return firmware(synthetic_bytes("new application", size))


def bootloader(size: int = 0x5000) -> FirmwareImage:
    """A bootloader of some bytes."""
    return firmware(synthetic_bytes("new bootloader", size))


def softdevice(described: SoftDeviceDescription = S132_7, size: int = 0x24000) -> FirmwareImage:
    """A SoftDevice that says what it is."""
    return firmware(softdevice_image(described)[:size])


def package(**changes: Any) -> Package:
    """Application 4 for hardware 52 and S132 6.1.1, signed; or what is asked for instead."""
    spec = PackageSpec(
        application=application(),
        application_version=FwVersion(4),
        bootloader_version=FwVersion(2),
        hw_version=52,
        sd_req=(Fwid(0xB7),),
        signing_key=KEY,
    )
    return build_package(replace(spec, **changes))
