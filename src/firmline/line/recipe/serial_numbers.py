r"""What a product's serial numbers look like.

A pattern is a row of items, in the notation of regular expressions: a character that stands for
itself, ``\d`` for a digit, ``[A-Z0-9]`` for one of several, each with ``{8}`` or ``{4,12}`` behind
it if it comes more than once. Groups, ``*`` and ``+`` are not understood: without them no text that
a scanner reads takes long to compare.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 64
"""Of a serial number, characters; ours."""
MOST_RANGES: Final = 2
"""Items of varying length; each multiplies the ways in which a text may be compared by 64."""

_ITEM: Final = re.compile(
    r"(?P<what>\\d|\\[^\w\s]|\[[A-Za-z0-9_.:/-]+\]|[A-Za-z0-9 _:/#-])"
    r"(?:\{(?P<least>\d{1,2})(?:,(?P<most>\d{1,2}))?\})?"
)


@dataclass(frozen=True, slots=True)
class SerialPattern:
    """What serial numbers look like.

    Attributes:
        text: The pattern as it is written.

    Raises:
        ValueError: It is none; the message is the end of a sentence that says why.
    """

    text: str

    def __post_init__(self) -> None:
        items = list(_items(self.text))
        longest = sum(most for _, most in items)
        ranges = sum(least != most for least, most in items)
        if not longest:
            raise ValueError("it is empty")
        if longest > LONGEST:
            raise ValueError(f"it takes {longest} characters, and {LONGEST} are the most")
        if ranges > MOST_RANGES:
            raise ValueError(f"{ranges} of its items vary in length, and {MOST_RANGES} may")
        try:
            re.compile(self.text, re.ASCII)
        except re.error as problem:
            raise ValueError(f"it holds a {problem.msg}") from None

    @property
    def sizes(self) -> tuple[int, int]:
        """The fewest and the most characters of a serial number."""
        least, most = zip(*_items(self.text), strict=True)
        return sum(least), sum(most)

    def matches(self, serial_number: str) -> bool:
        """Whether a text is such a serial number, from its beginning to its end."""
        is_short = len(serial_number) <= LONGEST
        return is_short and re.fullmatch(self.text, serial_number, re.ASCII) is not None


def _items(text: str) -> Iterator[tuple[int, int]]:
    """How often each item of a pattern comes, at least and at most.

    Raises:
        ValueError: One is not understood.
    """
    at = 0
    while at < len(text):
        item = _ITEM.match(text, at)
        if item is None:
            raise ValueError(f"{text[at]!r} at place {at + 1} is not understood")
        least = int(item["least"] or 1)
        most = int(item["most"] or least)
        if most < max(1, least):
            raise ValueError(f"{item[0]!r} asks for at least {least} and at most {most}")
        yield least, most
        at = item.end()
