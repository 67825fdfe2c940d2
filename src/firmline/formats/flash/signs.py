"""What flash of an nRF5x is known by, and where plain bytes of it lie.

An MBR or another program at address 0, the SoftDevice's magic word, a program that is linked for
where it lies: these stand in one place only. A settings page with a right checksum and an image for
MCUboot are known wherever they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from firmline.formats.flash.vector_table import TABLE_SIZE, is_program, linked_at
from firmline.formats.settings_page import HEAD_SIZE, head_crc
from firmline.formats.softdevice import INFO_FLASH_ADDRESS, MAGIC, SOFTDEVICE_START
from firmline.formats.spans import Span, read_spans

MCUBOOT_MAGIC: Final = bytes.fromhex("3db8f396")
"""First word of an image for MCUboot, little-endian (MCUboot, design, image format)."""
SMALL_PAGE: Final = 0x400
"""Of an nRF51, bytes; those of an nRF52 are four of them."""
_LARGE_PAGE: Final = 0x1000
_VERSIONS: Final = (b"\1\0\0\0", b"\2\0\0\0")
LOOKED_FOR: Final = (
    "an MBR at 0, a SoftDevice's magic word at 0x3004, a program linked for where it lies, a"
    " bootloader's settings page, an image for MCUboot"
)


def has_sign(flash: tuple[Span, ...]) -> bool:
    """Whether anything in flash is known, in this order of bytes."""
    return any(True for _ in sign_places(flash))


def sign_places(flash: tuple[Span, ...]) -> Iterator[int]:
    """The addresses at which something in flash is known, in this order of bytes."""
    if _has_softdevice(flash):
        yield INFO_FLASH_ADDRESS
    if _has_mbr(flash):
        yield 0
    for span in flash:
        yield from _programs(span)
    for span in flash:
        yield from _settings(span)
    yield from mcuboot_images(flash)


def has_settings(flash: Iterable[Span]) -> bool:
    """Whether there is a settings page whose checksum is right."""
    return any(True for span in flash for _ in _settings(span))


def mcuboot_images(flash: Iterable[Span]) -> Iterator[int]:
    """Where pages begin with an image for MCUboot."""
    for span in flash:
        for offset in _pages(span, _LARGE_PAGE, len(MCUBOOT_MAGIC)):
            if span.data.startswith(MCUBOOT_MAGIC, offset):
                yield span.address + offset


def begins_flash(content: bytes) -> bool:
    """Whether plain bytes are flash from address 0 on, where MBR and SoftDevice lie."""
    flash = (Span(address=0, data=content),)
    return _has_mbr(flash) or _has_softdevice(flash)


def place_of(content: bytes) -> int | None:
    """Where plain bytes begin, as far as what is in them tells; ``None``: nothing does.

    They begin at 0 where the MBR or a SoftDevice stands in its place then; else where the program
    at their beginning is linked; else at 0 where another program is in its place then; else where
    all programs in them are.
    """
    if begins_flash(content):
        return 0
    first = linked_at(content)
    if first is not None:
        return first
    if is_program(content, 0, len(content)):
        return 0
    found = set()
    for offset in range(_LARGE_PAGE, len(content) - TABLE_SIZE, _LARGE_PAGE):
        place = linked_at(content[offset:])  # a copy of 1 MB at most: readers see to that
        if place is not None:
            found.add(place - offset)
    if 0 in found:
        return 0
    return found.pop() if len(found) == 1 and min(found) > 0 else None


def _pages(span: Span, page: int, size: int) -> Iterator[int]:
    """Offsets in a span at which a page begins and so many bytes of it are there."""
    return iter(range(-span.address % page, len(span.data) - size + 1, page))


def _has_mbr(flash: tuple[Span, ...]) -> bool:
    return is_program(read_spans(flash, 0, TABLE_SIZE), 0, SOFTDEVICE_START)


def _has_softdevice(flash: tuple[Span, ...]) -> bool:
    magic = read_spans(flash, INFO_FLASH_ADDRESS + 4, 4)
    return int.from_bytes(magic, "little") == MAGIC


def _settings(span: Span) -> Iterator[int]:
    for offset in _pages(span, SMALL_PAGE, HEAD_SIZE):
        head = span.data[offset : offset + HEAD_SIZE]
        if head[4:8] in _VERSIONS and head[:4] == head_crc(head).to_bytes(4, "little"):
            yield span.address + offset


def _programs(span: Span) -> Iterator[int]:
    """Where a program that is linked for where it lies begins: at the span, or at a page in it."""
    for offset in sorted({0, *_pages(span, SMALL_PAGE, TABLE_SIZE)}):
        table = span.data[offset : offset + TABLE_SIZE]
        if is_program(table, span.address + offset, span.end):
            yield span.address + offset
