"""Patterns of serial numbers: what they match, and what none of them can be."""

from __future__ import annotations

import time

import pytest

from firmline.line.recipe.serial_numbers import SerialPattern
from unit.line.recipes import HEAD, PACKAGES, STEPS, refused


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (
            r"TAG-\d{6}",
            ["TAG-000123"],
            ["TAG-00012", "tag-000123", "TAG-0001234", "TAG-٠٠٠١٢٣", ""],
        ),
        ("[A-F0-9]{2}", ["A0", "FF"], ["G0", "A0\n", " A0", "A"]),
        ("[A-Z]{1,3}x", ["Ax", "ABCx"], ["x", "ABCDx"]),
        (r"A\.B", ["A.B"], ["AxB"]),
        (r"\[\d\]", ["[1]"], ["1"]),
    ],
)
def test_a_pattern_matches_whole_texts(pattern: str, good: list[str], bad: list[str]) -> None:
    made = SerialPattern(pattern)
    assert [text for text in good if not made.matches(text)] == []
    assert [text for text in bad if made.matches(text)] == []


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(a+)+b", "'(' at place 1 is not understood"),
        (".*", "'.' at place 1"),
        ("a|b", "'|' at place 2"),
        ("[A-Z", "'[' at place 1"),
        ("[^A]", "'[' at place 1"),
        ("^A$", "'^' at place 1"),
        (r"\w", r"'\\' at place 1"),
        ("a{2", "'{' at place 2"),
        ("a{3,2}", "asks for at least 3 and at most 2"),
        ("a{0}", "asks for at least 0 and at most 0"),
        ("[Z-A]", "bad character range Z-A"),
        ("a{65}", "it takes 65 characters, and 64 are the most"),
        ("a{1,9}b{1,9}c{1,9}", "3 of its items vary in length, and 2 may"),
        ("", "it is empty"),
    ],
)
def test_what_is_no_pattern_says_why(pattern: str, words: str) -> None:
    with pytest.raises(ValueError, match=" ") as caught:
        SerialPattern(pattern)
    assert words in str(caught.value)


def test_no_scanned_text_takes_long() -> None:
    begin = time.process_time()
    made = SerialPattern("[a-z]{1,31}[a-z]{1,32}#")
    assert not made.matches("a" * 64)
    assert not made.matches("a" * 1_000_000)
    assert time.process_time() - begin < 1


def test_a_recipe_with_another_pattern_is_refused_with_its_line() -> None:
    text = (HEAD + PACKAGES + STEPS).replace(r"TAG-\d{6}", "TAG-.*")
    error = refused(text, line=9)
    assert "product.serial_number is no pattern: '.' at place 5 is not understood" in error.message
