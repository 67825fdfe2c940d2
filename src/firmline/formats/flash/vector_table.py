"""The vector table that every program of a Cortex-M begins with.

Of the table only what every Cortex-M0/M4 program of an nRF5x has is looked at: 16 words,
little-endian (Armv7-M Architecture Reference Manual, B1.5.3; v6-M likewise).
"""

from __future__ import annotations

import struct
from typing import Final

RAM_START, RAM_END = 0x2000_0000, 0x2004_0000  # 256 kB: an nRF52840 has the most
_TABLE: Final = struct.Struct("<16I")
TABLE_SIZE: Final = _TABLE.size
"""Bytes of what is looked at."""
_PAGE: Final = 0x1000
_FIRST_TOLD: Final = 0x1_0000
_HANDLERS: Final = {
    2: "NMI",
    3: "hard fault",
    4: "memory management fault",
    5: "bus fault",
    6: "usage fault",
    11: "SVCall",
    12: "debug monitor",
    14: "PendSV",
    15: "SysTick",
}
"""The entries of exceptions that exist; the others are reserved and hold whatever a linker puts."""


def stack_and_reset(program: bytes) -> tuple[int, int]:
    """Where the stack of a program starts, and its reset vector.

    Args:
        program: At least 8 bytes.
    """
    return int.from_bytes(program[:4], "little"), int.from_bytes(program[4:8], "little")


def table_problem(program: bytes, begin: int, end: int, *, where: str) -> str | None:
    """Why these bytes begin with no vector table of a program there; ``None``: they do.

    Args:
        program: The program, from its first byte.
        begin: Where its code can begin.
        end: The first address behind that.
        where: What to call that place.
    """
    if len(program) < _TABLE.size:
        return f"it has {len(program)} bytes, and the table alone {_TABLE.size}"
    stack, reset, *_ = words = _TABLE.unpack_from(program)
    if not RAM_START < stack <= RAM_END or stack % 4:
        return f"its stack would start at 0x{stack:08X}, which is not in RAM"
    if not reset % 2:
        return f"its reset vector 0x{reset:08X} is even, and code here is Thumb code (odd)"
    if not begin <= reset < end:
        return f"its reset vector 0x{reset:08X} is not inside {where}"
    for index, name in _HANDLERS.items():
        vector = words[index]
        if vector and not (vector % 2 and begin <= vector < end):
            return f"its {name} vector 0x{vector:08X} is not inside {where}"
    return None


def linked_at(program: bytes) -> int | None:
    """The page that a program is linked for, as far as its vectors tell; ``None``: they do not.

    Its code begins in the page of its table, so that page is that of its lowest vector. Only pages
    behind the first 64 kB are told: below them a whole flash may begin, whose code lies there.
    """
    if len(program) < TABLE_SIZE:
        return None
    words = _TABLE.unpack_from(program)
    lowest = min((words[index] for index in (1, *_HANDLERS) if words[index]), default=0)
    page = lowest - lowest % _PAGE
    if page < _FIRST_TOLD or not is_program(program, page, page + len(program)):
        return None
    return page


def is_program(program: bytes, begin: int, end: int) -> bool:
    """Whether these bytes begin with the vector table of a program that lies there."""
    return table_problem(program, begin, end, where="it") is None
