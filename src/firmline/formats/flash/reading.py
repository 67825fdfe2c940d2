"""Reading a dump of a unit, and what is no dump of an nRF5x.

A dump is read in whatever form tools write it: Intel HEX, S-records, ELF, plain bytes. Words that a
tool has written the other way round are turned, and that is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from firmline.errors import Code, InputError
from firmline.formats.firmware import parse_memory
from firmline.formats.flash.byte_order import WIDTHS, Turned, turn_words, turned
from firmline.formats.flash.dump import (
    EXTERNAL_FLASH,
    FLASH_END,
    INFORMATION,
    RAM,
    REGISTERS,
    FlashDump,
)
from firmline.formats.flash.mixed_order import without_turned
from firmline.formats.flash.signs import begins_flash, place_of
from firmline.formats.flash.strangers import stranger
from firmline.formats.spans import Span, clip_spans

_UNUSED: Final = ((RAM, "RAM"), (EXTERNAL_FLASH, "external flash"))


def read_dump(content: bytes, *, name: str, at: int | None = None) -> FlashDump:
    """Read a dump.

    Args:
        content: The file.
        name: What to call it in messages; the extension counts where the content does not tell.
        at: Where plain bytes begin; ``None``: at 0, unless their vector table says otherwise.

    Raises:
        InputError: ``DUMP_OTHER_CHIP``, ``DUMP_BLANK``, ``IMAGE_NO_CODE`` (nothing of a unit is in
            it), ``IMAGE_TOO_LARGE``, ``OPTION_CONFLICT`` (``at`` for a file with addresses), and
            what :func:`~firmline.formats.firmware.parse_memory` raises.
    """
    spans = parse_memory(content, name=name)
    if spans is None:
        return _plain(content, name=name, at=at)
    if at is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            f"{name} says itself where its bytes lie, and --at says it for plain bytes only.",
            hint="Leave --at out.",
        )
    return dump_of(spans, name=name)


def _plain(content: bytes, *, name: str, at: int | None) -> FlashDump:
    """A dump of bytes that do not say where they lie."""
    if len(content) > FLASH_END:
        _check_chip((Span(address=0, data=content[:FLASH_END]),), name)
        raise InputError(
            Code.IMAGE_TOO_LARGE,
            f"{name} has {len(content):,} bytes, and the flash of the largest nRF52 {FLASH_END:,}.",
            hint="Give the flash alone, from address 0 on.",
        )
    orders = (content, *(turn_words(content, width) for width in WIDTHS))
    place = next((each for each in map(place_of, orders) if each is not None), None)
    if at is not None:
        return _at(content, at, place, name=name)
    dump = dump_of((Span(address=place or 0, data=content),), name=name)
    if place == 0:
        return dump
    if place is None:
        told = "Plain bytes are taken to begin at 0; if they do not, say where with --at."
    else:
        told = f"Plain bytes are taken to begin at 0x{place:X}, for which a program in them is"
        told += " linked; if they do not, say where with --at."
    return replace(dump, notes=(told, *dump.notes), is_placed=place is not None)


def _at(content: bytes, at: int, place: int | None, *, name: str) -> FlashDump:
    """A dump of bytes that somebody says lie there, and that may look like those of another place.

    Raises:
        InputError: ``OPTION_CONFLICT``: they begin at 0, where the MBR and the SoftDevice lie.
    """
    if at and begins_flash(content):
        raise InputError(
            Code.OPTION_CONFLICT,
            f"{name} is flash from address 0 on, by what is in it, and --at puts it at 0x{at:X}.",
            hint="Leave --at out.",
        )
    dump = dump_of((Span(address=at, data=content),), name=name)
    if place in (None, at):
        return dump
    # An image that waits for its place is linked for that, and not for where it lies.
    told = f"A program in it is linked for 0x{place:X}, if it begins there, and not for where --at"
    told += " puts it: see whether that is meant."
    return replace(dump, notes=(told, *dump.notes))


def dump_of(spans: tuple[Span, ...], *, name: str) -> FlashDump:
    """A dump of memory that was read; raises as :func:`read_dump`."""
    _check_chip(spans, name)
    used = tuple(
        piece
        for start, end in ((0, FLASH_END), (INFORMATION.start, INFORMATION.stop),
                           (REGISTERS.start, REGISTERS.stop))
        for piece in clip_spans(spans, start, end)
    )  # fmt: skip
    flash = clip_spans(used, 0, FLASH_END)
    if not used:
        raise InputError(
            Code.IMAGE_NO_CODE,
            f"{name} holds nothing of the flash of a unit, nor of its FICR or UICR.",
            hint="Dump the flash from address 0 on, with UICR if the tool can.",
        )
    _check_blank(flash, name)
    notes = list(_left_out(spans))
    dump = FlashDump(name=name, spans=used)
    turn = turned(dump)
    if turn is not None:
        dump = turn.dump
        notes.append(_told(turn))
        _check_chip(dump.spans, name)
    return without_turned(replace(dump, notes=tuple(notes)))


def _told(turn: Turned) -> str:
    wrong = _listed(tuple(turn.areas))
    right = f"; those of {_listed(turn.others)} do not" if turn.others else ""
    return (
        f"The words of {wrong} stand the wrong way round, {_widths(turn)}, as a tool for another"
        f" byte order writes them{right}: they were turned, and then read."
    )


def _widths(turn: Turned) -> str:
    widths = tuple(turn.areas.values())
    if len(set(widths)) == 1:
        return f"{widths[0]} bytes each"
    return f"{_listed(tuple(map(str, widths)))} bytes each"


def _listed(names: tuple[str, ...]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _check_chip(spans: tuple[Span, ...], name: str) -> None:
    other = stranger(spans)
    if other is not None:
        raise InputError(
            Code.DUMP_OTHER_CHIP,
            f"{name} is no dump of an nRF52 or nRF51, but of {other}.",
            hint="Give a dump of the unit's own nRF52; other chips are not known here.",
        )
    beyond = [span for span in spans if span.address < INFORMATION.start and span.end > FLASH_END]
    if beyond:
        raise InputError(
            Code.IMAGE_TOO_LARGE,
            f"{name} reaches to 0x{beyond[0].end:X}, and the flash of the largest nRF52 ends at"
            f" 0x{FLASH_END:X}.",
            hint="Give the flash alone, from address 0 on; plain bytes from elsewhere need --at.",
        )


def _check_blank(flash: tuple[Span, ...], name: str) -> None:
    """Refuse a read-back that says nothing: one value, wherever one looks."""
    for value, what in ((0x00, "protected against reading"), (0xFF, "protected, or erased")):
        if flash and all(not span.data.strip(bytes([value])) for span in flash):
            raise InputError(
                Code.DUMP_BLANK,
                f"Every byte of the flash in {name} is 0x{value:02X}: the chip it was read from is"
                f" {what}, and this tells nothing of the unit.",
                hint="See whether the chip is protected (APPROTECT). Do not unlock it: that erases"
                " everything, the evidence first.",
            )


def _left_out(spans: tuple[Span, ...]) -> Iterator[str]:
    for area, what in _UNUSED:
        size = sum(len(span.data) for span in clip_spans(spans, area.start, area.stop))
        if size:
            yield f"{size:,} bytes of {what} were left out: only the flash is looked at."
