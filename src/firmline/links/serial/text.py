"""What an application prints on a serial port, as text: colours and bells are no part of it."""

from __future__ import annotations

import re
from typing import Final

TEXT_SHARE: Final = 0.9
"""Share of printable characters from which on what is heard is taken for text; ours."""
SHOWN: Final = 40
"""Characters of it that a message shows."""
SHOWN_BYTES: Final = 10
"""Bytes of what is no text that a message shows."""
_ESCAPES: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # control sequence: colours, cursor (ECMA-48, 5.4)
    r"|\x1b[\]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)"  # control string: titles (the same, 5.6)
    r"|\x1b[ -/]*[0-~]"  # the rest, of two characters or three (the same, 5.3 and 5.5)
)
_NO_TEXT_BUT_HARMLESS: Final = "\r\n\t\a\b\f"


def without_escapes(text: str) -> str:
    """Text without the sequences that colour it; one that is cut short stays."""
    return _ESCAPES.sub("", text)


def looks_like_text(data: bytes) -> bool:
    """Whether bytes are what an application prints, not noise."""
    text = data.decode("utf-8", errors="replace")
    plain = without_escapes(text)
    good = sum(
        (char.isprintable() and char != "�") or char in _NO_TEXT_BUT_HARMLESS for char in plain
    )
    return good >= TEXT_SHARE * len(plain)


def shown(data: bytes) -> str:
    """Text that was heard, for a message: the first line with something in it."""
    lines = without_escapes(data.decode("utf-8", errors="replace")).split("\n")
    clean = ("".join(char for char in line if char.isprintable()).strip() for line in lines)
    return next((line for line in clean if line), "")[:SHOWN]


def said(data: bytes) -> str:
    """What was heard, for a message, behind "it": text as text, anything else as its bytes."""
    text = shown(data) if looks_like_text(data) else ""
    return f"says {text!r}" if text else f"sends {data[:SHOWN_BYTES].hex(' ').upper()}"
