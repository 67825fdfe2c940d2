"""Colour for terminals, and none where NO_COLOR asks for none (click strips it in pipes itself)."""

from __future__ import annotations

import os

import click


def paint(text: str, *, fg: str | None = None, bold: bool = False) -> str:
    """The text in a colour."""
    if os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg=fg, bold=bold)
