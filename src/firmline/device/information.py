"""FICR and UICR of a virtual unit: what a debug probe finds there.

Offsets are those of the nRF52 product specifications (FICR, UICR). What nobody asks a virtual unit
for is erased.
"""

from __future__ import annotations

from typing import Final

from firmline.device.chips import Chip
from firmline.device.profile import MemoryMap
from firmline.device.synthetic import synthetic_bytes
from firmline.formats.flash.information import (
    APPROTECT,
    BOOTLOADER_ADDRESS,
    ERASED_WORD,
    MBR_PARAMETERS_ADDRESS,
    RESET_PINS,
    UICR,
    UICR_SIZE,
)
from firmline.values import BleAddress

FICR_SIZE: Final = 0x114  # up to INFO.FLASH
_KIB: Final = 1024
_RANDOM_ADDRESS: Final = 0xFFFF_FFFF  # DEVICEADDRTYPE, bit 0: a random static address
_RESET_PIN: Final = {0x52832: 21, 0x52810: 21, 0x52811: 21, 0x52805: 21}
"""By part: P0.21 (nRF52832 product specification, pin assignments), P0.18 on those with USB."""
_USUAL_RESET_PIN: Final = 18


def ficr_image(chip: Chip, address: BleAddress, serial_number: str) -> bytes:
    """FICR of a unit, from its first byte."""
    device_id = synthetic_bytes(f"device {serial_number}", 8)
    number = int(str(address).replace(":", ""), 16)
    words = {
        0x10: chip.page_size,
        0x14: chip.flash_size // chip.page_size,
        0x60: int.from_bytes(device_id[:4], "little"),
        0x64: int.from_bytes(device_id[4:], "little"),
        0xA0: _RANDOM_ADDRESS,
        0xA4: number & 0xFFFF_FFFF,
        0xA8: 0xFFFF_0000 | number >> 32,
        0x100: chip.part,
        0x104: chip.variant,
        0x10C: chip.ram_size // _KIB,
        0x110: chip.flash_size // _KIB,
    }
    return _image(words, FICR_SIZE)


def uicr_image(chip: Chip, memory: MemoryMap, *, has_bootloader: bool) -> bytes:
    """UICR of a unit as the programmer at its factory leaves it, from its first byte.

    Args:
        chip: Its chip.
        memory: Where things are in its flash.
        has_bootloader: Whether a bootloader was programmed, which brings the two addresses.
    """
    pin = _RESET_PIN.get(chip.part, _USUAL_RESET_PIN)
    words = {each - UICR: pin for each in RESET_PINS} | {APPROTECT - UICR: ERASED_WORD}
    if has_bootloader:
        words[BOOTLOADER_ADDRESS - UICR] = memory.bootloader_start
        words[MBR_PARAMETERS_ADDRESS - UICR] = memory.backup_page
    return _image(words, UICR_SIZE)


def _image(words: dict[int, int], size: int) -> bytes:
    image = bytearray(b"\xff" * size)
    for offset, value in words.items():
        image[offset : offset + 4] = value.to_bytes(4, "little")
    return bytes(image)
