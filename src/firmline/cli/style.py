"""How text reaches the terminal: coloured where that is wanted, and never with a life of its own.

Colour is left out where NO_COLOR asks for none; click strips it in pipes itself.
"""

from __future__ import annotations

import os

import click

from firmline.errors import printable

__all__ = ["paint", "printable"]


def paint(text: str, *, fg: str | None = None, bold: bool = False) -> str:
    """The text in a colour."""
    if os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg=fg, bold=bold)
