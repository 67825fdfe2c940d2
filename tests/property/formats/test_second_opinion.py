"""Hex files beside a library that has nothing to do with ours: bincopy."""

from __future__ import annotations

from bincopy import BinFile
from hypothesis import given
from hypothesis import strategies as st

from firmline.formats.records import format_intel_hex, parse_intel_hex, parse_srec
from firmline.formats.spans import Span

SPACING = 0x4_0000  # of the pieces: they never touch, and cross the boundaries of 64 kB
PIECES = st.lists(
    st.tuples(st.integers(0, 0x2_FFFF), st.binary(min_size=1, max_size=300)), max_size=5
)


def placed(pieces: list[tuple[int, bytes]]) -> list[Span]:
    """The pieces, each in a place of its own."""
    return [
        Span(address=number * SPACING + offset, data=data)
        for number, (offset, data) in enumerate(pieces)
    ]


def library(spans: list[Span]) -> BinFile:
    """What the library makes of them."""
    binary = BinFile()
    for span in spans:
        binary.add_binary(span.data, address=span.address)
    return binary


@given(PIECES, st.integers(1, 32))
def test_what_the_library_writes_is_read(pieces: list[tuple[int, bytes]], width: int) -> None:
    spans = placed(pieces)
    binary = library(spans)
    text = binary.as_ihex(number_of_data_bytes=width).encode()
    assert list(parse_intel_hex(text, name="a.hex")) == spans
    for bits in (24, 32):
        # The library leaves out the record that ends a file without a start address.
        srec = binary.as_srec(number_of_data_bytes=width, address_length_bits=bits)
        assert list(parse_srec(f"{srec}S70500000000FA\n".encode(), name="a.s19")) == spans


@given(PIECES)
def test_what_we_write_is_read_by_the_library(pieces: list[tuple[int, bytes]]) -> None:
    spans = placed(pieces)
    binary = BinFile()
    binary.add_ihex(format_intel_hex(spans))
    assert [(segment.address, bytes(segment.data)) for segment in binary.segments] == [
        (span.address, span.data) for span in spans
    ]
