from __future__ import annotations

import tracemalloc

import pytest

from firmline.errors import Code, InputError
from firmline.formats import records
from firmline.formats.records import format_intel_hex, parse_intel_hex, parse_srec
from firmline.formats.spans import Span
from unit.formats.makers import hex_file, refuses

END = b":00000001FF\n"
DATA = b":0400100001020304E2\n"  # 01 02 03 04 at 0x0010


def test_data_lies_where_the_record_says() -> None:
    assert parse_intel_hex(DATA + END, name="f") == (Span(address=0x10, data=b"\1\2\3\4"),)


def test_linear_and_segment_bases() -> None:
    linear = b":020000040007F3\n" + DATA + END
    segment = b":020000021000EC\n" + DATA + END
    assert parse_intel_hex(linear, name="f")[0].address == 0x70010
    assert parse_intel_hex(segment, name="f")[0].address == 0x10010


def test_a_new_base_replaces_the_other_kind() -> None:
    both = b":020000040007F3\n:020000021000EC\n" + DATA + END
    assert parse_intel_hex(both, name="f")[0].address == 0x10010


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r", b"\n\n  "])
def test_line_ends_blank_lines_case_and_a_byte_order_mark_do_not_matter(line_end: bytes) -> None:
    content = b"\xef\xbb\xbf" + (DATA + END).lower().replace(b"\n", line_end)
    assert parse_intel_hex(content, name="f")[0].data == b"\1\2\3\4"


def test_start_addresses_are_read_over() -> None:
    content = b":04000005000262B1E2\n:0400000300003800C1\n" + DATA + END
    assert len(parse_intel_hex(content, name="f")) == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b":0400100001020304E3", "wrong checksum"),
        (b":zz", "not hexadecimal"),
        (b":04001000\xff020304E2", "not hexadecimal"),
        (b":0400100001 20304E2", "not hexadecimal"),
        (b"hello", "not a record"),
        (b":0400100001020304E200", "longer than it says"),
        (b":04001000010203", "ends too early"),
        (b":", "ends too early"),
        (b":00000006FA", "type 6"),
        (b":0100000400FB", "type 4"),
    ],
)
def test_a_bad_line_is_named_by_its_number(line: bytes, why: str) -> None:
    with refuses(Code.IMAGE_MALFORMED, why):
        parse_intel_hex(DATA + b"\n" + line + b"\n" + END, name="f.hex")
    with pytest.raises(InputError, match=r"Line 3 of f\.hex") as caught:
        parse_intel_hex(DATA + b"\n" + line + b"\n" + END, name="f.hex")
    assert caught.value.context["line"] == 3


def test_a_file_without_its_end_is_truncated() -> None:
    with refuses(Code.IMAGE_TRUNCATED, "no end-of-file record"):
        parse_intel_hex(DATA, name="f.hex")


@pytest.mark.parametrize("kept", [1, 2, 3, 9, 12, 17])
def test_half_a_last_line_is_truncated_not_malformed(kept: int) -> None:
    with refuses(Code.IMAGE_TRUNCATED, "its last line, 2, ends too early"):
        parse_intel_hex(DATA + DATA[:kept], name="f.hex")


def test_a_last_line_that_could_never_be_one_is_malformed() -> None:
    with refuses(Code.IMAGE_MALFORMED, "Line 2"):
        parse_intel_hex(DATA + b"garbage", name="f.hex")


def test_two_files_in_one_are_refused_not_cut() -> None:
    with refuses(Code.IMAGE_MALFORMED, "Line 3 of f.hex comes after the record that ends"):
        parse_intel_hex(DATA + END + DATA + END, name="f.hex")


@pytest.mark.parametrize("size", [2, 3])
def test_a_record_ends_below_4_gib(size: int) -> None:
    body = bytes([size, 0xFF, 0xFE, 0, *range(size)])
    line = b":" + (body + bytes([-sum(body) & 0xFF])).hex().encode()
    content = b":02000004FFFFFC\n" + line + b"\n" + END
    if size == 2:
        assert parse_intel_hex(content, name="f.hex")[0].end == 1 << 32
        return
    with refuses(Code.IMAGE_MALFORMED, "Line 2 of f.hex runs past the last address, 0xFFFFFFFF"):
        parse_intel_hex(content, name="f.hex")


def test_an_s_record_ends_below_4_gib() -> None:
    body = bytes([8, 0xFF, 0xFF, 0xFF, 0xFE, 1, 2, 3])
    line = b"S3" + (body + bytes([~sum(body) & 0xFF])).hex().encode()
    with refuses(Code.IMAGE_MALFORMED, "Line 1 of f.s19 runs past the last address"):
        parse_srec(line + b"\nS70500000000FA\n", name="f.s19")


def test_text_beyond_any_image_is_not_even_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_TEXT_SIZE", 20)
    with refuses(Code.FILE_TOO_LARGE, "32 bytes of text"):
        parse_intel_hex(DATA + END, name="f.hex")


def test_far_too_many_pieces_are_refused_while_they_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records, "_MAX_PIECES", 3)
    apart = [hex_file((address, b"x")).splitlines(keepends=True)[0] for address in (0, 2, 4, 6)]
    assert len(parse_intel_hex(b"".join(apart[:3]) + END, name="f.hex")) == 3
    with refuses(Code.IMAGE_MALFORMED, "Line 4 of f.hex is one of far too many"):
        parse_intel_hex(b"".join(apart) + END, name="f.hex")


@pytest.mark.slow
def test_lines_are_taken_one_at_a_time() -> None:
    # A list of a million lines would take a hundred times the file.
    content = b"\n" * 1_000_000 + b":00\n"
    tracemalloc.start()
    with refuses(Code.IMAGE_TRUNCATED, "its last line, 1000001, ends too early"):
        parse_intel_hex(content, name="f.hex")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_srec() -> None:
    content = b"S0030000FC\nS107001001020304DE\nS5030001FB\nS9030000FC\n"
    assert parse_srec(content, name="f") == (Span(address=0x10, data=b"\1\2\3\4"),)


def test_srec_address_widths() -> None:
    wide = b"S30900026000010203048A\nS70500000000FA\n"
    assert parse_srec(wide, name="f")[0].address == 0x26000


@pytest.mark.parametrize(
    ("content", "code", "fragment"),
    [
        (b"S107001001020304DE\n", Code.IMAGE_TRUNCATED, "no termination record"),
        (b"S107001001020304DE\nS10700", Code.IMAGE_TRUNCATED, "last line, 2"),
        (b"S107001001020304DF\nS9030000FC\n", Code.IMAGE_MALFORMED, "wrong checksum"),
        (b"S9030000FC\nS107001001020304DE\n", Code.IMAGE_MALFORMED, "Line 2 of f.s19 comes after"),
        (b"S4030000FC\nS9030000FC\n", Code.IMAGE_MALFORMED, "unknown type"),
    ],
)
def test_bad_srec(content: bytes, code: Code, fragment: str) -> None:
    with refuses(code, fragment):
        parse_srec(content, name="f.s19")


def test_lines_of_16_bytes_never_cross_64_kib() -> None:
    text = format_intel_hex([Span(address=0xFFF8, data=bytes(range(24)))])
    assert text.splitlines() == [
        ":08FFF8000001020304050607E5",
        ":020000040001F9",
        ":1000000008090A0B0C0D0E0F1011121314151617F8",
        ":00000001FF",
    ]
