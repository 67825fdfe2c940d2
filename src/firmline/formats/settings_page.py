"""The bootloader's settings page, bit for bit.

The page says which image is in which bank, how far an update came and how the images are checked at
boot. Offsets are those of spec section 8; every number is little-endian, and 32 bits wide unless
another width is named.

Two layouts exist. Version 2 has 896 bytes; version 1 has 440: a shorter init command and no boot
validation. Rules of this module: decoding and encoding keep every byte, wrong checksums and the
padding byte included, because a virtual unit keeps its flash this way; whether a checksum is right
is a question of its own (:attr:`SettingsPage.crc_ok`).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from enum import IntEnum

from firmline.errors import Code, InputError, LocalProtocolError
from firmline.formats.spans import ERASED

_NUMBERS = 23  # 32-bit numbers from 0x00 to 0x5B, in both versions
_V1 = struct.Struct(f"<{_NUMBERS}I 256s 64s 28s")
_V2 = struct.Struct(f"<{_NUMBERS}I 512s I B64s B64s B64s B 64s 28s")
HEAD_SIZE = 0x5C  # what the first checksum covers, itself included
VALIDATION_START = 0x260  # what the second one covers
VALIDATION_END = 0x323
PAGE_SIZES = {1: _V1.size, 2: _V2.size}
VALIDATION_DATA_SIZE = 64
_EMPTY_PEER_DATA = ERASED * 64
_EMPTY_ADV_NAME = ERASED * 28


class BankCode(IntEnum):
    """What a bank holds (spec section 8); other codes occur and mean nothing."""

    INVALID = 0x00
    APPLICATION = 0x01
    SOFTDEVICE = 0xA5
    BOOTLOADER = 0xAA
    SOFTDEVICE_BOOTLOADER = 0xAC
    EXTERNAL_APPLICATION = 0xB1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """One bank.

    Attributes:
        size: Of the image, in bytes.
        crc: CRC-32 of the image.
        code: A :class:`BankCode`, or any other number.
    """

    size: int = 0
    crc: int = 0
    code: int = BankCode.INVALID


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an update came; sizes and offsets in bytes.

    Attributes:
        command_size: Of the init packet that was announced.
        command_offset: How much of it has arrived.
        command_crc: CRC-32 of that.
        data_object_size: Of the data object under way.
        firmware_image_crc: CRC-32 of what has arrived; once an update of the system is complete,
            the same place holds where it lies in flash (``update_start_address``).
        firmware_image_crc_last: The same up to the last executed object.
        firmware_image_offset: How much of the image has arrived.
        firmware_image_offset_last: The same up to the last executed object.
    """

    command_size: int = 0
    command_offset: int = 0
    command_crc: int = 0
    data_object_size: int = 0
    firmware_image_crc: int = 0
    firmware_image_crc_last: int = 0
    firmware_image_offset: int = 0
    firmware_image_offset_last: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageValidation:
    """How one installed image is checked at boot (spec section 16.2 S4).

    Attributes:
        type: A :class:`~firmline.formats.init_packet.BootValidationType`, or any other byte.
        data: 64 bytes, zero behind what the check needs: 4 of CRC-32 (little-endian), 32 of
            SHA-256 (not reversed), or 64 of signature (r then s, each little-endian).
    """

    type: int = 0
    data: bytes = bytes(VALIDATION_DATA_SIZE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageValidations:
    """The boot validation block of version 2.

    Attributes:
        crc: CRC-32 over the three entries, as stored.
        softdevice: How the SoftDevice is checked.
        application: How the application is checked.
        bootloader: How the bootloader is checked; bootloaders leave it empty.
        padding: The byte behind the block; no checksum covers it.
    """

    crc: int = 0
    softdevice: PageValidation = PageValidation()
    application: PageValidation = PageValidation()
    bootloader: PageValidation = PageValidation()
    padding: int = 0xFF


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPage:
    """A settings page.

    Attributes:
        crc: CRC-32 over bytes 0x04 to 0x5B, as stored.
        version: Of the layout, 1 or 2; other numbers occur in broken pages.
        app_version: Of the application.
        bootloader_version: Of the bootloader.
        bank_layout: Not used by any bootloader.
        bank_current: Not used either.
        bank_0: What runs.
        bank_1: What was received and is not yet in place.
        write_offset: Bytes of the update that have been written.
        sd_size: Of the SoftDevice in bytes, as boot validation covers it.
        progress: How far an update came.
        enter_buttonless_dfu: 1 if the application asked for DFU.
        init_command: The stored init packet, 512 bytes (256 in version 1).
        validations: How images are checked at boot; None in the layout of version 1.
        peer_data: 64 raw bytes: checksum, then the peer's keys; 0xFF when empty.
        adv_name: 28 raw bytes: checksum, name (20), length; 0xFF when empty.
    """

    crc: int = 0
    version: int = 2
    app_version: int = 0
    bootloader_version: int = 0
    bank_layout: int = 0
    bank_current: int = 0
    bank_0: Bank = Bank()
    bank_1: Bank = Bank()
    write_offset: int = 0
    sd_size: int = 0
    progress: Progress = Progress()
    enter_buttonless_dfu: int = 0
    init_command: bytes = bytes(512)
    validations: PageValidations | None = PageValidations()
    peer_data: bytes = _EMPTY_PEER_DATA
    adv_name: bytes = _EMPTY_ADV_NAME

    @property
    def crc_ok(self) -> bool:
        """Whether the first checksum is right; one of 0xFFFFFFFF never is (spec section 8.1)."""
        return self.crc == head_crc(encode_settings_page(self)) != 0xFFFF_FFFF

    @property
    def validation_crc_ok(self) -> bool:
        """Whether the boot validation's checksum is right; version 1 has none to be wrong."""
        if self.validations is None:
            return True
        return self.validations.crc == validation_crc(encode_settings_page(self))


def head_crc(encoded: bytes | bytearray) -> int:
    """The checksum that belongs at 0x00 of an encoded page."""
    return zlib.crc32(encoded[4:HEAD_SIZE])


def validation_crc(encoded: bytes | bytearray) -> int:
    """The checksum that belongs at 0x25C of an encoded page of version 2."""
    return zlib.crc32(encoded[VALIDATION_START:VALIDATION_END])


def decode_settings_page(content: bytes, *, layout: int | None = None) -> SettingsPage:
    """Read a page; checksums are not judged.

    Args:
        content: At least 92 bytes; what is missing behind reads as erased flash, what is too much
            is left alone.
        layout: 1 or 2 to read it as a bootloader of that version does; None to go by the page.

    Raises:
        InputError: ``SETTINGS_MALFORMED`` (too short), ``SETTINGS_VERSION`` (unknown, and no
            ``layout`` given).
    """
    if len(content) < HEAD_SIZE:
        raise InputError(
            Code.SETTINGS_MALFORMED,
            f"A settings page has at least {HEAD_SIZE} bytes, here are {len(content)}.",
        )
    version = layout if layout is not None else int.from_bytes(content[4:8], "little")
    if version not in PAGE_SIZES:
        raise InputError(
            Code.SETTINGS_VERSION,
            f"The settings page has version {version}; versions 1 and 2 are known.",
        )
    size = PAGE_SIZES[version]
    padded = content[:size] + ERASED * (size - len(content))
    fields = (_V1 if version == 1 else _V2).unpack(padded)
    head, tail = fields[:_NUMBERS], fields[_NUMBERS:]
    return SettingsPage(
        crc=head[0],
        version=head[1],
        app_version=head[2],
        bootloader_version=head[3],
        bank_layout=head[4],
        bank_current=head[5],
        bank_0=Bank(size=head[6], crc=head[7], code=head[8]),
        bank_1=Bank(size=head[9], crc=head[10], code=head[11]),
        write_offset=head[12],
        sd_size=head[13],
        progress=_decode_progress(head[14:22]),
        enter_buttonless_dfu=head[22],
        init_command=tail[0],
        validations=_decode_validations(tail[1:9]) if version == 2 else None,
        peer_data=tail[-2],
        adv_name=tail[-1],
    )


def _decode_progress(numbers: tuple[int, ...]) -> Progress:
    return Progress(
        command_size=numbers[0],
        command_offset=numbers[1],
        command_crc=numbers[2],
        data_object_size=numbers[3],
        firmware_image_crc=numbers[4],
        firmware_image_crc_last=numbers[5],
        firmware_image_offset=numbers[6],
        firmware_image_offset_last=numbers[7],
    )


def _decode_validations(fields: tuple[int | bytes, ...]) -> PageValidations:
    crc, sd_type, sd_data, app_type, app_data, bl_type, bl_data, padding = fields
    return PageValidations(
        crc=int(crc),
        softdevice=PageValidation(type=int(sd_type), data=bytes(sd_data)),
        application=PageValidation(type=int(app_type), data=bytes(app_data)),
        bootloader=PageValidation(type=int(bl_type), data=bytes(bl_data)),
        padding=int(padding),
    )


def encode_settings_page(page: SettingsPage) -> bytes:
    """The bytes of a page as they lie in flash: 896, or 440 without boot validation.

    Checksums are written as they stand in ``page``; :func:`seal_settings_page` makes them right.

    Raises:
        InputError: ``NUMBER_OUT_OF_RANGE``: a number does not fit its field.
        LocalProtocolError: A block of bytes does not have its fixed size.
    """
    head = (
        page.crc, page.version, page.app_version, page.bootloader_version, page.bank_layout,
        page.bank_current, *_bank(page.bank_0), *_bank(page.bank_1), page.write_offset,
        page.sd_size, *_progress(page.progress), page.enter_buttonless_dfu,
    )  # fmt: skip
    tail = (page.peer_data, page.adv_name)
    _check_lengths(page)
    try:
        if page.validations is None:
            return _V1.pack(*head, page.init_command, *tail)
        return _V2.pack(*head, page.init_command, *_validations(page.validations), *tail)
    except struct.error:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE, "A number does not fit its field of the settings page."
        ) from None


def seal_settings_page(page: SettingsPage) -> SettingsPage:
    """The same page with both checksums right."""
    encoded = encode_settings_page(page)
    validations = page.validations
    if validations is not None:
        validations = replace(validations, crc=validation_crc(encoded))
    return replace(page, crc=head_crc(encoded), validations=validations)


def _check_lengths(page: SettingsPage) -> None:
    """Refuse what ``struct`` would cut or fill without a word."""
    wanted = [256 if page.validations is None else 512, len(_EMPTY_PEER_DATA), len(_EMPTY_ADV_NAME)]
    blocks = [page.init_command, page.peer_data, page.adv_name]
    if (block := page.validations) is not None:
        wanted += [VALIDATION_DATA_SIZE] * 3
        blocks += [block.softdevice.data, block.application.data, block.bootloader.data]
    if [len(block) for block in blocks] != wanted:
        raise LocalProtocolError("A block of the settings page does not have its fixed size.")


def _bank(bank: Bank) -> tuple[int, ...]:
    return (bank.size, bank.crc, bank.code)


def _progress(progress: Progress) -> tuple[int, ...]:
    return (
        progress.command_size, progress.command_offset, progress.command_crc,
        progress.data_object_size, progress.firmware_image_crc, progress.firmware_image_crc_last,
        progress.firmware_image_offset, progress.firmware_image_offset_last,
    )  # fmt: skip


def _validations(block: PageValidations) -> tuple[int | bytes, ...]:
    entries = (block.softdevice, block.application, block.bootloader)
    return (block.crc, *(part for entry in entries for part in (entry.type, entry.data)),
            block.padding)  # fmt: skip
