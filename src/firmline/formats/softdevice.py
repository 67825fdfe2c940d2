"""The information that every SoftDevice carries about itself.

A small structure lies at flash 0x3000, which is 0x2000 into a SoftDevice image (the image begins at
0x1000, behind the MBR). Numbers are little-endian (spec section 16.2 S3).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from firmline.values import Fwid

SOFTDEVICE_START = 0x1000  # behind the MBR (spec section 6)
INFO_FLASH_ADDRESS = 0x3000  # spec section 16.2 S3
INFO_IMAGE_OFFSET = INFO_FLASH_ADDRESS - SOFTDEVICE_START
MAGIC = 0x51B1E5DB
_LAYOUT = struct.Struct("<IIIHHII")  # size, magic, end, FWID, reserved, family, version: 24 bytes
INFO_SIZE = _LAYOUT.size
SMALLEST_SOFTDEVICE_END = INFO_FLASH_ADDRESS + INFO_SIZE  # 0x3018: no SoftDevice ends below
_FAMILY_END, _VERSION_END = 0x14, 0x18


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftDeviceInfo:
    """What a SoftDevice says it is.

    Attributes:
        info_size: Size of the structure in bytes; only its low byte counts.
        size_word: The first address behind the SoftDevice, counted from 0 (it includes the MBR).
        fwid: Its firmware ID, what ``--sd-req`` names.
        family: Its number, 132 for S132; None in structures too short to have it.
        version: ``major * 1000000 + minor * 1000 + patch``; None likewise.
    """

    info_size: int
    size_word: int
    fwid: Fwid
    family: int | None
    version: int | None

    @property
    def version_text(self) -> str | None:
        """``7.2.0``; None where the SoftDevice does not say."""
        return None if self.version is None else softdevice_version_text(self.version)


def softdevice_version_text(version: int) -> str:
    """The version of a SoftDevice as it is written: ``7.2.0``.

    Args:
        version: As a number, ``major * 1000000 + minor * 1000 + patch`` (spec section 2.1).
    """
    major, rest = divmod(version, 1_000_000)
    minor, patch = divmod(rest, 1_000)
    return f"{major}.{minor}.{patch}"


def parse_softdevice_info(content: bytes, *, offset: int = 0) -> SoftDeviceInfo | None:
    """Read the structure at an offset; None where there is none.

    Args:
        content: Any bytes.
        offset: Where the structure would begin.
    """
    if offset < 0 or len(content) < offset + _LAYOUT.size:
        return None
    size, magic, end, fwid, _, family, version = _LAYOUT.unpack_from(content, offset)
    if magic != MAGIC:
        return None
    return SoftDeviceInfo(
        info_size=size & 0xFF,
        size_word=end,
        fwid=Fwid(fwid),
        family=family if size & 0xFF >= _FAMILY_END else None,
        version=version if size & 0xFF >= _VERSION_END else None,
    )


def softdevice_in_image(image: bytes) -> SoftDeviceInfo | None:
    """The information in a SoftDevice image as a package carries it, without the MBR."""
    return parse_softdevice_info(image, offset=INFO_IMAGE_OFFSET)


def softdevice_in_flash(flash: bytes) -> SoftDeviceInfo | None:
    """The information in the bytes of a flash that begin at address 0."""
    return parse_softdevice_info(flash, offset=INFO_FLASH_ADDRESS)


def build_softdevice_info(
    *, size_word: int, fwid: Fwid, family: int, version: int, info_size: int = _LAYOUT.size
) -> bytes:
    """The 24 bytes of the structure, for SoftDevices of virtual units.

    Args:
        size_word: The first address behind the SoftDevice, 32 bits.
        fwid: Its firmware ID.
        family: 132 for S132; 32 bits.
        version: ``major * 1000000 + minor * 1000 + patch``.
        info_size: What the structure says its own size is; real ones are longer than 24.
    """
    # The reserved half word reads as erased flash, as the rest of the page around it does.
    return _LAYOUT.pack(info_size, MAGIC, size_word, fwid, 0xFFFF, family, version)
