"""The bootloader's settings as they lie in RAM: the very bytes of the settings page.

Like the bootloader itself, this keeps the page's structure as memory and reads and writes fields
in place, so that a copy of it *is* the page; ``formats.settings_page`` reads and writes the same
page as values, and a test holds the two against each other. Offsets and sizes: spec section 8; all
words little-endian.
"""

from __future__ import annotations

import zlib
from typing import Final

from firmline.formats.peer_data import PeerKeys, decode_peer_data
from firmline.formats.settings_page import BankCode, head_crc, validation_crc

SIZE: Final = 0x380
"""Bytes of the structure; a settings page write programs exactly these (FORMAT.md, section 5)."""

ERASED_WORD: Final = 0xFFFF_FFFF
INIT_COMMAND_SIZE: Final = 512
_PROGRESS: Final = slice(0x38, 0x58)
_INIT_COMMAND: Final = slice(0x5C, 0x25C)
PEER_DATA: Final = 0x324
"""Offset of the peer data (64 bytes) and, behind it, the advertising name (28 bytes)."""
ADV_NAME: Final = 0x364
"""Offset of the advertising name: CRC-32 of the rest, 20 bytes of name, its length (a word)."""
ADV_NAME_MAX: Final = 20


class _Word:
    """A little-endian 32-bit field at an offset; like the C code it counts modulo 2**32."""

    def __init__(self, offset: int) -> None:
        self._offset = offset

    def __get__(self, settings: SettingsRam, _owner: object = None) -> int:
        return int.from_bytes(settings.data[self._offset : self._offset + 4], "little")

    def __set__(self, settings: SettingsRam, value: int) -> None:
        settings.data[self._offset : self._offset + 4] = (value & ERASED_WORD).to_bytes(4, "little")


class Bank:
    """One bank's entry: size, CRC and code, three words at an offset (spec section 8)."""

    INVALID: Final = BankCode.INVALID
    APPLICATION: Final = BankCode.APPLICATION
    SOFTDEVICE: Final = BankCode.SOFTDEVICE
    BOOTLOADER: Final = BankCode.BOOTLOADER
    SOFTDEVICE_BOOTLOADER: Final = BankCode.SOFTDEVICE_BOOTLOADER

    def __init__(self, data: bytearray, offset: int) -> None:
        self._data = data
        self._offset = offset

    @property
    def size(self) -> int:
        """Image size in bytes."""
        return self._word(0)

    @property
    def crc(self) -> int:
        """CRC-32 of the image."""
        return self._word(1)

    @property
    def code(self) -> int:
        """What the bank holds."""
        return self._word(2)

    def set(self, *, size: int, crc: int, code: int) -> None:
        """Set all three."""
        words = b"".join(value.to_bytes(4, "little") for value in (size, crc, code))
        self._data[self._offset : self._offset + 12] = words

    def set_code(self, code: int) -> None:
        """Set the code alone; size and CRC stay."""
        self._data[self._offset + 8 : self._offset + 12] = code.to_bytes(4, "little")

    def clear(self) -> None:
        """Zero the entry."""
        self.set(size=0, crc=0, code=self.INVALID)

    def _word(self, index: int) -> int:
        start = self._offset + 4 * index
        return int.from_bytes(self._data[start : start + 4], "little")


class BootValidationEntry:
    """Type byte and 64 bytes of data at an offset (spec sections 8 and 16.2 S4)."""

    def __init__(self, data: bytearray, offset: int) -> None:
        self._data = data
        self._offset = offset

    @property
    def type(self) -> int:
        """How the image is checked at boot."""
        return self._data[self._offset]

    @property
    def data(self) -> bytes:
        """What it is checked against, 64 bytes."""
        return bytes(self._data[self._offset + 1 : self._offset + 65])

    def set(self, kind: int, data: bytes) -> None:
        """Set type and data; the rest of the 64 bytes is zero."""
        self._data[self._offset] = kind
        self._data[self._offset + 1 : self._offset + 65] = data.ljust(64, b"\0")


def adv_name_block(name: bytes) -> bytes:
    """What the application writes at :data:`ADV_NAME`, 28 bytes (spec section 8).

    Args:
        name: 1 to 20 bytes.
    """
    content = name.ljust(ADV_NAME_MAX, b"\0") + len(name).to_bytes(4, "little")
    return zlib.crc32(content).to_bytes(4, "little") + content


class SettingsRam:
    """The settings structure in RAM."""

    crc = _Word(0x00)
    version = _Word(0x04)
    app_version = _Word(0x08)
    bootloader_version = _Word(0x0C)
    write_offset = _Word(0x30)
    sd_size = _Word(0x34)
    command_size = _Word(0x38)
    command_offset = _Word(0x3C)
    command_crc = _Word(0x40)
    data_object_size = _Word(0x44)
    image_crc = _Word(0x48)
    image_crc_last = _Word(0x4C)
    image_offset = _Word(0x50)
    image_offset_last = _Word(0x54)
    enter_buttonless_dfu = _Word(0x58)
    boot_validation_crc = _Word(0x25C)
    peer_data_crc = _Word(PEER_DATA)
    adv_name_crc = _Word(ADV_NAME)
    update_start_address = image_crc
    """The same word: once an image is complete it holds where the image lies (section 8)."""

    def __init__(self, data: bytes = bytes(SIZE)) -> None:
        self.data = bytearray(data)
        self.bank_0 = Bank(self.data, 0x18)
        self.bank_1 = Bank(self.data, 0x24)
        self.softdevice_validation = BootValidationEntry(self.data, 0x260)
        self.application_validation = BootValidationEntry(self.data, 0x2A1)
        self.bootloader_validation = BootValidationEntry(self.data, 0x2E2)

    @property
    def init_command(self) -> bytes:
        """The stored init packet, all 512 bytes."""
        return bytes(self.data[_INIT_COMMAND])

    @property
    def adv_name(self) -> bytes | None:
        """The name to advertise in DFU mode that the application has left; ``None``: none."""
        block = bytes(self.data[ADV_NAME:])
        size = int.from_bytes(block[4 + ADV_NAME_MAX :], "little")
        if self.adv_name_crc == ERASED_WORD or not 1 <= size <= ADV_NAME_MAX:
            return None
        return block[4 : 4 + size] if zlib.crc32(block[4:]) == self.adv_name_crc else None

    @property
    def peer_keys(self) -> PeerKeys | None:
        """The keys of the host that the application has left; ``None``: none, or damaged ones."""
        return decode_peer_data(bytes(self.data[PEER_DATA:ADV_NAME]))

    @property
    def own_crc_ok(self) -> bool:
        """Whether the first CRC is right and not that of an erased page."""
        return self.crc != ERASED_WORD and self.crc == head_crc(self.data)

    @property
    def boot_validation_crc_ok(self) -> bool:
        """Whether the CRC over the three boot validation entries is right."""
        return self.boot_validation_crc == validation_crc(self.data)

    def update_crcs(self) -> None:
        """Compute both CRCs anew, as is done before every save."""
        self.boot_validation_crc = validation_crc(self.data)
        self.crc = head_crc(self.data)

    def write_init_command(self, offset: int, data: bytes) -> None:
        """Put received bytes of an init packet in place."""
        start = _INIT_COMMAND.start + offset
        self.data[start : start + len(data)] = data

    def reset_progress(self) -> None:
        """Forget the init packet and how far the image came (spec section 3, CREATE)."""
        self.data[_PROGRESS] = bytes(_PROGRESS.stop - _PROGRESS.start)
        self.data[_INIT_COMMAND] = b"\xff" * INIT_COMMAND_SIZE
        self.write_offset = 0
