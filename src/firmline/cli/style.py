"""How text reaches the terminal: coloured where that is wanted, and never with a life of its own.

Colour is left out where NO_COLOR asks for none; click strips it in pipes itself.
"""

from __future__ import annotations

import os

import click

from firmline.errors import without_secrets


def paint(text: str, *, fg: str | None = None, bold: bool = False) -> str:
    """The text in a colour."""
    if os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg=fg, bold=bold)


def printable(text: object) -> str:
    r"""The text on one line, safe to print anywhere.

    Names of files and strings out of files may hold anything. What a terminal would obey (escape
    sequences, line ends, marks that turn the direction of writing) or could not encode (bytes of a
    file name that are no UTF-8) is written as an escape, such as ``\x1b``. The PINs and passwords
    in URIs are left out.
    """
    shown = without_secrets(str(text))
    return "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in shown)
