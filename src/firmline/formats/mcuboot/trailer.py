"""The end of a slot, which a padded image brings along: what it tells MCUboot.

The layout is that of ``bootutil_misc.c``: the magic at the very end, and in front of it, each in as
many bytes as flash is aligned to, "image OK", "copy done" and what a swap keeps account of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

MAGIC_SIZE: Final = 16
MAGIC: Final = bytes.fromhex("77c295f360d2ef7f3552500f2cb67980")
"""``boot_img_magic``, of builds whose flash is written in 8 bytes at most."""
_MAGIC_TAIL: Final = bytes.fromhex("2de15d29410b8d77679c110f1f8a")
"""The rest of the magic of other builds, behind two bytes that say the alignment."""
_ALIGNMENTS: Final = (8, 16, 32)
_SET: Final = 0x01


@dataclass(frozen=True, slots=True, kw_only=True)
class Trailer:
    """What the end of a padded image tells MCUboot.

    Attributes:
        alignment: The largest alignment of the flash that it was made for, 8, 16 or 32 bytes.
        is_confirmed: Whether the image counts as good from the first start on.
    """

    alignment: int
    is_confirmed: bool


def decode_trailer(end: bytes, *, order: Literal["little", "big"]) -> Trailer | None:
    """Read the end of a slot; None: it does not end with MCUboot's magic."""
    magic = end[-MAGIC_SIZE:]
    if magic == MAGIC:
        alignment = 8
    else:
        alignment = int.from_bytes(magic[:2], order)
        if magic[2:] != _MAGIC_TAIL or alignment not in _ALIGNMENTS:
            return None
    image_ok = _aligned(MAGIC_SIZE, alignment) + alignment
    is_confirmed = len(end) >= image_ok and end[-image_ok] == _SET
    return Trailer(alignment=alignment, is_confirmed=is_confirmed)


def _aligned(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment
