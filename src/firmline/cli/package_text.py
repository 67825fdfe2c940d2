"""A package in words and in JSON fields."""

from __future__ import annotations

from firmline.formats.init_command import FwType, HashType, InitCommand
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.package import PackageImage
from firmline.formats.zigbee_ota import ANY_IMAGE_TYPE, ANY_MANUFACTURER, ZigbeeOta
from firmline.values import U32_MAX, ImageKind

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
        ("files", ", ".join(dict.fromkeys((image.bin_name, image.dat_name)))),
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


def zigbee_lines(ota: ZigbeeOta) -> list[str]:
    """A Zigbee file, for people, without the package in it."""
    low_high = ota.hw_versions
    devices = "any version" if low_high is None else f"{low_high[0]} to {low_high[1]}"
    rows = [
        ("maker", _or_any(ota.manufacturer, ANY_MANUFACTURER)),
        ("image type", _or_any(ota.image_type, ANY_IMAGE_TYPE)),
        ("version", f"{ota.file_version} (0x{ota.file_version:08X})"),
        ("hardware", devices),
        ("comment", ota.comment or "none"),
    ]
    title = f"inside it, for the devices of a Zigbee network: {ota.file_name}"
    return [title, *(f"  {label:<11} {text}" for label, text in rows)]


def zigbee_fields(ota: ZigbeeOta) -> dict[str, object]:
    """A Zigbee file, for programs, without the package in it."""
    return {
        "file": ota.file_name,
        "manufacturer": ota.manufacturer,
        "image_type": ota.image_type,
        "file_version": ota.file_version,
        "comment": ota.comment,
        "hw_versions": None if ota.hw_versions is None else list(ota.hw_versions),
    }


def _or_any(number: int, wild_card: int) -> str:
    return "any" if number == wild_card else f"0x{number:04X}"


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
