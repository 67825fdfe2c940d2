"""The lines of a text file of any encoding, numbered, within bounds."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

MAX_LINES: Final = 1_000_000
"""Lines of a log that are read; ours: 64 MiB of short lines."""
MAX_LINE: Final = 2000
"""Characters of a line that are read; ours: what a sign looks for stands at the front of a line,
and the longest front that was met (time, process, package, tag, level) has 150."""
SAMPLE: Final = 4096
"""Bytes at the start by which a text is told from what is none, and one encoding from another."""
BINARY: Final = 0.1
"""Share of bytes that no text has, from which on it is none; ours: a damaged capture has fewer."""
NOISE: Final = 0.02
"""The same where as many bytes are not UTF-8, either: random bytes have 9 % of these and hardly
half that are; texts in other encodings have none; ours."""
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NO_TEXT: Final = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\b\a\x1b")
"""Control characters that neither text nor a terminal has."""
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]{0,16}[A-Za-z]")
"""Colours and cursor movements of a terminal (ECMA-48, section 5.4)."""
_HALVES: Final = re.compile(rb"[\t\r\n -~]\0")
"""A character of ASCII in UTF-16, the lower byte first."""
_ENDS: Final = re.compile(r"\r\n|\n|\r")
_CLOCK: Final = re.compile(
    r"(?:(?<![\w:])|(?<=\dT))(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,6}))?(?![\w:])"
)
"""A time of the day; of a Bluetooth address no part is one."""
_FRONT: Final = 48
"""Characters at the front of a line in which its time stands."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log.

    Attributes:
        number: Its number, from 1.
        text: What it says, without escape sequences, at most ``MAX_LINE`` characters.
    """

    number: int
    text: str

    @property
    def time_s(self) -> float | None:
        """Its time of the day, or since the start of what has written it; None: it has none."""
        clock = _CLOCK.search(self.text, 0, _FRONT)
        if clock is None:
            return None
        hours, minutes, seconds, fraction = clock.groups()
        whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
        return whole + float(f"0.{fraction}" if fraction else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text that was decoded.

    Attributes:
        text: All of it.
        rows: Its lines, whole, without their ends.
        shortened: How many of the lines that were read are longer than ``MAX_LINE``.
    """

    text: str
    rows: list[str]
    shortened: int

    @property
    def count(self) -> int:
        """How many lines it has."""
        return len(self.rows)

    def lines(self) -> Iterator[Line]:
        """Its lines, the first ``MAX_LINES``; empty ones are left out, and counted all the same."""
        for number in range(1, min(len(self.rows), MAX_LINES) + 1):
            line = self.line(number)
            if line.text and not line.text.isspace():
                yield line

    def line(self, number: int) -> Line:
        """One of its lines, by its number, from 1."""
        shown = self.rows[number - 1][:MAX_LINE]
        return Line(number, _ESCAPES.sub("", shown) if "\x1b" in shown else shown)


def lines_with(text: Text, words: Sequence[str]) -> Iterator[tuple[Line, list[int]]]:
    """The lines that have any of some words, and the places of those words, in their order.

    Each word is looked for in the whole text: most lines of a large log have none of them, and to
    look for all of them in each line takes four times as long.

    Args:
        text: The log.
        words: What is looked for; one may stand there more than once.
    """
    rows = text.rows[:MAX_LINES]
    if "\x1b" in text.text:  # which may stand in the middle of a word
        rows = [_ESCAPES.sub("", row[:MAX_LINE]) for row in rows]
    whole = "\n".join(rows)
    starts = [0, *accumulate(len(row) + 1 for row in rows)]
    found: dict[int, list[int]] = {}
    for place, word in enumerate(words):
        at = whole.find(word)
        while at >= 0:
            row = bisect_right(starts, at) - 1
            found.setdefault(row, []).append(place)
            at = whole.find(word, starts[row + 1])
    for row in sorted(found):
        yield text.line(row + 1), found[row]


def decode(content: bytes) -> Text | None:
    """The text of a file; None: it is none.

    UTF-8 and UTF-16, with and without a mark of their order; bytes that are neither stand for
    themselves, so that a log with a damaged line is read all the same. Line ends of all kinds.
    """
    text = text_of(content)
    if text is None:
        return None
    lines = _split(text)
    return Text(
        text=text,
        rows=lines,
        shortened=sum(len(each) > MAX_LINE for each in lines[:MAX_LINES]),
    )


def _split(text: str) -> list[str]:
    lines = _ENDS.split(text) if "\r" in text else text.split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


def without_halves(content: bytes) -> bytes:
    """The same, if it is UTF-8 with UTF-16 behind it or in it, all in the former.

    So it is where one program has begun a file and Windows PowerShell's ``>>`` has gone on. What
    both have in common is ASCII, of which the latter has a zero byte beside each character.
    """
    zeros = content.count(0)
    if not zeros or len(_HALVES.findall(content)) < zeros * (1 - BINARY):
        return content
    return content.replace(b"\0", b"")


def text_of(content: bytes) -> str | None:
    """As :func:`decode`, and not parted into lines."""
    encoding = encoding_of(content)
    if encoding is None:
        return None
    return content.decode(encoding, "replace").removeprefix("\ufeff").removeprefix("\ufffe")


def encoding_of(content: bytes) -> str | None:
    """UTF-8 or UTF-16, of which order its bytes tell, also against a wrong mark; None: no text."""
    sample = content[:SAMPLE]
    for encoding, place in (("utf-16-le", 1), ("utf-16-be", 0)):
        high, low = sample[place::2], sample[1 - place :: 2]
        if low and high.count(0) > len(high) * (1 - BINARY) and low.count(0) < len(low) * BINARY:
            return encoding
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    strange = sum(byte in _NO_TEXT for byte in sample) / max(1, len(sample))
    damaged = sample.decode("utf-8", "replace").count("\ufffd") / max(1, len(sample))
    is_noise = strange > NOISE and damaged > BINARY
    return None if strange > BINARY or is_noise else "utf-8"
