"""Keys that are known by name: the rows of ``data/known_keys.toml``.

Rules of this module: a key is here because it is public knowledge, never because somebody's package
was seen. Keys that are not in the table are as good as any.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from firmline.data import load_table
from firmline.formats.keys import PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """A public key with a name.

    Attributes:
        name: For people, such as ``SDK 17.1.0 public debug key``.
        key: The key.
        is_secret: Whether its private half is its maker's own secret; not so with keys of examples.
        note: One sentence on what a signature with it means.
        source: Where the key was found.
    """

    name: str
    key: PublicKey
    is_secret: bool
    note: str
    source: str


@cache
def known_keys() -> tuple[KnownKey, ...]:
    """Every key of the table, in its order."""
    rows = load_table("known_keys").values()
    return tuple(
        KnownKey(**{**row, "key": PublicKey.from_le_bytes(bytes.fromhex(row["key"]))})
        for row in rows
    )


def known_key(key: PublicKey) -> KnownKey | None:
    """The row of this key; None if it is not in the table."""
    return next((known for known in known_keys() if known.key == key), None)
