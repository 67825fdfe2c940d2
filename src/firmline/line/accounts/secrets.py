"""Keys and the tokens of sessions: random, long, and kept as their SHA-256 alone.

They have 256 bits of chance, so that a slow hash would protect nothing more. A key is written as
``firmline_ID_SECRET``: searches for secrets that were published by mistake find it by its first
word, and its id tells which one to revoke.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

KEY: Final = re.compile(r"firmline_([0-9a-f]{12})_([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key as its holder has it.

    Attributes:
        id: The part that is no secret.
        secret: The other one.
    """

    id: str
    secret: str

    def __repr__(self) -> str:
        """Without the secret, also in a traceback."""
        return f"KeyText({self.id})"

    def written(self) -> str:
        """The whole key."""
        return f"firmline_{self.id}_{self.secret}"


def new_key() -> KeyText:
    """A key that nobody has."""
    return KeyText(secrets.token_hex(6), secrets.token_hex(32))


def parse_key(text: str) -> KeyText | None:
    """A key that was shown; ``None``: it is none."""
    found = KEY.fullmatch(text)
    return None if found is None else KeyText(found[1], found[2])


def new_token() -> str:
    """The token of a session, as a cookie holds it."""
    return secrets.token_urlsafe(32)


def kept(secret: str) -> str:
    """What is kept of it: SHA-256 in 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_kept_as(secret: str, digest: str) -> bool:
    """Whether it is that one; takes the same time wherever they differ."""
    return secrets.compare_digest(kept(secret), digest)
