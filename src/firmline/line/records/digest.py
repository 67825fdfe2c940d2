"""The digest of a row: by it the same row is told from another one with its number."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from firmline.errors import Code, StoreError
from firmline.line.records.values import Entry, Row, RowKey


def plain(value: object) -> object:
    """A value of a record as JSON knows it: fields by name, times as ISO 8601 in UTC."""
    if value is None or isinstance(value, (str, int, float)):  # first, for most are
        return value
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    # A dataclass with slots: its slots are its fields, and are there without a search.
    return {name: plain(getattr(value, name)) for name in type(value).__slots__}  # type: ignore[attr-defined]


def digest_of(row: Row[Entry]) -> bytes:
    """SHA-256 over what the row tells and what kind of row it is, 32 bytes."""
    told = [type(row.entry).__name__, plain(row.entry)]
    written = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode("ascii")).digest()


def digests(rows: Sequence[Row[Entry]]) -> dict[RowKey, bytes]:
    """The digests of a batch, in which a row may stand twice.

    Raises:
        StoreError: ``RECORD_CONFLICT``: two rows of the batch have one key.
    """
    found: dict[RowKey, bytes] = {}
    for row in rows:
        digest = digest_of(row)
        if found.setdefault(row.key, digest) != digest:
            raise conflict(row.key)
    return found


def conflict(key: RowKey) -> StoreError:
    """The error of a key that two different rows have."""
    return StoreError(
        Code.RECORD_CONFLICT,
        f"Two different records have the number {key.sequence} of station {key.station}.",
        station=key.station,
        sequence=key.sequence,
    )
