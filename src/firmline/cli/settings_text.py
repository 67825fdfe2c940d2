"""A bootloader settings page in words, and in JSON fields.

Keys of a bonded peer lie in a page too: only whether they are there is told, never what they are.
"""

from __future__ import annotations

import zlib
from dataclasses import asdict
from typing import Final

from firmline.cli.style import printable
from firmline.errors import InputError
from firmline.formats.families import BACKUP_DISTANCE, families
from firmline.formats.init_command import BootValidationType, SignatureType
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.settings_file import FoundPage
from firmline.formats.settings_page import (
    PAGE_SIZES,
    Bank,
    BankCode,
    PageValidation,
    Progress,
    SettingsPage,
    encode_settings_page,
    head_crc,
)
from firmline.formats.stored_packet import stored_packet
from firmline.values import U32_MAX

LABEL_WIDTH: Final = 18
_EMPTY_CRC: Final = U32_MAX
_ADV_NAME_SIZE: Final = 20  # between a checksum and the length, 4 bytes each: spec section 8
_BANK_TITLES: Final = {
    BankCode.APPLICATION: "application",
    BankCode.SOFTDEVICE: "SoftDevice",
    BankCode.BOOTLOADER: "bootloader",
    BankCode.SOFTDEVICE_BOOTLOADER: "SoftDevice + bootloader",
    BankCode.EXTERNAL_APPLICATION: "application for another chip",
}


def role_of(address: int, addresses: set[int]) -> str:
    """What a page is by its place: ``settings``, ``backup``, or ``unknown``.

    Args:
        address: Of the page.
        addresses: Of all pages in the file.
    """
    known = {family.settings_address for family in families()}
    if address in known or address - BACKUP_DISTANCE in addresses:
        return "settings"
    if address + BACKUP_DISTANCE in known or address + BACKUP_DISTANCE in addresses:
        return "backup"
    return "settings" if len(addresses) == 1 else "unknown"


def families_with_page_at(address: int) -> list[str]:
    """The families whose bootloaders look for their settings page there."""
    return [family.name for family in families() if family.settings_address == address]


def is_valid(page: SettingsPage) -> bool:
    """Whether a bootloader of a known version takes the page."""
    return page.crc_ok and page.version in PAGE_SIZES


def image_lines(page: SettingsPage) -> list[str]:
    """What a page says of the images, for people."""
    rows = [
        ("checksum", _checksum(page)),
        ("settings version", _version(page)),
        ("application", f"version {_number(page.app_version)}"),
        ("bootloader", f"version {_number(page.bootloader_version)}"),
        ("bank layout", f"{page.bank_layout}, current bank {page.bank_current} (not used)"),
        ("bank 0", _bank_0(page.bank_0)),
        ("bank 1", _bank_1(page)),
        ("SoftDevice", _softdevice(page)),
        *_validation_rows(page),
    ]
    return _lines(rows)


def state_lines(page: SettingsPage) -> list[str]:
    """What a unit keeps in a page for itself, for people."""
    rows = [
        ("update", _progress(page)),
        ("init packet", _init_packet(page)),
        ("enter DFU mode", _buttonless(page)),
        ("peer data", _peer_data(page.peer_data)),
        ("advertising name", _adv_name(page.adv_name)),
    ]
    return _lines(rows)


def _lines(rows: list[tuple[str, str]]) -> list[str]:
    return [f"  {label:<{LABEL_WIDTH}} {printable(text)}" for label, text in rows]


def page_fields(found: FoundPage, addresses: set[int]) -> dict[str, object]:
    """A page, for programs; bytes are hexadecimal as they stand in the page.

    Args:
        found: The page.
        addresses: Of all pages in the file.
    """
    page = found.page
    block = page.validations
    return {
        "address": found.address,
        "role": role_of(found.address, addresses),
        "families": families_with_page_at(found.address),
        "valid": is_valid(page),
        "crc": page.crc,
        "crc_ok": page.crc_ok,
        "settings_version": page.version,
        "app_version": page.app_version,
        "bootloader_version": page.bootloader_version,
        "bank_layout": page.bank_layout,
        "bank_current": page.bank_current,
        "bank_0": _bank_fields(page.bank_0),
        "bank_1": _bank_fields(page.bank_1),
        "write_offset": page.write_offset,
        "sd_size": page.sd_size,
        "boot_validation": None
        if block is None
        else {
            "crc": block.crc,
            "crc_ok": page.validation_crc_ok,
            "softdevice": _validation_fields(block.softdevice),
            "application": _validation_fields(block.application),
            "bootloader": _validation_fields(block.bootloader),
        },
        "progress": asdict(page.progress),
        "update": _progress(page),
        "init_packet": _init_packet_fields(page),
        "enter_buttonless_dfu": page.enter_buttonless_dfu,
        "peer_data": _block_state(page.peer_data),
        "adv_name": _name(page.adv_name),
    }


def difference(one: SettingsPage, other: SettingsPage) -> list[str]:
    """Which fields of two pages differ, by their names in JSON; checksums are left out."""
    names = {
        "version": "settings_version",
        "validations": "boot_validation",
        "init_command": "init_packet",
    }
    return [
        names.get(name, name)
        for name in SettingsPage.__dataclass_fields__
        if name != "crc" and getattr(one, name) != getattr(other, name)
    ]


def _checksum(page: SettingsPage) -> str:
    if page.crc_ok:
        return f"0x{page.crc:08X}, right"
    right = head_crc(encode_settings_page(page))
    return f"0x{page.crc:08X}, WRONG (0x{right:08X} would be right): no bootloader takes this page"


def _version(page: SettingsPage) -> str:
    if page.version in PAGE_SIZES:
        return str(page.version)
    return f"{page.version}, NOT KNOWN: shown as if it were version 2"


def _number(value: int) -> str:
    return f"{value} (0x{value:08X})"


def _bank_0(bank: Bank) -> str:
    if bank.code == BankCode.APPLICATION:
        return f"application, {_image(bank)}"
    if bank.code == BankCode.INVALID:
        rest = f" (left over: {_image(bank)})" if bank.size else ""
        return f"no valid application: the unit stays in DFU mode{rest}"
    return (
        f"code 0x{bank.code:02X} instead of an application, {_image(bank)}: the unit stays in DFU"
        " mode"
    )


def _bank_1(page: SettingsPage) -> str:
    bank = page.bank_1
    if bank.code == BankCode.INVALID:
        return f"nothing waits (left over: {_image(bank)})" if bank.size else "nothing waits"
    if bank.code not in _BANK_TITLES:
        return f"code 0x{bank.code:02X}, which no bootloader acts on, {_image(bank)}"
    text = f"{_BANK_TITLES[BankCode(bank.code)]} received, {_image(bank)}"
    copied = f"; {page.write_offset:,} bytes are in place already" if page.write_offset else ""
    return f"{text}; waits to be put in place at the next boot{copied}"


def _image(bank: Bank) -> str:
    return f"{bank.size:,} bytes, CRC-32 0x{bank.crc:08X}"


def _bank_fields(bank: Bank) -> dict[str, object]:
    known = bank.code in BankCode.__members__.values()
    return {
        "size": bank.size,
        "crc": bank.crc,
        "code": bank.code,
        "meaning": BankCode(bank.code).name if known else None,
    }


def _softdevice(page: SettingsPage) -> str:
    return f"{page.sd_size:,} bytes" if page.sd_size else "size not recorded"


def _validation_rows(page: SettingsPage) -> list[tuple[str, str]]:
    block = page.validations
    if block is None:
        return [("boot checks", "none in version 1")]
    crc = "right" if page.validation_crc_ok else "WRONG: no bootloader takes it from a backup page"
    return [
        ("boot checks", f"checksum 0x{block.crc:08X}, {crc}"),
        ("  SoftDevice", _validation(block.softdevice)),
        ("  application", _validation(block.application)),
        ("  bootloader", _validation(block.bootloader)),
    ]


def _validation(entry: PageValidation) -> str:
    match entry.type:
        case BootValidationType.NO_VALIDATION:
            return "not checked"
        case BootValidationType.VALIDATE_GENERATED_CRC:
            return f"CRC-32 0x{int.from_bytes(entry.data[:4], 'little'):08X}"
        case BootValidationType.VALIDATE_GENERATED_SHA256:
            return f"SHA-256 {entry.data[:32].hex()}"
        case BootValidationType.VALIDATE_ECDSA_P256_SHA256:
            return f"ECDSA signature {entry.data[:8].hex()}..."
        case _:
            return f"type {entry.type}, which no bootloader knows"


def _validation_fields(entry: PageValidation) -> dict[str, object]:
    known = entry.type in BootValidationType.__members__.values()
    return {
        "type": entry.type,
        "meaning": BootValidationType(entry.type).name if known else None,
        "bytes": entry.data.hex(),
    }


def _progress(page: SettingsPage) -> str:
    """How far an update came, in words."""
    progress = page.progress
    if progress.command_size == 0:
        if progress == Progress(firmware_image_crc=progress.firmware_image_crc):
            place = progress.firmware_image_crc
            last = f"; the last image was put at 0x{place:X}" if place else ""
            return f"none under way{last}"
        return f"none under way, though numbers are left: {_image_progress(progress)}"
    if progress.command_offset < progress.command_size:
        return (
            f"interrupted: {progress.command_offset} of {progress.command_size} bytes of the init"
            " packet had arrived"
        )
    if progress.firmware_image_offset or progress.firmware_image_offset_last:
        return f"interrupted: {_image_progress(progress)}"
    return "interrupted: the init packet was complete, nothing of the image had arrived"


def _image_progress(progress: Progress) -> str:
    return (
        f"{progress.firmware_image_offset:,} bytes of the image had arrived,"
        f" {progress.firmware_image_offset_last:,} of them executed"
    )


def _init_packet(page: SettingsPage) -> str:
    packet = stored_packet(page)
    match packet:
        case None:
            is_empty = not page.init_command.strip(b"\x00") or not page.init_command.strip(b"\xff")
            return "none" if is_empty else "bytes are stored, but no complete packet"
        case InputError():
            return f"{page.progress.command_size} bytes that are none: {packet.message}"
    command = packet.command
    required = ", ".join(describe_fwid(fwid) for fwid in command.sd_req) or "none named"
    return (
        f"{command.kind.name}, version {command.fw_version}, hardware {command.hw_version},"
        f" SoftDevice {required}, {command.firmware_size:,} bytes,"
        f" {'not signed' if packet.signature is None else 'signed'}"
    )


def _init_packet_fields(page: SettingsPage) -> dict[str, object] | None:
    packet = stored_packet(page)
    if packet is None:
        return None
    fields: dict[str, object] = {"bytes": page.init_command[: page.progress.command_size].hex()}
    if isinstance(packet, InputError):
        return fields | {"error": printable(packet.message)}
    command = packet.command
    return fields | {
        "type": command.kind.name,
        "fw_version": command.fw_version,
        "hw_version": command.hw_version,
        "sd_req": [f"0x{fwid:04X}" for fwid in command.sd_req],
        "size": command.firmware_size,
        "is_debug": command.is_debug,
        "signature_type": None
        if packet.signature_type is None
        else SignatureType(packet.signature_type).name,
    }


def _buttonless(page: SettingsPage) -> str:
    match page.enter_buttonless_dfu:
        case 0:
            return "no"
        case 1:
            return "yes: the application asked for it (bootloaders built to look here)"
        case other:
            return f"{other}, which means no"


def _peer_data(block: bytes) -> str:
    match _block_state(block):
        case "empty":
            return "none"
        case "present":
            return "the keys of a bonded peer are stored"
        case _:
            return "damaged: its checksum is wrong"


def _block_state(block: bytes) -> str:
    """``empty``, ``present`` or ``damaged``: peer data and name carry a checksum of their own."""
    crc = int.from_bytes(block[:4], "little")
    if crc == _EMPTY_CRC:
        return "empty"
    return "present" if crc == zlib.crc32(block[4:]) else "damaged"


def _adv_name(block: bytes) -> str:
    match _block_state(block):
        case "empty":
            return "none"
        case "present" if (name := _name(block)) is not None:
            return f"'{name}', set by the application"
        case "present":
            return f"damaged: no name has {_name_size(block)} bytes"
        case _:
            return "damaged: its checksum is wrong"


def _name(block: bytes) -> str | None:
    """The name that a unit advertises in DFU mode, safe to print; None if there is no good one."""
    size = _name_size(block)
    if _block_state(block) != "present" or size > _ADV_NAME_SIZE:
        return None
    return printable(block[4 : 4 + size].decode("utf-8", "backslashreplace"))


def _name_size(block: bytes) -> int:
    return int.from_bytes(block[4 + _ADV_NAME_SIZE :], "little")
