"""Where things lie in the flash of the unit that a dump was read from.

A bootloader's place is a matter of its linker script (spec section 6), so it is taken from where
the unit itself has it: UICR, or the last words of the MBR's page; else from the vector table of
what lies in front of the settings pages.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from firmline.device.chips import Chip, chip, chip_names
from firmline.device.dump import chip_of
from firmline.diagnosis.autopsy.flash_end import PAGE_SIZE, flash_end, programs_below, reach_of
from firmline.formats.flash.dump import FLASH_END, FlashDump
from firmline.formats.flash.information import ERASED_WORD, Ficr, Uicr
from firmline.formats.flash.vector_table import TABLE_SIZE, is_program
from firmline.formats.settings_file import FoundPage
from firmline.formats.settings_page import BankCode
from firmline.formats.softdevice import (
    INFO_FLASH_ADDRESS,
    INFO_SIZE,
    SOFTDEVICE_START,
    SoftDeviceInfo,
    parse_softdevice_info,
)
from firmline.formats.spans import ERASED, Span

MBR_BOOTLOADER_WORD: Final = 0xFF8
MBR_PARAMETERS_WORD: Final = 0xFFC
"""In the MBR's page: what bootloaders before SDK 16 have there instead of in UICR (spec 15)."""
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
    def lacks_softdevice(self) -> bool:
        """Whether the application lies behind the place of a SoftDevice that is not there."""
        start = self.application
        return self.softdevice is None and start is not None and start > SOFTDEVICE_START

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
    softdevice = parse_softdevice_info(dump.read(INFO_FLASH_ADDRESS, INFO_SIZE))
    behind_softdevice = _behind(dump, softdevice, page, pages)
    backup = _told(
        None if uicr is None else uicr.mbr_parameters_address, dump.word(MBR_PARAMETERS_WORD)
    )
    end = flash_end(
        dump, ficr=ficr, pages=pages, backup=backup, application=behind_softdevice, given=given
    )
    settings = _settings(pages, backup, end, page)
    if backup is None and settings is not None:
        backup = settings - PAGE_SIZE  # of an nRF51, too
    bootloader, by = _bootloader(dump, uicr, top=backup, application=behind_softdevice)
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
        application=behind_softdevice or _first_program(dump, bootloader),
        is_whole=is_whole,
        skips_erased=is_whole and not dump.has_unread and _leaves_erased_out(dump.flash),
    )


def possible_chips(dump: FlashDump, ficr: Ficr | None, end: int | None) -> tuple[Chip, ...]:
    """The chips that it can be, as far as the dump tells.

    Args:
        dump: The dump.
        ficr: What its FICR says.
        end: Where the flash ends.
    """
    named = None if ficr is None else chip_of(dump)
    if named is not None:
        return (named,)
    rows = [chip(name) for name in chip_names()]
    if ficr is not None and ficr.part is not None:
        rows = [row for row in rows if row.part == ficr.part]
    if ficr is not None and ficr.is_nrf51:
        rows = []
    reach = reach_of(dump)
    return tuple(row for row in rows if end in (None, row.flash_size) and row.flash_size >= reach)


def _leaves_erased_out(flash: tuple[Span, ...]) -> bool:
    """Whether what is missing between the pieces of a dump is what its tool found erased.

    A tool that leaves out erased blocks leaves out all of them. Where one is in the dump, the
    pieces were read one by one, or are images that were merged: what is missing is not known.
    """
    edges = [edge for one, two in pairwise(flash) for edge in (one.end, two.address)]
    if not edges:
        return False
    block = min(PAGE_SIZE, *(edge & -edge for edge in edges))
    return not any(_has_erased(span, block) for span in flash)


def _has_erased(span: Span, block: int) -> bool:
    """Whether an erased block is in it, counted from address 0."""
    at = span.data.find(ERASED * block)
    while at >= 0:
        beyond = -(span.address + at) % block
        if not beyond or span.data.startswith(ERASED * block, at + beyond):
            return True
        at = span.data.find(ERASED * block, at + 1)
    return False


def _settings(
    pages: tuple[FoundPage, ...], backup: int | None, end: int | None, page: int
) -> int | None:
    """Behind its backup, which is the MBR's page; else where a page was found, or ought to be."""
    if backup is not None:
        return backup + PAGE_SIZE
    if end is not None:
        return end - page
    return pages[0].address if pages else None


def _behind(
    dump: FlashDump, softdevice: SoftDeviceInfo | None, page: int, pages: tuple[FoundPage, ...]
) -> int | None:
    """Where the application begins: behind the SoftDevice, or behind the MBR where there is none.

    Where a SoftDevice was erased alone, the application still lies behind its place.

    ``None``: whether there is a SoftDevice is not in the dump.
    """
    if softdevice is not None and softdevice.size_word < FLASH_END:
        return -(-softdevice.size_word // page) * page
    if dump.held(SOFTDEVICE_START, SOFTDEVICE_START + PAGE_SIZE) and dump.held(
        INFO_FLASH_ADDRESS, INFO_FLASH_ADDRESS + INFO_SIZE
    ):
        return _recorded_application(dump, pages) or SOFTDEVICE_START
    return None


def _recorded_application(dump: FlashDump, pages: tuple[FoundPage, ...]) -> int | None:
    """Where a program lies, linked for there, whose checksum settings record as the application's.

    An image that waits or was left behind is linked for another place, so that it is none.
    """
    banks = {found.page.bank_0 for found in pages if found.page.crc_ok}
    banks = {bank for bank in banks if bank.code == BankCode.APPLICATION and bank.size}
    for bank in banks:
        for start in range(SOFTDEVICE_START, pages[0].address, PAGE_SIZE):
            end = start + bank.size
            is_there = dump.held(start, end) == bank.size and is_program(
                dump.read(start, TABLE_SIZE), start, end
            )
            if is_there and zlib.crc32(dump.read(start, bank.size)) == bank.crc:
                return start
    return None


def _first_program(dump: FlashDump, bootloader: int | None) -> int | None:
    """Where the first piece of the dump is a program that lies there, and is no bootloader."""
    for span in dump.flash:
        if span.address >= SOFTDEVICE_START and is_program(span.data, span.address, span.end):
            return None if span.address == bootloader else span.address
    return None


def _bootloader(
    dump: FlashDump, uicr: Uicr | None, *, top: int | None, application: int | None
) -> tuple[int | None, str]:
    in_uicr = _told(None if uicr is None else uicr.bootloader_address)
    if in_uicr is not None:
        return in_uicr, "UICR"
    in_mbr = _told(dump.word(MBR_BOOTLOADER_WORD))
    if in_mbr is not None:
        return in_mbr, "MBR"
    found = None if top is None else next(programs_below(dump, top, but=application), None)
    return found, "" if found is None else "vector table"


def _told(*words: int | None) -> int | None:
    """The first that is an address of a page in flash."""
    for word in words:
        if word is not None and word != ERASED_WORD and SOFTDEVICE_START <= word < FLASH_END:
            return word
    return None
