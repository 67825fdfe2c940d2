"""Pieces of memory: bytes with the address they belong to.

Rules of this module: spans come out sorted, never overlap and never touch. Erased flash reads 0xFF,
so that is what a gap holds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from firmline.errors import Code, InputError

ERASED = b"\xff"  # an erased byte of flash


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Bytes at an address.

    Attributes:
        address: Where the first byte lies.
        data: The bytes; never empty in the result of a reader.
    """

    address: int
    data: bytes

    @property
    def end(self) -> int:
        """The address after the last byte."""
        return self.address + len(self.data)


def join_spans(pieces: Iterable[tuple[int, bytes | bytearray]], *, name: str) -> tuple[Span, ...]:
    """Sort pieces of memory and join those that touch.

    Args:
        pieces: Addresses and bytes in any order; empty ones are left out.
        name: What to call the file in a message.

    Raises:
        InputError: ``IMAGE_OVERLAPPING_RECORDS``: two pieces claim the same address, with the same
            bytes or with others.
    """
    joined: list[tuple[int, bytearray]] = []
    for address, data in sorted(pieces, key=lambda piece: piece[0]):
        if not data:
            continue
        end = joined[-1][0] + len(joined[-1][1]) if joined else -1
        if address < end:
            raise InputError(
                Code.IMAGE_OVERLAPPING_RECORDS,
                f"{name} describes address 0x{address:08X} twice.",
                hint="Two images were probably merged that do not belong together.",
                address=address,
            )
        if address == end:
            joined[-1][1].extend(data)
        else:
            joined.append((address, bytearray(data)))
    return tuple(Span(address=address, data=bytes(data)) for address, data in joined)


def clip_spans(spans: Iterable[Span], start: int, end: int) -> tuple[Span, ...]:
    """What of the spans lies in ``[start, end)``."""
    clipped = []
    for span in spans:
        low, high = max(span.address, start), min(span.end, end)
        if low < high:
            data = span.data[low - span.address : high - span.address]
            clipped.append(Span(address=low, data=data))
    return tuple(clipped)


def flatten_spans(spans: tuple[Span, ...]) -> bytes:
    """One block from the first span's address to the last one's end, gaps filled with 0xFF.

    The caller bounds the distance first: a stray span at a high address makes a huge block.
    """
    if not spans:
        return b""
    block = bytearray(ERASED) * (spans[-1].end - spans[0].address)
    for span in spans:
        offset = span.address - spans[0].address
        block[offset : offset + len(span.data)] = span.data
    return bytes(block)


def read_spans(spans: Sequence[Span], address: int, size: int) -> bytes:
    """``size`` bytes from an address, as flash reads where nothing was written: 0xFF.

    Args:
        spans: Sorted, as every reader returns them.
        address: Where to begin.
        size: How many bytes.
    """
    first = bisect_right(spans, address, key=lambda span: span.address)
    block = bytearray(ERASED) * size
    for index in range(max(first - 1, 0), len(spans)):
        span = spans[index]
        if span.address >= address + size:
            break
        low, high = max(span.address, address), min(span.end, address + size)
        if low < high:
            data = span.data[low - span.address : high - span.address]
            block[low - address : high - address] = data
    return bytes(block)
