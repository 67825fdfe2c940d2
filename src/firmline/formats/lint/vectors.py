"""The vector table at the beginning of a program, and the address that it was linked for.

Rules of this module: of the table only what every Cortex-M0/M4 program of an nRF5x has is looked
at: 16 words, little-endian (Armv7-M Architecture Reference Manual, B1.5.3; v6-M likewise). A table
without base address still tells it: its reset vector lies inside the program.
"""

from __future__ import annotations

import struct

from firmline.formats.lint.finding import Finding, Slug
from firmline.formats.lint.parts import Part, Start
from firmline.formats.softdevice import SOFTDEVICE_START
from firmline.values import ImageKind

RAM_START, RAM_END = 0x2000_0000, 0x2004_0000  # 256 kB: an nRF52840 has the most
LARGEST_FLASH_END = 0x10_0000  # 1 MB: likewise
_TABLE = struct.Struct("<16I")
# The entries of exceptions that exist; the others are reserved and hold whatever a linker puts.
_HANDLERS = {
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


def lint_vectors(part: Part) -> list[Finding]:
    """What is wrong with the table, or else with the place that the program is linked for."""
    if part.kind is ImageKind.SOFTDEVICE:  # its maker's business, and of another form
        return []
    problem = _problem(part)
    if problem is not None:
        message = f"{part.name} does not begin with a vector table: {problem}."
        return [Finding(slug=Slug.VECTOR_TABLE, message=message)]
    return _place(part)


def _problem(part: Part) -> str | None:
    if len(part.data) < _TABLE.size:
        return f"it has {len(part.data)} bytes, and the table alone {_TABLE.size}"
    stack, reset, *_ = words = _TABLE.unpack_from(part.data)
    if not RAM_START < stack <= RAM_END or stack % 4:
        return f"its stack would start at 0x{stack:08X}, which is not in RAM"
    if not reset % 2:
        return f"its reset vector 0x{reset:08X} is even, and code here is Thumb code (odd)"
    begin, end = _reach(part, reset)
    if not begin <= reset < end:
        return f"its reset vector 0x{reset:08X} is not inside {_where(part)}"
    for index, name in _HANDLERS.items():
        vector = words[index]
        if vector and not (vector % 2 and begin <= vector < end):
            return f"its {name} vector 0x{vector:08X} is not inside {_where(part)}"
    return None


def _reach(part: Part, reset: int) -> tuple[int, int]:
    """Where code of this program can lie: exactly, if its address is known."""
    if part.address is not None:
        return part.address, part.address + len(part.data)
    # Wherever it begins, its code is no further from the reset vector than it is long.
    size = len(part.data)
    return max(SOFTDEVICE_START, reset - size), min(LARGEST_FLASH_END, reset + size)


def _where(part: Part) -> str:
    if part.address is None:
        return "it, wherever it lies in flash"
    return f"it (0x{part.address:X} to 0x{part.address + len(part.data):X})"


def _place(part: Part) -> list[Finding]:
    """An application has to begin exactly where its SoftDevices end, all of them."""
    wrong = [start for start in part.starts if not begins_at(part.data, part.address, start)]
    if not wrong:
        return []
    start = wrong[0]
    reset = _TABLE.unpack_from(part.data)[1]
    found = (
        f"begins at 0x{part.address:X}"
        if part.address is not None
        else f"starts its code at 0x{reset - 1:X} and has {len(part.data):,} bytes"
    )
    message = (
        f"{part.name} {found}, but a bootloader looks for it at 0x{start.address:X}:"
        f" {start.because}."
    )
    return [Finding(slug=Slug.LINKED_ELSEWHERE, message=message)]


def begins_at(data: bytes, address: int | None, start: Start) -> bool:
    """Whether a program lies at ``start``, as far as its file or its reset vector says.

    Args:
        data: The program.
        address: Where its file says that it begins; None for plain bytes.
        start: Where it ought to begin.
    """
    if address is not None or len(data) < _TABLE.size:
        return address == start.address
    reset: int = _TABLE.unpack_from(data)[1]
    return start.address <= reset < start.address + len(data)
