"""The header that an image for MCUboot begins with: 32 bytes, mostly followed by padding.

The layout is ``struct image_header`` (MCUboot, ``boot/bootutil/include/bootutil/image.h``). It has
the byte order of the chip: little-endian on every chip of Nordic's; imgtool can write the other.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntFlag
from typing import Final, Literal

from firmline.errors import Code, InputError
from firmline.formats.mcuboot.version import ImageVersion

HEADER_SIZE: Final = 32
MAGICS: Final[dict[bytes, Literal["little", "big"]]] = {
    bytes.fromhex("3db8f396"): "little",
    bytes.fromhex("96f3b83d"): "big",
}
"""How an image begins, and what that says of its byte order: ``ih_magic`` is 0x96F3B83D."""
OLD_MAGIC: Final = bytes.fromhex("3cb8f396")
"""Of images before MCUboot 1.0 (``IMAGE_MAGIC_V1``), which none starts any more."""
_FIELDS: Final = "IIHHIIBBHII"


class Flags(IntFlag):
    """``ih_flags``; names as MCUboot has them, without ``IMAGE_F_``."""

    PIC = 0x1
    ENCRYPTED_AES128 = 0x4
    ENCRYPTED_AES256 = 0x8
    NON_BOOTABLE = 0x10
    RAM_LOAD = 0x20
    ROM_FIXED = 0x100
    COMPRESSED_LZMA1 = 0x200
    COMPRESSED_LZMA2 = 0x400
    COMPRESSED_ARM_THUMB = 0x800


ENCRYPTED: Final = Flags.ENCRYPTED_AES128 | Flags.ENCRYPTED_AES256
COMPRESSED: Final = Flags.COMPRESSED_LZMA1 | Flags.COMPRESSED_LZMA2 | Flags.COMPRESSED_ARM_THUMB


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader:
    """A header.

    Attributes:
        order: The byte order of the whole image.
        load_address: Where in RAM (``RAM_LOAD``) or flash (``ROM_FIXED``) it has to lie; else 0.
        size: Bytes of the header with its padding: where the program begins.
        protected_size: Bytes of the protected TLVs, with their own header; 0: there are none.
        image_size: Bytes of the program.
        flags: Those that are known.
        unknown_flags: Bits of ``ih_flags`` that are not.
        version: The version.
    """

    order: Literal["little", "big"]
    load_address: int
    size: int
    protected_size: int
    image_size: int
    flags: Flags
    unknown_flags: int
    version: ImageVersion

    @property
    def flag_names(self) -> tuple[str, ...]:
        """The flags by name, then the rest as one number."""
        names = tuple(flag.name or "" for flag in Flags if flag in self.flags)
        return (*names, f"0x{self.unknown_flags:X}") if self.unknown_flags else names


def decode_header(data: bytes, *, name: str) -> ImageHeader:
    """Read the header of an image.

    Args:
        data: The image, from its beginning.
        name: What to call it in a message.

    Raises:
        InputError: ``MCUBOOT_IMAGE_MALFORMED`` or ``MCUBOOT_IMAGE_TRUNCATED``.
    """
    order = MAGICS.get(data[:4])
    if order is None:
        raise _not_an_image(data, name)
    if len(data) < HEADER_SIZE:
        raise truncated(name, "ends inside its header")
    sign = "<" if order == "little" else ">"
    _, load, size, protected, image, flags, major, minor, revision, build, _ = struct.unpack(
        sign + _FIELDS, data[:HEADER_SIZE]
    )
    if size < HEADER_SIZE:
        raise malformed(name, f"has a header of {size} bytes, fewer than {HEADER_SIZE}")
    known = Flags(flags & sum(Flags))
    return ImageHeader(
        order=order,
        load_address=load,
        size=size,
        protected_size=protected,
        image_size=image,
        flags=known,
        unknown_flags=flags & ~sum(Flags),
        version=ImageVersion(major=major, minor=minor, revision=revision, build=build),
    )


def is_plausible_header(data: bytes) -> bool:
    """Whether 32 bytes are a header, not a program that looks for one: its last word is 0."""
    order = MAGICS.get(data[:4])
    if order is None or len(data) < HEADER_SIZE:
        return False
    size = int.from_bytes(data[8:10], order)
    return size >= HEADER_SIZE and not any(data[28:HEADER_SIZE])


def malformed(name: str, what: str) -> InputError:
    """The error of an image that no MCUboot would start."""
    return InputError(Code.MCUBOOT_IMAGE_MALFORMED, f"The image {name} {what}.")


def truncated(name: str, what: str) -> InputError:
    """The error of an image of which the end is missing."""
    return InputError(Code.MCUBOOT_IMAGE_TRUNCATED, f"The image {name} {what}.")


def _not_an_image(data: bytes, name: str) -> InputError:
    if data.startswith(OLD_MAGIC):
        what = "is of the format before MCUboot 1.0, which no MCUboot starts any more"
    else:
        what = f"begins with {data[:4].hex()}, not as an image for MCUboot does (3db8f396)"
    return malformed(name, what)
