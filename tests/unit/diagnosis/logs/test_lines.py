"""Texts of any encoding become numbered lines within bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.diagnosis.logs import lines
from firmline.diagnosis.logs.lines import MAX_LINE, Line, decode, lines_with
from unit.diagnosis.logs.samples import incident


def read(content: bytes) -> list[tuple[int, str]]:
    text = decode(content)
    assert text is not None
    return [(line.number, line.text) for line in text.lines()]


def test_lines_are_numbered_and_empty_ones_left_out() -> None:
    assert read(b"a\n\n  \nb") == [(1, "a"), (4, "b")]


@pytest.mark.parametrize("content", [b"a\nb\n", b"a\r\nb\r\n", b"a\rb\r", b"a\r\nb", b"a\nb\r"])
def test_every_line_end_ends_a_line(content: bytes) -> None:
    assert read(content) == [(1, "a"), (2, "b")]


@pytest.mark.parametrize(
    "content",
    [bytes(16), bytes(range(32)) * 4, b"\x7fELF\x02\x01" + bytes(90), b"PK\x03\x04\x14\x00"],
)
def test_what_is_no_text_is_told_from_it(content: bytes) -> None:
    assert decode(content) is None


def test_an_empty_file_has_no_lines() -> None:
    assert read(b"") == []


def test_a_byte_that_is_no_text_spoils_no_other() -> None:
    [(_, text)] = read(b"Device \xff\xfeprogrammed. and much more text around it")
    assert text.startswith("Device ")
    assert "programmed." in text


def test_half_a_unit_of_utf_16_at_the_end_is_no_failure() -> None:
    assert read("one\ntwo".encode("utf-16-le") + b"x")[0] == (1, "one")


def test_escape_sequences_are_taken_out() -> None:
    assert read(b"\x1b[1;31mError\x1b[0m: 3") == [(1, "Error: 3")]


def test_long_lines_are_cut_and_counted() -> None:
    text = decode(b"x" * (MAX_LINE + 1) + b"\nshort")
    assert text is not None
    assert text.shortened == 1
    assert [len(line.text) for line in text.lines()] == [MAX_LINE, 5]


def test_no_more_lines_are_read_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINES", 3)
    assert read(b"a\nb\nc\nd\n") == [(1, "a"), (2, "b"), (3, "c")]


def test_cut_lines_are_said() -> None:
    told = incident("Booting MCUboot\n" + "x" * (MAX_LINE + 1)).unused
    assert any(f"first {MAX_LINE} characters" in each for each in told)


@pytest.mark.parametrize(
    ("text", "time_s"),
    [
        ("06-02 08:14:01.100  4100 I Tag: x", 29641.1),
        ("2026-02-03 12:00:04,320 SLIP", 43204.32),
        ("[00:00:01.005,000] <inf> mcuboot: x", 1.005),
        ("2026-04-01 11:00:00 x", 39600.0),
        ("V\t10:02:00.100\t[DFU] x", 36120.1),
        ("no time here", None),
        ("x" * 60 + "10:00:00", None),
        ("D0:11:22:33:44:55 is an address", None),
    ],
)
def test_the_time_in_front_of_a_line(text: str, time_s: float | None) -> None:
    assert Line(1, text).time_s == (None if time_s is None else pytest.approx(time_s))


WORDS = ("ab", "b", "rror", "rror", "\x1b", "ééé", "]")


@given(st.text(alphabet="ab r\r\n\x1b[m1é]o", max_size=300), st.integers(0, 3))
def test_the_lines_with_words_are_those_that_have_them(drawn: str, errors: int) -> None:
    """Whether they are looked for line by line, or in the whole text at once."""
    text = decode((drawn + "\nerror: ab\n" * errors + "x" * MAX_LINE + "ab").encode())
    assert text is not None
    one_by_one = [
        (line, places)
        for line in text.lines()
        if (places := [place for place, word in enumerate(WORDS) if word in line.text])
    ]
    at_once = [
        (line, [place for place in places if WORDS[place] in line.text])
        for line, places in lines_with(text, WORDS)
    ]
    assert [each for each in at_once if each[1]] == one_by_one
