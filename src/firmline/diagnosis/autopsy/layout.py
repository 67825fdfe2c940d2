"""Where things lie in the flash of the unit that a dump was read from.

A bootloader's place is a matter of its linker script (spec section 6), so it is taken from where
the unit itself has it: UICR, or the last words of the MBR's page; else from the vector table of
what lies in front of the settings pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from firmline.device.chips import Chip, chip, chip_names
from firmline.device.dump import chip_of
from firmline.formats.families import BACKUP_DISTANCE, families
from firmline.formats.flash.dump import FLASH_END, FlashDump
from firmline.formats.flash.information import ERASED_WORD, Ficr, Uicr
from firmline.formats.flash.vector_table import TABLE_SIZE, is_program
from firmline.formats.settings_file import FoundPage
from firmline.formats.softdevice import (
    INFO_FLASH_ADDRESS,
    INFO_SIZE,
    SOFTDEVICE_START,
    SoftDeviceInfo,
    parse_softdevice_info,
)

MBR_BOOTLOADER_WORD: Final = 0xFF8
MBR_PARAMETERS_WORD: Final = 0xFFC
"""In the MBR's page: what bootloaders before SDK 16 have there instead of in UICR (spec 15)."""
PAGE_SIZE: Final = 0x1000
"""Of every nRF52."""
LARGEST_BOOTLOADER: Final = 0x1_8000
"""How far below the settings a bootloader is looked for; ours, twice that of the USB example."""
DATA_SIZE: Final = 0x3000
"""What the SDK's examples keep free below the bootloader (NRF_DFU_APP_DATA_AREA_SIZE, spec 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where things lie; addresses are counted from 0.

    Attributes:
        page_size: The smallest piece that can be erased.
        flash_end: The first address behind the flash; ``None``: nothing tells.
        bootloader: Where it begins; ``None``: there is none, or nothing tells.
        bootloader_told_by: Who says so: ``UICR``, ``MBR``, ``vector table`` or nobody.
        settings: Where the settings page lies; ``None``: nothing tells.
        backup: Where its backup lies, which is the page of the MBR's parameters; likewise.
        softdevice: What the SoftDevice says of itself; ``None``: there is none in the dump.
        application: Where the application begins; ``None``: nothing tells.
        is_whole: Whether the dump goes from the MBR to the bootloader.
        skips_erased: Whether it does so in pieces: its tool has left out what was erased.
    """

    page_size: int
    flash_end: int | None
    bootloader: int | None
    bootloader_told_by: str
    settings: int | None
    backup: int | None
    softdevice: SoftDeviceInfo | None
    application: int | None
    is_whole: bool
    skips_erased: bool

    def aligned(self, size: int) -> int:
        """``size`` rounded up to whole pages."""
        return -(-size // self.page_size) * self.page_size

    @property
    def data(self) -> int | None:
        """Where what an update keeps free for the application begins, by the SDK's examples."""
        return None if self.bootloader is None else max(0, self.bootloader - DATA_SIZE)


def lay_out(
    dump: FlashDump,
    *,
    ficr: Ficr | None,
    uicr: Uicr | None,
    pages: tuple[FoundPage, ...],
    given: Chip | None,
) -> Layout:
    """Find out where things lie.

    Args:
        dump: The dump.
        ficr: What its FICR says.
        uicr: What its UICR says.
        pages: The settings pages that were found, the highest first.
        given: The chip, where somebody says so.
    """
    page = (ficr.page_size if ficr is not None else None) or PAGE_SIZE
    end = _flash_end(dump, ficr, pages, given)
    backup = _told(
        None if uicr is None else uicr.mbr_parameters_address, dump.word(MBR_PARAMETERS_WORD)
    )
    settings = _settings(pages, backup, end, page)
    if backup is None and settings is not None:
        backup = settings - PAGE_SIZE  # of an nRF51, too
    bootloader, by = _bootloader(dump, uicr, top=backup)
    softdevice = parse_softdevice_info(dump.read(INFO_FLASH_ADDRESS, INFO_SIZE))
    behind = bootloader or backup or settings
    is_whole = bool(
        behind is not None and dump.held(0, SOFTDEVICE_START) and dump.held(behind, FLASH_END)
    )
    return Layout(
        page_size=page,
        flash_end=end,
        bootloader=bootloader,
        bootloader_told_by=by,
        settings=settings,
        backup=backup,
        softdevice=softdevice,
        application=_application(dump, softdevice, page),
        is_whole=is_whole,
        skips_erased=is_whole and len(dump.flash) > 1,
    )


def possible_chips(dump: FlashDump, ficr: Ficr | None, end: int | None) -> tuple[Chip, ...]:
    """The chips that it can be, as far as the dump tells.

    Args:
        dump: The dump.
        ficr: What its FICR says.
        end: Where the flash ends.
    """
    named = chip_of(dump)
    if named is not None:
        return (named,)
    rows = [chip(name) for name in chip_names()]
    if ficr is not None and ficr.part is not None:
        rows = [row for row in rows if row.part == ficr.part]
    if ficr is not None and ficr.is_nrf51:
        rows = []
    return tuple(row for row in rows if end in (None, row.flash_size))


def _flash_end(
    dump: FlashDump, ficr: Ficr | None, pages: tuple[FoundPage, ...], given: Chip | None
) -> int | None:
    """Where the flash ends: by the chip, by FICR, by where a page is known to be the last one."""
    if given is not None:
        return given.flash_size
    if ficr is not None and ficr.flash_size is not None:
        return ficr.flash_size
    sizes = {family.flash_size for family in families()}
    reach = max((span.end for span in dump.flash), default=0)
    if reach in sizes and dump.held(0, SOFTDEVICE_START):
        return reach
    for distance in (0, BACKUP_DISTANCE):
        last = {family.settings_address - distance: family.flash_size for family in families()}
        for found in pages:
            if last.get(found.address, 0) >= reach:
                return last[found.address]
    return _end_behind_bootloader(dump, reach)


def _end_behind_bootloader(dump: FlashDump, reach: int) -> int | None:
    """Where the flash ends in whose last pages a bootloader would have its settings.

    For dumps that leave out erased pages, of which the settings can be some.
    """
    if not dump.held(0, SOFTDEVICE_START):
        return None
    application = _application(
        dump, parse_softdevice_info(dump.read(INFO_FLASH_ADDRESS, INFO_SIZE)), PAGE_SIZE
    )
    for size in sorted({family.flash_size for family in families()}):
        below = _programs_below(dump, size - 2 * PAGE_SIZE)
        if size >= reach and any(address != application for address in below):
            return size
    return None


def _settings(
    pages: tuple[FoundPage, ...], backup: int | None, end: int | None, page: int
) -> int | None:
    """Behind its backup, which is the MBR's page; else where a page was found, or ought to be."""
    if backup is not None:
        return backup + PAGE_SIZE
    if end is not None:
        return end - page
    return pages[0].address if pages else None


def _application(dump: FlashDump, softdevice: SoftDeviceInfo | None, page: int) -> int | None:
    """Behind the SoftDevice; where that is not in the dump, where a program begins that is."""
    if softdevice is not None and softdevice.size_word < FLASH_END:
        return -(-softdevice.size_word // page) * page
    if dump.held(SOFTDEVICE_START, SOFTDEVICE_START + PAGE_SIZE) and dump.held(
        INFO_FLASH_ADDRESS, INFO_FLASH_ADDRESS + INFO_SIZE
    ):
        return SOFTDEVICE_START
    for span in dump.flash:
        if span.address >= SOFTDEVICE_START and is_program(span.data, span.address, span.end):
            return span.address
    return None


def _bootloader(dump: FlashDump, uicr: Uicr | None, *, top: int | None) -> tuple[int | None, str]:
    in_uicr = _told(None if uicr is None else uicr.bootloader_address)
    if in_uicr is not None:
        return in_uicr, "UICR"
    in_mbr = _told(dump.word(MBR_BOOTLOADER_WORD))
    if in_mbr is not None:
        return in_mbr, "MBR"
    found = None if top is None else next(_programs_below(dump, top), None)
    return found, "" if found is None else "vector table"


def _programs_below(dump: FlashDump, top: int) -> Iterator[int]:
    """Pages in front of an address at which a program begins that ends there, the lowest first."""
    lowest = max(SOFTDEVICE_START, top - LARGEST_BOOTLOADER)
    for address in range(lowest - lowest % PAGE_SIZE, top, PAGE_SIZE):
        if is_program(dump.read(address, TABLE_SIZE), address, top):
            yield address


def _told(*words: int | None) -> int | None:
    """The first that is an address of a page in flash."""
    for word in words:
        if word is not None and word != ERASED_WORD and SOFTDEVICE_START <= word < FLASH_END:
            return word
    return None
