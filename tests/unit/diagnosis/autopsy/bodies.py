"""Units for autopsies: one that is right, and whatever is to be wrong with it."""

from __future__ import annotations

from dataclasses import replace

from firmline.device.description import UnitDescription, gallery_unit
from firmline.device.dump import dump_unit
from firmline.device.fabrication import fabricate
from firmline.device.unit import VirtualUnit
from firmline.diagnosis.autopsy.examination import Autopsy, examine
from firmline.diagnosis.autopsy.finding import Finding
from firmline.formats.flash.dump import FlashDump
from firmline.formats.flash.information import UICR
from firmline.formats.flash.registers import Registers
from firmline.formats.settings_page import (
    SettingsPage,
    decode_settings_page,
    encode_settings_page,
    seal_settings_page,
)

SETTINGS, BACKUP, BOOTLOADER, BANK_0 = 0x7F000, 0x7E000, 0x78000, 0x26000
"""Of an nRF52832 with 512 kB (spec section 6)."""


def made(description: UnitDescription | None = None) -> VirtualUnit:
    """A unit, the reference if none is described, that is switched off."""
    return fabricate(description or gallery_unit("ble-reference"))


def page_of(unit: VirtualUnit, address: int = SETTINGS) -> SettingsPage:
    """What one of its settings pages says."""
    return decode_settings_page(unit.board.flash.read(address, 896))


def write_page(unit: VirtualUnit, page: SettingsPage, *addresses: int) -> None:
    """Put a page there with right checksums; at both places if none is named."""
    content = encode_settings_page(seal_settings_page(page))
    for address in addresses or (SETTINGS, BACKUP):
        unit.board.flash.load(address, b"\xff" * 0x1000)
        unit.board.flash.load(address, content)


def write_uicr(unit: VirtualUnit, address: int, value: int) -> None:
    """Put a word into its UICR."""
    uicr = bytearray(unit.board.uicr)
    uicr[address - UICR : address - UICR + 4] = value.to_bytes(4, "little")
    unit.board.uicr = bytes(uicr)


def without(dump: FlashDump, start: int, end: int) -> FlashDump:
    """A dump that does not hold a piece of memory."""
    from firmline.formats.spans import clip_spans  # noqa: PLC0415

    spans = (*clip_spans(dump.spans, 0, start), *clip_spans(dump.spans, end, 1 << 32))
    return replace(dump, spans=spans)


def opened(unit: VirtualUnit, registers: Registers | None = None) -> Autopsy:
    """The autopsy of a unit as it is."""
    return examine(dump_unit(unit), registers=registers or Registers())


def finding(autopsy: Autopsy, slug: str) -> Finding:
    """The one finding of this name."""
    (found,) = (each for each in autopsy.findings if each.slug == slug)
    return found


def flags(autopsy: Autopsy) -> set[str]:
    """The flags that it shows to be so."""
    return set(autopsy.incident.by_field().get("flags", ()))
