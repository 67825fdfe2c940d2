"""Dumps whose words stand the wrong way round.

Tools that read words and write bytes may turn them: a memory window saved on a machine of the other
byte order, an ``objcopy --reverse-bytes``. What a unit holds makes sense in one order only: in
flash the SoftDevice's magic word, a settings page whose checksum is right, a vector table where its
program is linked; in FICR the part; in UICR the addresses and pins. Each area is judged by itself,
since a file may be put together of what several tools have read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from firmline.formats.flash.dump import FLASH_END, REGISTERS, FlashDump
from firmline.formats.flash.information import (
    ERASED_WORD,
    FICR,
    NRF51_PAGE_SIZE,
    UICR,
    UICR_SIZE,
    ficr_of,
    uicr_of,
)
from firmline.formats.flash.registers import GPREGRET, GPREGRET2, REASON_BITS, registers_of
from firmline.formats.flash.signs import has_sign
from firmline.formats.spans import Span, clip_spans

WIDTHS: Final = (4, 2)
_MOST_PINS: Final = 0x40
_OPEN_BITS: Final = 0xFFFF_FF00
"""Of APPROTECT, what stays erased where only its low byte is written."""

_BYTE: Final = 0xFF

_Sense = Callable[[FlashDump], bool | None]
"""Whether an area makes sense as it is; ``None``: it would in any order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """Memory in its right order.

    Attributes:
        dump: The memory.
        areas: Which areas were turned, in words, and how many bytes with one another.
        others: Which were found to be right, in words.
    """

    dump: FlashDump
    areas: dict[str, int]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Area:
    name: str
    start: int
    end: int
    sense: _Sense


def turned(dump: FlashDump) -> Turned | None:
    """The memory with those words turned that need it; ``None``: none does, or none makes sense."""
    held = [area for area in AREAS if dump.held(area.start, area.end)]
    senses = {area.name: area.sense(_part(dump, area)) for area in held}
    widths = {area.name: _width(dump, area) for area in held}
    first = next((each for each in widths.values() if each), 0)
    if not first:
        return None
    # What makes no sense in any order is as what was turned with it: it is damaged besides.
    wrong = {each.name: widths[each.name] or first for each in held if senses[each.name] is False}
    spans = dump.spans
    for area in held:
        if area.name in wrong:
            spans = _with_turned(spans, area, wrong[area.name])
    return Turned(
        dump=replace(dump, spans=spans),
        areas=wrong,
        others=tuple(area.name for area in held if senses[area.name]),
    )


def turn_words(data: bytes, width: int) -> bytes:
    """The bytes with each word of this width turned; what is left at the end stays."""
    whole = len(data) - len(data) % width
    out = bytearray(data)
    for place in range(width):
        out[place:whole:width] = data[width - 1 - place : whole : width]
    return bytes(out)


def _width(dump: FlashDump, area: _Area) -> int:
    """In words of how many bytes an area is turned; 0: it is not."""
    part = _part(dump, area)
    if area.sense(part) is not False:
        return 0
    for width in WIDTHS:
        spans = _with_turned(part.spans, area, width)
        if area.sense(replace(part, spans=spans)):
            return width
    return 0


def _part(dump: FlashDump, area: _Area) -> FlashDump:
    return replace(dump, spans=clip_spans(dump.spans, area.start, area.end))


def _with_turned(spans: tuple[Span, ...], area: _Area, width: int) -> tuple[Span, ...]:
    return tuple(
        replace(span, data=turn_words(span.data, width))
        if area.start <= span.address < area.end
        else span
        for span in spans
    )


def _flash_sense(dump: FlashDump) -> bool | None:
    return has_sign(dump.flash)


def _ficr_sense(dump: FlashDump) -> bool | None:
    told = ficr_of(dump)
    if told is None or (told.part is None and told.page_size is None):
        return None
    return told.is_of_nrf5


def _uicr_sense(dump: FlashDump) -> bool | None:
    told = uicr_of(dump)
    if told is None:
        return None
    addresses = _written(told.bootloader_address, told.mbr_parameters_address)
    pins = _written(*told.reset_pins)
    locks = _written(told.approtect)
    if not (addresses or pins or locks):
        return None
    return (
        all(each < FLASH_END and each % NRF51_PAGE_SIZE == 0 for each in addresses)
        and all(each < _MOST_PINS for each in pins)
        and all(each & _OPEN_BITS in (0, _OPEN_BITS) for each in locks)
    )


def _written(*words: int | None) -> list[int]:
    return [word for word in words if word not in (None, ERASED_WORD)]


def _register_sense(dump: FlashDump) -> bool | None:
    told = registers_of(dump)
    retained = [dump.word(address) or 0 for address in (GPREGRET, GPREGRET2)]
    if not (told.resetreas or any(retained)):
        return None
    return not (told.resetreas or 0) & ~REASON_BITS and all(word <= _BYTE for word in retained)


AREAS: Final = (
    _Area(name="the flash", start=0, end=FLASH_END, sense=_flash_sense),
    _Area(name="FICR", start=FICR, end=UICR, sense=_ficr_sense),
    _Area(name="UICR", start=UICR, end=UICR + UICR_SIZE, sense=_uicr_sense),
    _Area(name="the registers", start=REGISTERS.start, end=REGISTERS.stop, sense=_register_sense),
)
"""What is judged by itself, the surest first."""
