"""What a user says that the new application prints: a check of his own that proves an update."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, InputError
from firmline.links.serial.text import without_escapes

MAX_KEPT: Final = 65_536
"""Characters of what was heard that are searched; what is older is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What is to be heard on the port from the new application.

    Attributes:
        text: As the user wrote it.
        pattern: What is searched for.
        baud: The speed at which the application prints; ``None``: its bootloader's.
        timeout_s: How long to listen, counted from when the application can run; ``None``: the
            updater's own.
    """

    text: str
    pattern: re.Pattern[str]
    baud: int | None = None
    timeout_s: float | None = None


def expectation(
    text: str, *, baud: int | None = None, timeout_s: float | None = None
) -> Expectation:
    """Read what is expected: text as it stands, or ``/regex/``.

    Raises:
        InputError: ``USAGE``: nothing is expected, or the expression cannot be read.
    """
    if not isinstance(text, str):
        raise InputError(
            Code.USAGE,
            f"What is expected is {type(text).__name__}, not text.",
            hint="Give text that only the new application prints, e.g. its version.",
        )
    is_expression = len(text) > 1 and text.startswith("/") and text.endswith("/")
    inside = text[1:-1] if is_expression else re.escape(text)
    try:
        pattern = re.compile(inside)
    except re.error as problem:
        raise InputError(
            Code.USAGE,
            f"The expected text {text[:60]} is no regular expression: {problem}.",
            hint="Mend what stands between the slashes, or leave them out for plain text.",
        ) from None
    if pattern.search(""):
        raise InputError(
            Code.USAGE,
            f"Anything at all would be the expected text {text[:60]!r}.",
            hint="Give text that only the new application prints, e.g. its version.",
        )
    return Expectation(text=text, pattern=pattern, baud=baud, timeout_s=timeout_s)


class Hearing:
    """Text that is heard on a port, piece by piece, wherever a piece ends."""

    def __init__(self) -> None:
        self._text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    @property
    def text(self) -> str:
        """What was heard, undecodable bytes replaced; a character that is not whole is left out."""
        return self._text

    def hear(self, data: bytes) -> None:
        """Some more."""
        self._text = (self._text + self._decoder.decode(data))[-MAX_KEPT:]

    def has(self, expected: Expectation) -> bool:
        """Whether what is expected was heard, in colours or without."""
        texts = (self._text, without_escapes(self._text))
        return any(expected.pattern.search(text) is not None for text in texts)
