"""What a unit does with a package, in sentences.

Rules of this module: every sentence is a rule of the bootloader (spec sections 5.1, 5.2 and 7), put
into words with this package's numbers. What depends on how a unit was built is said as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from firmline.formats.init_command import (
    ANY_SOFTDEVICE,
    BootValidationType,
    FwType,
    HashType,
    InitCommand,
)
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.manifest import KIND_TITLES
from firmline.formats.package import Package, PackageImage
from firmline.values import U32_MAX, ImageKind

_WITH_SOFTDEVICE: Final = (ImageKind.SOFTDEVICE, ImageKind.SOFTDEVICE_BOOTLOADER)
_BOOTLOADERS: Final = (FwType.BOOTLOADER, FwType.SOFTDEVICE_BOOTLOADER)
_DEFAULT_CHECK: Final = BootValidationType.VALIDATE_GENERATED_CRC  # spec section 7, 2. and 3.
_NO_BOOTLOADER_CHECK: Final = "The bootloader itself is not checked at a start, whatever is named."
_CHECKS: Final = {
    BootValidationType.NO_VALIDATION: "Its bytes are not checked when the unit starts.",
    BootValidationType.VALIDATE_GENERATED_CRC: "At every start the unit compares the CRC-32 of its"
    " bytes with the one that it computed at the update.",
    BootValidationType.VALIDATE_GENERATED_SHA256: "At every start the unit compares the SHA-256 of"
    " its bytes with the one that it computed at the update.",
    BootValidationType.VALIDATE_ECDSA_P256_SHA256: "At every start the unit verifies the signature"
    " over its bytes, which is in this package, with the key in its bootloader.",
}


def order_sentence(package: Package) -> str | None:
    """In which order a unit takes the images; None where there is only one."""
    titles = [KIND_TITLES[image.kind] for image in package.images]
    if len(titles) < 2:
        return None
    rest = ", then ".join(f"the {title}" for title in titles[1:])
    return f"A unit takes the {titles[0]} first, restarts with it, and then takes {rest}."


def meanings(package: Package) -> list[list[str]]:
    """What each image's init packet means for a unit, in the order of the images."""
    brings_softdevice = package.images[0].kind in _WITH_SOFTDEVICE
    return [
        _meaning(image, meets_new_softdevice=brings_softdevice and image is not package.images[0])
        for image in package.images
    ]


def _meaning(image: PackageImage, *, meets_new_softdevice: bool) -> list[str]:
    command = image.init_packet.command
    sentences = [_hardware(command), _softdevice(command)]
    if meets_new_softdevice:
        sentences[-1] += " By then the unit has the one from this package."
    sentences += [_version(command), *_new_softdevice(image.kind), *_boot_checks(image)]
    if command.kind is FwType.EXTERNAL_APPLICATION:
        sentences.append(
            "It is for another chip: only a bootloader built for that takes it, and passes it on."
        )
    if command.hash_type is not HashType.SHA256:
        sentences.append("Its hash is not a SHA-256: every unit refuses it.")
    if command.is_debug:
        sentences.append(
            "Debug: a bootloader built for debugging compares neither hardware nor SoftDevice nor"
            " version; any other bootloader compares them all the same."
        )
    if image.init_packet.signature is None:
        sentences.append("It is not signed: units built as the SDK's examples refuse it.")
    return sentences


def _hardware(command: InitCommand) -> str:
    if command.hw_version is None:
        return "It names no hardware version: only a bootloader built for debugging takes it."
    return (
        f"Only a unit whose bootloader was built for hardware version {command.hw_version} takes"
        " it."
    )


def _softdevice(command: InitCommand) -> str:
    if not command.sd_req:
        return "It names no SoftDevice: only a unit without a SoftDevice takes it."
    if command.kind is FwType.EXTERNAL_APPLICATION and ANY_SOFTDEVICE in command.sd_req:
        return "Any SoftDevice will do (0xFFFE)."
    if command.sd_req[0] == 0:
        return _without_softdevice(command)
    names = " or ".join(describe_fwid(fwid) for fwid in command.sd_req)
    what = "the SoftDevice " if len(command.sd_req) == 1 else "one of these SoftDevices: "
    return f"The unit must have {what}{names}."


def _without_softdevice(command: InitCommand) -> str:
    """A first entry 0x00, which says that the image needs no SoftDevice (spec section 5.2)."""
    if command.kind in _BOOTLOADERS:
        return "0x00 comes first: it is taken whichever SoftDevice the unit has, or none."
    if command.kind is FwType.SOFTDEVICE:
        return "0x00 comes first: only a unit without a SoftDevice takes it."
    if command.kind is FwType.EXTERNAL_APPLICATION:
        return "0x00 comes first: what that means for it is up to the product's bootloader."
    if len(command.sd_req) == 1:
        return (
            "0x00: it needs no SoftDevice, and a unit takes it with one or without. Over UART or"
            " USB the unit then loses the SoftDevice that it has."
        )
    others = " or ".join(describe_fwid(fwid) for fwid in command.sd_req[1:])
    return (
        "0x00 comes first: it needs no SoftDevice. A unit without one takes it. A unit with one"
        f" refuses it over Bluetooth LE; over UART or USB it must have {others}, and then loses it."
    )


def _version(command: InitCommand) -> str:
    version = command.fw_version
    if command.kind is FwType.SOFTDEVICE:
        if version is None or version == U32_MAX:
            return "Its version is never too low for a unit."
        return f"Only a unit whose application version is {version} or lower takes it."
    if version is None:
        return "It names no version: only a bootloader built for debugging takes it."
    if command.kind in _BOOTLOADERS:
        return (
            f"Only a unit whose bootloader version is below {version} takes it: the same version is"
            " refused."
        )
    if command.kind is FwType.EXTERNAL_APPLICATION:
        return f"Its version is {version}; the product decides what it compares that with."
    return (
        f"Only a unit whose application version is {version} or lower takes it, unless it was built"
        " to go back to older versions."
    )


def _new_softdevice(kind: ImageKind) -> Iterator[str]:
    """What a new SoftDevice does to the application (spec section 7, 3.)."""
    if kind is ImageKind.SOFTDEVICE:
        yield (
            "If its major version is not that of the unit's SoftDevice, a unit refuses it over"
            " Bluetooth LE; over UART or USB the unit takes it and loses its application."
        )
    elif kind is ImageKind.SOFTDEVICE_BOOTLOADER:
        yield (
            "If its major version is not that of the unit's SoftDevice, the unit loses its"
            " application and waits for a new one."
        )


def _boot_checks(image: PackageImage) -> Iterator[str]:
    command = image.init_packet.command
    checks = [entry.type for entry in command.boot_validations]
    match image.kind:
        case ImageKind.BOOTLOADER:
            yield _NO_BOOTLOADER_CHECK
        case ImageKind.SOFTDEVICE_BOOTLOADER:
            yield f"SoftDevice: {_CHECKS[checks[0] if checks else _DEFAULT_CHECK]}"
            yield _NO_BOOTLOADER_CHECK
        case ImageKind.APPLICATION if command.kind is FwType.EXTERNAL_APPLICATION:
            return
        case _:
            yield _CHECKS[checks[0] if checks else _DEFAULT_CHECK]
