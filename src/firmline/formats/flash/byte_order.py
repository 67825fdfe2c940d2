"""Dumps whose words stand the wrong way round.

Tools that read words and write bytes may turn them: a memory window saved on a machine of the other
byte order, an ``objcopy --reverse-bytes``. What a unit's flash holds makes sense in one order only:
the SoftDevice's magic word, a settings page whose checksum is right, the MBR's vector table.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmline.formats.flash.vector_table import TABLE_SIZE, is_program
from firmline.formats.settings_page import HEAD_SIZE, head_crc
from firmline.formats.softdevice import INFO_FLASH_ADDRESS, MAGIC, SOFTDEVICE_START
from firmline.formats.spans import Span, read_spans

_WIDTHS = (4, 2)
_PAGE = 0x1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """Memory in its right order.

    Attributes:
        spans: The memory.
        width: How many bytes were turned with one another.
    """

    spans: tuple[Span, ...]
    width: int


def turned(flash: tuple[Span, ...]) -> Turned | None:
    """The memory with its words turned; ``None``: it makes sense as it is, or makes none at all."""
    if _makes_sense(flash):
        return None
    for width in _WIDTHS:
        spans = tuple(
            Span(address=span.address, data=turn_words(span.data, width)) for span in flash
        )
        if _makes_sense(spans):
            return Turned(spans=spans, width=width)
    return None


def turn_words(data: bytes, width: int) -> bytes:
    """The bytes with each word of this width turned; what is left at the end stays."""
    whole = len(data) - len(data) % width
    out = bytearray(data)
    for place in range(width):
        out[place:whole:width] = data[width - 1 - place : whole : width]
    return bytes(out)


def _makes_sense(flash: tuple[Span, ...]) -> bool:
    magic = read_spans(flash, INFO_FLASH_ADDRESS + 4, 4)
    if int.from_bytes(magic, "little") == MAGIC:
        return True
    if is_program(read_spans(flash, 0, TABLE_SIZE), 0, SOFTDEVICE_START):
        return True
    return any(_has_settings(span) or _has_program(span) for span in flash)


def _has_settings(span: Span) -> bool:
    for offset in range(-span.address % _PAGE, len(span.data) - HEAD_SIZE + 1, _PAGE):
        head = span.data[offset : offset + HEAD_SIZE]
        if head[4:8] in (b"\1\0\0\0", b"\2\0\0\0") and head[:4] == head_crc(head).to_bytes(
            4, "little"
        ):
            return True
    return False


def _has_program(span: Span) -> bool:
    """Whether it begins with a program that is linked for where it lies."""
    return is_program(span.data[:TABLE_SIZE], span.address, span.end)
