"""What lies in a program's file that has no place in an update.

Rules of this module: a file's memory is what it puts at addresses, before anything is left out or
filled. Of plain bytes only the bytes are known, so only gaps and the length are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from firmline.data import load_table
from firmline.formats.firmware import FLASH_START, WORD_SIZE
from firmline.formats.lint.finding import Finding, Slug
from firmline.formats.lint.parts import Part
from firmline.formats.spans import ERASED, clip_spans
from firmline.values import ImageKind

GAP_SIZE = 0x1000  # ours: a page of an nRF52; linkers leave less than that for alignment
UICR_START, UICR_END = 0x1000_1000, 0x1000_2000  # nRF52832 product specification, memory map
# Where the MBR finds the bootloader and its own parameters: the SDK's bootloaders have both in
# their hex files, as they should (spec section 6).
BOOTLOADER_WORDS = (0x1000_1014, 0x1000_101C)
NRF51_FLASH_SIZE, NRF51_PAGE_SIZE = 0x4_0000, 0x400  # nRF51 reference manual, memory


def lint_contents(part: Part) -> list[Finding]:
    """UICR, settings pages, gaps and the length."""
    return [*_uicr(part), *_pages_of_the_bootloader(part), *_gaps(part), *_length(part)]


def _uicr(part: Part) -> Iterator[Finding]:
    found = list(clip_spans(part.memory, UICR_START, UICR_END))
    if part.kind is ImageKind.BOOTLOADER:
        first, end = BOOTLOADER_WORDS
        found = [*clip_spans(found, UICR_START, first), *clip_spans(found, end, UICR_END)]
    if found:
        size = sum(len(span.data) for span in found)
        yield Finding(
            slug=Slug.UICR_INSIDE,
            message=f"{part.name} sets {size} bytes of the UICR from 0x{found[0].address:X} on,"
            " which no update writes.",
        )


def pages_at_the_end() -> dict[int, str]:
    """First address of each page that belongs to the bootloader or the MBR, on every chip."""
    chips = load_table("chips").values()
    flashes = {(row["flash_size"], row["page_size"]) for row in chips}
    flashes.add((NRF51_FLASH_SIZE, NRF51_PAGE_SIZE))
    pages = {}
    for flash_size, page_size in sorted(flashes):
        on = f"on a chip with {flash_size // 1024} kB of flash"
        pages[flash_size - page_size] = f"where the bootloader keeps its settings {on}"
        pages[flash_size - 2 * page_size] = f"where the MBR keeps its parameters {on}"
    return pages


def _pages_of_the_bootloader(part: Part) -> Iterator[Finding]:
    """Only a piece that begins with such a page: a large program may run through that of a chip."""
    flash = clip_spans(part.memory, FLASH_START, UICR_START)
    pages = pages_at_the_end()
    for span in flash[1:]:
        if span.address in pages:
            yield Finding(
                slug=Slug.SETTINGS_PAGE_INSIDE,
                message=f"{part.name} holds {len(span.data):,} bytes at 0x{span.address:X},"
                f" {pages[span.address]}.",
            )


def _gaps(part: Part) -> Iterator[Finding]:
    gaps = list(_runs_of_erased(part.data))
    if not gaps:
        return
    begin, end = max(gaps, key=lambda gap: gap[1] - gap[0])
    base = part.address or 0
    where = "" if part.address is not None else "offset "
    many = f"{len(gaps)} gaps, the largest" if len(gaps) > 1 else "a gap"
    yield Finding(
        slug=Slug.GAP,
        message=f"{part.name} has {many} of {end - begin:,} bytes of 0xFF, from {where}"
        f"0x{base + begin:X} to 0x{base + end:X}.",
    )


def _runs_of_erased(data: bytes) -> Iterator[tuple[int, int]]:
    """Begin and end of each run of at least GAP_SIZE bytes of 0xFF; time grows with the size."""
    needle = ERASED * GAP_SIZE
    begin = data.find(needle)
    while begin >= 0:
        end = begin + GAP_SIZE
        while data.startswith(needle, end):
            end += GAP_SIZE
        rest = data[end : end + GAP_SIZE]
        end += len(rest) - len(rest.lstrip(ERASED))
        yield begin, end
        begin = data.find(needle, end)


def _length(part: Part) -> Iterator[Finding]:
    if part.padding:
        size = len(part.data) - part.padding
        message = (
            f"{part.name} holds {size:,} bytes, not a multiple of 4; {part.padding} of 0xFF"
            " were added."
        )
        yield Finding(slug=Slug.ODD_LENGTH, message=message)
    elif len(part.data) % WORD_SIZE:
        message = f"{part.name} has {len(part.data):,} bytes, not a multiple of 4."
        yield Finding(slug=Slug.ODD_LENGTH, message=message)
