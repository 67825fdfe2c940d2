"""The flows that are cut: one for each kind of image and way of storing it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmline.device.chips import chip
from firmline.device.description import SoftDeviceDescription, UnitDescription
from firmline.device.fabrication import softdevice_image
from firmline.device.profile import BootloaderProfile, MemoryMap
from firmline.device.synthetic import synthetic_bytes, synthetic_program
from firmline.formats.firmware import FirmwareImage
from firmline.formats.keys import SigningKey
from firmline.formats.package import Package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.protocol.checkpoints import NO_CHECKPOINTS, Checkpoints
from firmline.values import BleAddress, Fwid, FwVersion

CHIP: Final = "nrf52832-512k"
USB_CHIP: Final = "nrf52840"
SOFTDEVICE: Final = SoftDeviceDescription(
    fwid=Fwid(0x00B7), family=132, version=6_001_001, size_word=0x26000
)
NEW_FWID: Final = Fwid(0x00B8)
MIN_SOFTDEVICE_SIZE: Final = 0x3000
"""A SoftDevice image holds its information structure at 0x2000 (S3)."""

_SWEEP_SECRET: Final = 0xC075


class Flow(StrEnum):
    """What is updated, and how it is stored."""

    APPLICATION = "application"
    """Behind the installed application, which is kept until the end (dual bank)."""
    APPLICATION_SINGLE = "application-single-bank"
    """In the place of an installed application that leaves no room."""
    SOFTDEVICE = "softdevice"
    BOOTLOADER = "bootloader"
    SOFTDEVICE_BOOTLOADER = "softdevice-bootloader"
    COMBINED = "combined"
    """SoftDevice and bootloader, then the application, in two connections."""

    @property
    def has_bootloader(self) -> bool:
        """Whether a bootloader is sent, which has to fit in its place."""
        return self in {Flow.BOOTLOADER, Flow.SOFTDEVICE_BOOTLOADER, Flow.COMBINED}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSetup:
    """A unit before the flow, and what it is sent.

    Attributes:
        unit: The unit.
        package: What it is sent, image by image.
        checkpoints: When the host makes the unit save its progress.
    """

    unit: UnitDescription
    package: Package
    checkpoints: Checkpoints = NO_CHECKPOINTS


def sweep_key() -> SigningKey:
    """A key that anybody can know: signatures, and with them flash, are the same in every run."""
    private = ec.derive_private_key(_SWEEP_SECRET, ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return SigningKey.parse_pem(pem, name="the sweep's key")


def set_up(
    flow: Flow,
    *,
    profile: BootloaderProfile,
    image_size: int,
    key: SigningKey,
    checkpoints: Checkpoints = NO_CHECKPOINTS,
) -> FlowSetup:
    """A flow on a unit of this profile, with images of about ``image_size`` bytes.

    Args:
        flow: Which.
        profile: The unit's bootloader.
        image_size: Bytes, a multiple of 4; a SoftDevice has 12 kB at least.
        key: Signs the package; the unit trusts it.
        checkpoints: When the host makes the unit save its progress.
    """
    row = chip(USB_CHIP if profile.needs_usb else CHIP)
    memory = MemoryMap.of(row, profile)
    room = memory.region_end - SOFTDEVICE.size_word
    single = flow is Flow.APPLICATION_SINGLE
    unit = UnitDescription(
        name="cut",
        title=f"{profile.name}, {flow}",
        chip=row,
        profile=profile,
        address=BleAddress(bytes.fromhex("C60504030201")),
        serial_number="",
        public_key=key.public_key,
        softdevice=SOFTDEVICE,
        application_version=FwVersion(3),
        application_size=room if single else image_size,
        bootloader_version=FwVersion(1),
    )
    package = build_package(_spec(flow, image_size, key))
    return FlowSetup(unit=unit, package=package, checkpoints=checkpoints)


def _spec(flow: Flow, image_size: int, key: SigningKey) -> PackageSpec:
    with_softdevice = flow in (Flow.SOFTDEVICE, Flow.SOFTDEVICE_BOOTLOADER, Flow.COMBINED)
    with_application = flow in (Flow.APPLICATION, Flow.APPLICATION_SINGLE, Flow.COMBINED)
    softdevice_size = max(image_size, MIN_SOFTDEVICE_SIZE)
    new_softdevice = softdevice_image(replace(SOFTDEVICE, fwid=NEW_FWID))[:softdevice_size]
    return PackageSpec(
        application=_application(image_size) if with_application else None,
        bootloader=_image("new bootloader", image_size) if flow.has_bootloader else None,
        softdevice=_firmware(new_softdevice) if with_softdevice else None,
        hw_version=52,
        application_version=FwVersion(4),
        bootloader_version=FwVersion(2),
        # Both, so that a second try is accepted whichever of them is installed by then.
        sd_req=(SOFTDEVICE.fwid, NEW_FWID),
        sd_id=(NEW_FWID,) if flow is Flow.COMBINED else (),
        signing_key=key,
    )


def _application(size: int) -> FirmwareImage:
    """It begins as a program does that is linked behind the SoftDevice."""
    return _firmware(synthetic_program("new application", size, base=SOFTDEVICE.size_word))


def _image(seed: str, size: int) -> FirmwareImage:
    return _firmware(synthetic_bytes(seed, size))


def _firmware(data: bytes) -> FirmwareImage:
    return FirmwareImage(data=data, address=None, source_name="image.bin")
