"""Bytes that look random and depend on a seed alone, and a program made of them."""

from __future__ import annotations

import hashlib
import struct
from functools import lru_cache
from typing import Final

RAM_START: Final = 0x2000_0000
"""Where the RAM of a Cortex-M begins (Armv7-M Architecture Reference Manual, B3.1)."""
STACK_TOP: Final = RAM_START + 0x8000
"""Above 32 KiB of RAM, which every nRF52 has but the nRF52805 and nRF52810."""
EXCEPTIONS: Final = (1, 2, 3, 4, 5, 6, 11, 12, 14, 15)
"""Entries of the vector table with a handler: reset, NMI, the faults, SVCall, the debug monitor,
PendSV, SysTick (the same, B1.5.3); the others of the first 16 are reserved."""
_TABLE: Final = struct.Struct("<16I")


@lru_cache(maxsize=64)
def synthetic_bytes(seed: str, size: int) -> bytes:
    """``size`` bytes: SHA-256 in counter mode, as in the transcripts (FORMAT.md, section 3)."""
    blocks = (
        hashlib.sha256(f"{seed}/{index}".encode()).digest() for index in range(-(-size // 32))
    )
    return b"".join(blocks)[:size]


def synthetic_program(seed: str, size: int, *, base: int, stack: int = STACK_TOP) -> bytes:
    """``size`` bytes that begin as a linker's output does: stack, handlers inside of the image.

    Args:
        seed: What the bytes behind the vector table depend on.
        size: Bytes; what has no room for the table has none.
        base: Address at which it is linked.
        stack: Where its stack begins.
    """
    if size <= _TABLE.size:
        return synthetic_bytes(seed, size)
    words = [0] * 16
    words[0] = stack
    for index in EXCEPTIONS:
        words[index] = (base + _TABLE.size) | 1  # bit 0: Thumb code
    return _TABLE.pack(*words) + synthetic_bytes(seed, size - _TABLE.size)
