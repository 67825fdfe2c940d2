"""Texts in lines, for people."""

from __future__ import annotations

from textwrap import wrap
from typing import Final

WIDTH: Final = 96


def wrapped(text: str, *, indent: int = 2) -> list[str]:
    """A text in lines; it begins where it does itself, and goes on at the indent."""
    first = len(text) - len(text.lstrip())
    return wrap(
        text.strip(),
        WIDTH,
        initial_indent=" " * first,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,  # names and options are copied
    )
