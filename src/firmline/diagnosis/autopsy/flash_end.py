"""Where the flash of the unit that a dump was read from ends.

A dump may be a part of the flash, and half of a flash often ends where that of a smaller chip does.
So that a dump ends there is no sign by itself: FICR, somebody who names the chip, or what a unit
has in front of the end of its flash has to say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from firmline.device.chips import Chip
from firmline.formats.families import BACKUP_DISTANCE, families
from firmline.formats.flash.dump import FlashDump
from firmline.formats.flash.information import Ficr
from firmline.formats.flash.vector_table import TABLE_SIZE, is_program
from firmline.formats.settings_file import FoundPage
from firmline.formats.softdevice import SOFTDEVICE_START

PAGE_SIZE: Final = 0x1000
"""Of every nRF52."""
LARGEST_BOOTLOADER: Final = 0x1_8000
"""How far below the settings a bootloader is looked for; ours, twice that of the USB example."""


def reach_of(dump: FlashDump) -> int:
    """The first address behind all of the flash that a dump holds."""
    return max((span.end for span in dump.flash), default=0)


def flash_sizes() -> tuple[int, ...]:
    """The sizes of flash that there are, the smallest first."""
    return tuple(sorted({family.flash_size for family in families()}))


def flash_end(
    dump: FlashDump,
    *,
    ficr: Ficr | None,
    pages: tuple[FoundPage, ...],
    backup: int | None,
    application: int | None,
    given: Chip | None,
) -> int | None:
    """Where the flash ends; ``None``: nothing tells.

    Args:
        dump: The dump.
        ficr: What its FICR says.
        pages: The settings pages that were found, the highest first.
        backup: Where UICR or the MBR's page have the settings' backup.
        application: Where the application begins behind its SoftDevice, if that is known.
        given: The chip, where somebody says so.
    """
    if ficr is not None and ficr.flash_size is not None:
        return ficr.flash_size
    if given is not None:
        return given.flash_size
    reach = reach_of(dump)
    sizes = [size for size in flash_sizes() if size >= reach]
    if len(sizes) == 1:
        return sizes[0]
    if backup is not None and backup + 2 * PAGE_SIZE in sizes:
        return backup + 2 * PAGE_SIZE
    return end_by_settings(pages, reach) or _behind_bootloader(dump, sizes, application)


def end_by_settings(pages: tuple[FoundPage, ...], reach: int) -> int | None:
    """Where the flash ends whose last pages are those that were found; ``None``: none is one.

    Args:
        pages: The settings pages that were found, the highest first.
        reach: The first address behind all of the flash that the dump holds.
    """
    for distance in (0, BACKUP_DISTANCE):
        last = {family.settings_address - distance: family.flash_size for family in families()}
        for found in pages:
            if last.get(found.address, 0) >= reach:
                return last[found.address]
    return None


def _behind_bootloader(dump: FlashDump, sizes: list[int], application: int | None) -> int | None:
    """The size of flash in whose last pages a bootloader that is there would have its settings.

    For dumps without settings pages: they are damaged, erased and left out, or were not read.
    """
    if not dump.held(0, SOFTDEVICE_START):
        return None
    for size in sizes:
        if any(programs_below(dump, size - 2 * PAGE_SIZE, but=application)):
            return size
    return None


def programs_below(dump: FlashDump, top: int, *, but: int | None) -> Iterator[int]:
    """Pages in front of an address at which a program begins that ends there, the lowest first.

    Args:
        dump: The dump.
        top: The first address behind the program.
        but: Where a program begins that is not meant: the application's.
    """
    lowest = max(SOFTDEVICE_START, top - LARGEST_BOOTLOADER)
    for address in range(lowest - lowest % PAGE_SIZE, top, PAGE_SIZE):
        if address != but and is_program(dump.read(address, TABLE_SIZE), address, top):
            yield address
