"""A package in words, in JSON fields, and as the command that would make it."""

from __future__ import annotations

import shlex

from firmline.errors import InputError
from firmline.formats.firmware import FirmwareImage
from firmline.formats.init_command import (
    BootValidationType,
    FwType,
    HashType,
    InitCommand,
    SignatureType,
)
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.package import Package, PackageImage
from firmline.formats.placement import check_images
from firmline.values import U32_MAX, ImageKind

_FWID_MAX = 0xFFFF
_COMBINATIONS = (
    {ImageKind.SOFTDEVICE, ImageKind.APPLICATION},
    {ImageKind.SOFTDEVICE_BOOTLOADER, ImageKind.APPLICATION},
)
"""What ``pkg generate`` makes beside single images."""
_HASH_LABELS = {
    HashType.NO_HASH: "no hash",
    HashType.CRC: "CRC",
    HashType.SHA128: "SHA-128",
    HashType.SHA256: "SHA-256",
    HashType.SHA512: "SHA-512",
}

_TITLES = {
    FwType.APPLICATION: "application",
    FwType.SOFTDEVICE: "SoftDevice",
    FwType.BOOTLOADER: "bootloader",
    FwType.SOFTDEVICE_BOOTLOADER: "SoftDevice + bootloader",
    FwType.EXTERNAL_APPLICATION: "application for another chip",
}


def image_lines(image: PackageImage) -> list[str]:
    """One image, for people."""
    command = image.init_packet.command
    rows = [
        ("version", _version(command)),
        ("hardware", _hardware(command)),
        ("SoftDevice", _softdevices(command)),
        ("size", _sizes(image)),
        _hash(command),
        *_boot_check_rows(command),
        *_signature_rows(image),
        ("debug", "yes" if command.is_debug else "no"),
        ("files", f"{image.bin_name}, {image.dat_name}"),
    ]
    return [_TITLES[command.kind], *(f"  {label:<11} {text}" for label, text in rows)]


def image_fields(image: PackageImage) -> dict[str, object]:
    """One image, for programs; bytes are hexadecimal as they stand in the init packet."""
    packet = image.init_packet
    command = packet.command
    return {
        "kind": image.kind.value,
        "bin_file": image.bin_name,
        "dat_file": image.dat_name,
        "size": len(image.firmware),
        "op_code": "INIT",
        "type": command.kind.name,
        "fw_version": command.fw_version,
        "hw_version": command.hw_version,
        "sd_req": [f"0x{fwid:04X}" for fwid in command.sd_req],
        "sd_size": command.sd_size,
        "bl_size": command.bl_size,
        "app_size": command.app_size,
        "hash_type": command.hash_type.name,
        "hash": command.hash.hex(),
        "is_debug": command.is_debug,
        "boot_validation": [
            {"type": entry.type.name, "bytes": entry.data.hex()}
            for entry in command.boot_validations
        ],
        "signature_type": packet.signature_type.name if packet.signature_type is not None else None,
        "signature": packet.signature.hex() if packet.signature else None,
    }


def generate_command(package: Package, zip_name: str) -> str | None:
    """The command line that makes a package like this, from files named as its entries.

    SoftDevice and bootloader are one entry together; their files get names of their own.

    Returns:
        None for a package that ``pkg generate`` refuses to make.
    """
    if not _can_be_generated(package):
        return None
    words = ["firmline", "pkg", "generate"]
    for image in package.images:
        words += _image_words(image)
    words += _common_words(package)
    # What begins with a dash would be read as an option.
    return shlex.join([*words, f"./{zip_name}" if zip_name.startswith("-") else zip_name])


def _can_be_generated(package: Package) -> bool:
    kinds = {image.kind for image in package.images}
    if len(kinds) > 1 and kinds not in _COMBINATIONS:
        return False
    is_debug = package.images[0].init_packet.command.is_debug
    is_signed = package.images[0].init_packet.signature is not None
    if not all(_is_of_our_making(image, is_debug, is_signed) for image in package.images):
        return False
    try:
        _check_images(package)
    except InputError:
        return False
    return True


def _is_of_our_making(image: PackageImage, is_debug: bool, is_signed: bool) -> bool:
    """Whether the values of this init packet are what options can ask for."""
    packet = image.init_packet
    command = packet.command
    checks = {entry.type for entry in command.boot_validations}
    has_version = command.fw_version is not None or image.kind is ImageKind.SOFTDEVICE
    return (
        command.hash_type is HashType.SHA256
        and packet.signature_type in (None, SignatureType.ECDSA_P256_SHA256)
        and (is_signed or BootValidationType.VALIDATE_ECDSA_P256_SHA256 not in checks)
        and (is_debug or (has_version and command.hw_version is not None))
        and bool(command.sd_req)
        and max(command.sd_req) <= _FWID_MAX
    )


def _check_images(package: Package) -> None:
    """Refuse what ``pkg generate`` would find out from the images themselves."""
    application = package.image(ImageKind.APPLICATION)
    command = application.init_packet.command if application else None
    for_this_chip = command is not None and command.kind is FwType.APPLICATION
    system = package.image(ImageKind.SOFTDEVICE_BOOTLOADER) or package.image(ImageKind.SOFTDEVICE)
    check_images(
        application=_plain(application, None) if application and for_this_chip else None,
        softdevice=_plain(system, system.sd_size) if system else None,
        application_sd_req=command.sd_req if command else (),
    )


def _plain(image: PackageImage, size: int | None) -> FirmwareImage:
    """The image, or its beginning, as it is read from a file of plain bytes."""
    return FirmwareImage(data=image.firmware[:size], address=None, source_name=image.bin_name)


def _image_words(image: PackageImage) -> list[str]:
    command = image.init_packet.command
    words: list[str] = []
    match image.kind:
        case ImageKind.APPLICATION:
            words += ["--application", image.bin_name]
            words += _version_words("--application-version", command)
            words += _validation_words("--app-boot-validation", command)
            if command.kind is FwType.EXTERNAL_APPLICATION:
                words.append("--external-app")
        case ImageKind.SOFTDEVICE:
            words += ["--softdevice", image.bin_name]
            words += _validation_words("--sd-boot-validation", command)
        case ImageKind.BOOTLOADER:
            words += ["--bootloader", image.bin_name]
            words += _version_words("--bootloader-version", command)
        case ImageKind.SOFTDEVICE_BOOTLOADER:
            words += ["--softdevice", "softdevice.bin", "--bootloader", "bootloader.bin"]
            words += _version_words("--bootloader-version", command)
            words += _validation_words("--sd-boot-validation", command)
    return words


def _version_words(option: str, command: InitCommand) -> list[str]:
    """A debug package may name no version."""
    return [] if command.fw_version is None else [option, str(command.fw_version)]


def _validation_words(option: str, command: InitCommand) -> list[str]:
    if not command.boot_validations:
        return []
    return [option, command.boot_validations[0].type.name]


def _common_words(package: Package) -> list[str]:
    """The options that hold for the whole package, from its first image."""
    first = package.images[0].init_packet
    words: list[str] = []
    if first.command.hw_version is not None:
        words += ["--hw-version", str(first.command.hw_version)]
    sd_req = list(first.command.sd_req)
    if len(package.images) > 1:
        # nrfutil and firmline append --sd-id to the requirements of the first image.
        sd_id = list(package.images[-1].init_packet.command.sd_req)
        if sd_req[-len(sd_id) :] == sd_id:
            sd_req = sd_req[: -len(sd_id)] or sd_id
        words += ["--sd-id", _fwids(sd_id)]
    words += ["--sd-req", _fwids(sd_req)]
    if first.command.is_debug:
        words.append("--debug-mode")
    if first.signature:
        words += ["--key-file", "private.key"]
    return words


def _fwids(fwids: list[int]) -> str:
    return ",".join(f"0x{fwid:02X}" for fwid in fwids)


def _hardware(command: InitCommand) -> str:
    if command.hw_version is None:
        return "none named"
    return f"{command.hw_version} (0x{command.hw_version:08X})"


def _version(command: InitCommand) -> str:
    if command.fw_version is None:
        return "none"
    if command.kind is FwType.SOFTDEVICE and command.fw_version == U32_MAX:
        return "none (0xFFFFFFFF)"
    return f"{command.fw_version} (0x{int(command.fw_version):08X})"


def _softdevices(command: InitCommand) -> str:
    if not command.sd_req:
        return "none named"
    return ", ".join(describe_fwid(fwid) for fwid in command.sd_req)


def _sizes(image: PackageImage) -> str:
    size = f"{len(image.firmware):,} bytes"
    if image.kind is ImageKind.SOFTDEVICE_BOOTLOADER:
        return f"{size}: SoftDevice {image.sd_size:,}, bootloader {image.bl_size:,}"
    return size


def _hash(command: InitCommand) -> tuple[str, str]:
    """The row of the hash; a package that was read agrees with itself in SHA-256 only."""
    label = _HASH_LABELS[command.hash_type]
    if command.hash_type is HashType.SHA256:
        return label, command.hash[::-1].hex()
    value = command.hash.hex() or "-"
    return label, f"{value} (not checked; bootloaders accept SHA-256 alone)"


def _boot_check_rows(command: InitCommand) -> list[tuple[str, str]]:
    """One row for each part, and under it what belongs to the check."""
    rows = []
    for entry in command.boot_validations:
        rows.append(("boot check", entry.type.name))
        rows += [("", half) for half in _halves(entry.data)]
    return rows or [("boot check", "none named")]


def _signature_rows(image: PackageImage) -> list[tuple[str, str]]:
    packet = image.init_packet
    if packet.signature is None or packet.signature_type is None:
        return [("signature", "none")]
    rows = [("signature", packet.signature_type.name)]
    return [*rows, *(("", half) for half in _halves(packet.signature))]


def _halves(signature: bytes) -> list[str]:
    """A signature on two lines, r and s as they stand in the packet, little-endian."""
    digits = signature.hex()
    half = max(len(digits) // 2, 1)
    return [digits[start : start + half] for start in range(0, len(digits), half)]
