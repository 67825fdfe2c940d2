"""Flash of which some words stand the wrong way round, and others do not.

A file may be put together of what two tools have read. By what stands in one place only, such as a
vector table where its program is linked, pages are known to be right, or to be turned; where one
begins and the other ends nothing tells. What lies between two pages that are right, with a turned
one in between, is therefore not used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from firmline.formats.flash.byte_order import WIDTHS, turn_words
from firmline.formats.flash.dump import FLASH_END, FlashDump
from firmline.formats.flash.signs import SMALL_PAGE, sign_places
from firmline.formats.spans import clip_spans


def without_turned(dump: FlashDump) -> FlashDump:
    """The dump without the parts of its flash in which words stand the wrong way round.

    What was left out is told in its notes. A dump whose flash is all of one order stays as it is.
    """
    right = set(sign_places(dump.flash))
    turned = _turned_places(dump, right)
    if not right or not turned:
        return dump
    parts = list(_parts(right, turned))
    spans = dump.spans
    for start, end in parts:
        spans = (
            *clip_spans(spans, 0, start),
            *clip_spans(spans, end, max(span.end for span in dump.spans)),
        )
    notes = [_told(start, end, turned) for start, end in parts]
    return replace(dump, spans=spans, notes=(*dump.notes, *notes), has_unread=True)


def _turned_places(dump: FlashDump, right: Iterable[int]) -> Mapping[int, int]:
    """Where something makes sense only with its words turned, and how many bytes they have."""
    found: dict[int, int] = {}
    for width in WIDTHS:
        flash = tuple(replace(span, data=turn_words(span.data, width)) for span in dump.flash)
        for place in sign_places(flash):
            found.setdefault(place, width)
    return {place: width for place, width in found.items() if place not in right}


def _parts(right: Iterable[int], turned: Iterable[int]) -> Iterator[tuple[int, int]]:
    """From behind a page that is right to the next one, where one in between is turned."""
    begins = [0, *(place + SMALL_PAGE for place in sorted(right))]
    ends = [*sorted(right), FLASH_END]
    for begin, end in zip(begins, ends, strict=True):
        if any(begin <= place < end for place in turned):
            yield begin, end


def _told(start: int, end: int, turned: Mapping[int, int]) -> str:
    place = min(each for each in turned if start <= each < end)
    until = f"0x{end:X}" if end < FLASH_END else "its end"
    return (
        f"The words of a part of the flash stand the wrong way round: at 0x{place:X},"
        f" {turned[place]} bytes each; elsewhere they do not. Where that part begins and ends"
        f" nothing tells, so that nothing from 0x{start:X} to {until} is used: dump the flash anew,"
        " all of it with one tool."
    )
