"""How a delivery is signed, and how long is waited behind a failure. Pure."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

HEADER: Final = "Firmline-Signature"
FIRST_WAIT_S: Final = 10
"""Behind the first failure, seconds; ours."""
LONGEST_WAIT_S: Final = 3600
"""The longest wait, seconds; ours."""
MOST_TRIES: Final = 20
"""After so many a delivery is dead; with the waits between them, twelve hours."""


def signature(secret: str, body: bytes, *, at_s: int) -> str:
    """The value of the header: the time, and HMAC-SHA256 over ``TIME.BODY``.

    Args:
        secret: What both sides have.
        body: What is sent, byte for byte.
        at_s: When, seconds since 1970.
    """
    digest = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"


def wait_s(tries: int) -> int | None:
    """Seconds until the next try behind so many failures; ``None``: there is none."""
    if tries >= MOST_TRIES:
        return None
    return min(LONGEST_WAIT_S, FIRST_WAIT_S << (tries - 1))


def delivery_id(hook: str, station: str, sequence: int) -> str:
    """The name of a delivery: the same each time it is sent."""
    return hashlib.sha256(f"{hook}/{sequence}/{station}".encode()).hexdigest()[:32]
