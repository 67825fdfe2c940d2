"""Bytes that look random and depend on a seed alone."""

from __future__ import annotations

import hashlib
from functools import lru_cache


@lru_cache(maxsize=64)
def synthetic_bytes(seed: str, size: int) -> bytes:
    """``size`` bytes: SHA-256 in counter mode, as in the transcripts (FORMAT.md, section 3)."""
    blocks = (
        hashlib.sha256(f"{seed}/{index}".encode()).digest() for index in range(-(-size // 32))
    )
    return b"".join(blocks)[:size]
