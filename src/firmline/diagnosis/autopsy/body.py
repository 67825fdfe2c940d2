"""Everything that was read out of one unit, decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmline.device.chips import Chip
from firmline.diagnosis.autopsy.flash_end import end_by_settings, reach_of
from firmline.diagnosis.autopsy.layout import Layout, lay_out, possible_chips
from firmline.errors import InputError
from firmline.formats.flash.dump import FlashDump
from firmline.formats.flash.information import Ficr, Uicr, ficr_of, uicr_of
from firmline.formats.flash.registers import Registers, registers_of
from firmline.formats.settings_file import FoundPage, survey_settings
from firmline.formats.settings_page import (
    HEAD_SIZE,
    PAGE_SIZES,
    VALIDATION_END,
    Bank,
    SettingsPage,
    decode_settings_page,
)

_KIB: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One unit's memory.

    Attributes:
        dump: What was read.
        ficr: What FICR says; ``None``: it is not in the dump, or names no chip that is known.
        uicr: What UICR says; likewise.
        registers: What the registers hold.
        is_resetreas_told: Whether somebody names RESETREAS as what it held at the failure; what a
            dump has of it may be of any power-on since.
        given: The chip that somebody says it is.
        chips: What chip it can be: one, several that nothing tells apart, or none that is known.
        layout: Where things lie.
        pages: Every settings page that was found, the highest first, damaged ones too.
        primary: The page where the settings belong; ``None``: what is there is no page.
        backup: Its backup; likewise.
    """

    dump: FlashDump
    ficr: Ficr | None
    uicr: Uicr | None
    registers: Registers
    is_resetreas_told: bool
    given: Chip | None
    chips: tuple[Chip, ...]
    layout: Layout
    pages: tuple[FoundPage, ...]
    primary: SettingsPage | None
    backup: SettingsPage | None

    @property
    def settings(self) -> SettingsPage | None:
        """The settings that a bootloader goes by (spec section 8.1): the backup, if both are valid.

        ``None``: neither page is.
        """
        if self.backup is not None and is_taken(self.backup, is_backup=True):
            return self.backup
        if self.primary is not None and is_taken(self.primary, is_backup=False):
            return self.primary
        return None

    @property
    def holds_settings(self) -> bool:
        """Whether one of the two settings pages is in the dump, as far as it counts."""
        return any(self.holds_page(each) for each in (self.layout.settings, self.layout.backup))

    def holds_page(self, address: int | None) -> bool:
        """Whether the dump holds a settings page, or has left it out because it was erased."""
        if address is None:
            return False
        return self.layout.skips_erased or _is_held(self.dump, address)

    @property
    def tells_settings(self) -> bool:
        """Whether the dump holds what decides which settings a bootloader goes by (spec 8.1)."""
        if not self.holds_page(self.layout.backup):
            return False
        is_decided = self.backup is not None and is_taken(self.backup, is_backup=True)
        return is_decided or self.holds_page(self.layout.settings)

    def image(self, start: int, size: int) -> bytes | None:
        """Bytes of flash; ``None``: the dump does not hold them all, and nothing says they are FF.

        Args:
            start: Address.
            size: How many.
        """
        if self.layout.skips_erased or self.dump.held(start, start + size) == size:
            return self.dump.read(start, size)
        return None


def is_taken(page: SettingsPage, *, is_backup: bool) -> bool:
    """Whether a bootloader takes a page for valid (spec section 8.1)."""
    if not page.crc_ok or page.version not in PAGE_SIZES:
        return False
    return page.validation_crc_ok or not is_backup


def is_empty(page: SettingsPage) -> bool:
    """Whether it is what a bootloader writes where it has found neither page valid (spec 8.1)."""
    versions = (page.app_version, page.bootloader_version)
    return not any(versions) and page.bank_0 == page.bank_1 == Bank()


def lay_open(dump: FlashDump, *, registers: Registers, given: Chip | None = None) -> Body:
    """Decode a dump.

    Args:
        dump: The dump.
        registers: What was read of the registers besides.
        given: The chip, where somebody says so.
    """
    ficr, uicr = ficr_of(dump), uicr_of(dump)
    if ficr is not None and not ficr.is_of_nrf5:
        ficr = None
    pages = _pages(dump)
    believed = None if given is None or doubt(given, dump, ficr, pages) else given
    layout = lay_out(dump, ficr=ficr, uicr=uicr, pages=pages, given=believed)
    by_address = {found.address: found.page for found in pages}
    return Body(
        dump=dump,
        ficr=ficr,
        uicr=uicr,
        registers=registers.with_more(registers_of(dump)),
        is_resetreas_told=registers.resetreas is not None,
        given=given,
        chips=possible_chips(dump, ficr, layout.flash_end) if believed is None else (believed,),
        layout=layout,
        pages=pages,
        primary=_page_at(dump, layout, layout.settings, by_address),
        backup=_page_at(dump, layout, layout.backup, by_address),
    )


def doubt(given: Chip, dump: FlashDump, ficr: Ficr | None, pages: tuple[FoundPage, ...]) -> str:
    """What in a dump speaks against the chip that somebody says it is of; empty: nothing does."""
    if ficr is not None and ficr.part is not None and ficr.part != given.part:
        return f"FICR in the dump says nRF{ficr.part:X}"
    if ficr is not None and ficr.is_nrf51:
        return "FICR in the dump is that of an nRF51"
    if ficr is not None and ficr.flash_size not in (None, given.flash_size):
        return f"FICR in the dump says {(ficr.flash_size or 0) // _KIB} kB of flash"
    reach = reach_of(dump)
    if reach > given.flash_size:
        return f"the dump holds flash up to 0x{reach:X}"
    end = end_by_settings(pages, reach)
    if end is not None and pages[0].address < given.flash_size - 2 * given.page_size:
        return f"its settings lie at 0x{pages[0].address:X}, the end of {end // _KIB} kB of flash"
    return ""


def _pages(dump: FlashDump) -> tuple[FoundPage, ...]:
    try:
        return survey_settings(dump.flash, name=dump.name)
    except InputError:
        return ()  # none is a finding, and so is what is too much to be one


def _page_at(
    dump: FlashDump, layout: Layout, address: int | None, pages: dict[int, SettingsPage]
) -> SettingsPage | None:
    """What lies where a page belongs, also where only its checksum says that it is none."""
    if address is None or not (layout.skips_erased or _is_held(dump, address)):
        return None
    if address in pages:
        return pages[address]
    content = dump.read(address, PAGE_SIZES[2])
    if not content.strip(b"\xff"):
        return None
    return decode_settings_page(content, layout=_version(content))


def _is_held(dump: FlashDump, address: int) -> bool:
    """Whether all that counts of a page is there; what lies behind it may be left out."""
    version = _version(dump.read(address, HEAD_SIZE))
    size = HEAD_SIZE if version == 1 else VALIDATION_END
    return dump.held(address, address + size) == size


def _version(content: bytes) -> int:
    version = int.from_bytes(content[4:8], "little")
    return version if version in PAGE_SIZES else 2
