"""Programs as a linker makes them, of which lint has nothing to say."""

from __future__ import annotations

import struct

from firmline.formats.softdevice import build_softdevice_info
from firmline.values import Fwid

RESERVED = (7, 8, 9, 10, 13)  # entries of the vector table without an exception
TABLE_SIZE = 64


def vector_table(
    base: int, *, stack: int = 0x2001_0000, reset: int | None = None, **vectors: int
) -> bytes:
    """The 16 core vectors; ``v3=0`` replaces the fourth word."""
    words = [base + 0x41] * 16
    for index in RESERVED:
        words[index] = 0
    words[0], words[1] = stack, base + 0x41 if reset is None else reset
    for name, value in vectors.items():
        words[int(name[1:])] = value
    return struct.pack("<16I", *words)


def program(size: int = 0x800, *, base: int = 0x26000, table: bytes | None = None) -> bytes:
    """A program of this size (at least its table and a word) that is linked at ``base``."""
    code = bytes(range(256)) * (size // 256 + 1)
    return ((table or vector_table(base)) + code)[:size]


def softdevice(size: int = 0x3000, *, end: int = 0x26000, fwid: int = 0x101) -> bytes:
    """A SoftDevice's image without the MBR."""
    info = build_softdevice_info(size_word=end, fwid=Fwid(fwid), family=132, version=7_002_000)
    code = bytes(range(256)) * (size // 256 + 1)
    return (code[:0x2000] + info + code)[:size]
