from __future__ import annotations

import pytest

from firmline.errors import Code
from firmline.formats.spans import Span, clip_spans, flatten_spans, join_spans, read_spans
from unit.formats.makers import refuses

TWO = (Span(address=0x10, data=b"abcd"), Span(address=0x20, data=b"xy"))


def test_pieces_are_sorted_and_joined_where_they_touch() -> None:
    spans = join_spans([(0x20, b"xy"), (0x12, b"cd"), (0x10, b"ab"), (0x30, b"")], name="f")
    assert spans == TWO


def test_the_end_is_the_address_behind() -> None:
    assert TWO[0].end == 0x14


@pytest.mark.parametrize("second", [b"\x02", b"b"])
def test_an_address_described_twice_is_refused_even_with_the_same_byte(second: bytes) -> None:
    with refuses(Code.IMAGE_OVERLAPPING_RECORDS, "f.hex describes address 0x00000011 twice"):
        join_spans([(0x10, b"ab"), (0x11, second)], name="f.hex")


def test_a_piece_inside_another_is_an_overlap() -> None:
    with refuses(Code.IMAGE_OVERLAPPING_RECORDS, "0x00000018"):
        join_spans([(0x10, bytes(32)), (0x18, b"a")], name="f.hex")


def test_clipping_cuts_both_sides() -> None:
    assert clip_spans(TWO, 0x12, 0x21) == (
        Span(address=0x12, data=b"cd"),
        Span(address=0x20, data=b"x"),
    )
    assert clip_spans(TWO, 0x14, 0x20) == ()


def test_gaps_read_as_erased_flash() -> None:
    assert flatten_spans(TWO) == b"abcd" + b"\xff" * 12 + b"xy"
    assert flatten_spans(()) == b""


@pytest.mark.parametrize(
    ("address", "size", "expected"),
    [
        (0x10, 4, b"abcd"),
        (0x0E, 4, b"\xff\xffab"),
        (0x13, 14, b"d" + b"\xff" * 12 + b"x"),
        (0x14, 3, b"\xff" * 3),
        (0x21, 4, b"y\xff\xff\xff"),
        (0x100, 2, b"\xff\xff"),
    ],
)
def test_reading_at_any_place(address: int, size: int, expected: bytes) -> None:
    assert read_spans(TWO, address, size) == expected
