"""Texts out of units and files, before they get into a report."""

from __future__ import annotations

from typing import Final

from firmline.cli.style import printable

MAX_TEXT: Final = 200
"""Longest name or value that is shown whole, characters; ours."""
MAX_SENTENCE: Final = 600
"""Longest sentence; ours: those of firmline's have at most three hundred."""


def clean(text: object, longest: int = MAX_TEXT) -> str:
    """A text on one line, without secrets, with nothing that a terminal would obey, and capped.

    A secret in it is left out before it is cut: behind the cut nothing would tell that it is one.
    """
    shown = printable(text)
    return shown if len(shown) <= longest else f"{shown[: longest - 3]}..."
