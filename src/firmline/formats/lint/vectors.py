"""The vector table at the beginning of a program, and the address that it was linked for.

Rules of this module: a table without base address still tells it: its reset vector lies inside the
program.
"""

from __future__ import annotations

from firmline.formats.flash.vector_table import TABLE_SIZE, stack_and_reset, table_problem
from firmline.formats.lint.finding import Finding, Slug
from firmline.formats.lint.parts import Part, Start
from firmline.formats.softdevice import SOFTDEVICE_START
from firmline.values import ImageKind

LARGEST_FLASH_END = 0x10_0000  # 1 MB: an nRF52840 has the most


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
    _, reset = stack_and_reset(part.data)
    begin, end = _reach(part, reset)
    return table_problem(part.data, begin, end, where=_where(part))


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
    _, reset = stack_and_reset(part.data)
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
    if address is not None or len(data) < TABLE_SIZE:
        return address == start.address
    _, reset = stack_and_reset(data)
    return start.address <= reset < start.address + len(data)
