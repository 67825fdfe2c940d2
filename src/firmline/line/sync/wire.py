"""Rows as JSON, from a station to the centre, and back into values that check themselves.

The fields are those of :mod:`firmline.line.records.values`; a field that is not known here was
written by another version, and its row is refused: half a record is none.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from firmline.errors import Code, StoreError
from firmline.line.records.digest import plain
from firmline.line.records.values import (
    Diagnosis,
    Entry,
    Phase,
    Reworked,
    Row,
    RowKey,
    Run,
    RunBegan,
)

SCHEMA: Final = 1
"""The form of what is sent; raised when a centre of the old one would misread it."""
KINDS: Final[Mapping[str, type[Entry]]] = {
    each.__name__: each for each in (RunBegan, Phase, Run, Diagnosis, Reworked)
}
"""What a row may tell, by its name on the way."""


def encode_rows(rows: Iterable[Row[Entry]]) -> list[dict[str, Any]]:
    """Rows as JSON."""
    return [
        {"sequence": row.key.sequence, "kind": type(row.entry).__name__, "told": plain(row.entry)}
        for row in rows
    ]


def decode_rows(station: str, listed: object) -> tuple[Row[Entry], ...]:
    """Rows of a station, from JSON.

    Raises:
        StoreError: ``SYNC_VERSION``: a row is of a kind, or has a field, that this program does
            not know or misses. ``RECORD_MALFORMED``: a value cannot be.
    """
    if not isinstance(listed, list):
        raise _foreign("the rows are no list")
    rows: list[Row[Entry]] = []
    for line in listed:
        if not isinstance(line, dict) or set(line) != {"sequence", "kind", "told"}:
            raise _foreign("a row is none")
        kind = KINDS.get(line["kind"]) if isinstance(line["kind"], str) else None
        if kind is None:
            raise _foreign(f"there is a row of the kind {str(line['kind'])[:40]!r}")
        if type(line["sequence"]) is not int:
            raise _foreign("a row has no number")
        entry: Entry = _built(kind, line["told"])
        rows.append(Row(key=RowKey(station=station, sequence=line["sequence"]), entry=entry))
    return tuple(rows)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _built(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any value of a record
    """A value of this type, from what JSON made of it."""
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        return None if value is None else _built(get_args(kind)[0], value)
    if origin is tuple:
        if not isinstance(value, list):
            raise _foreign("a list is none")
        return tuple(_built(get_args(kind)[0], each) for each in value)
    return _dataclass(kind, value) if dataclasses.is_dataclass(kind) else _scalar(kind, value)


def _scalar(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any value of a record
    if kind is datetime:
        return _time(value)
    if issubclass(kind, StrEnum):
        return _word(kind, value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise _foreign(f"a value is {type(value).__name__}, and has to be {kind.__name__}")
    return value


def _dataclass(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any value of a record
    hints = _hints(kind)
    if not isinstance(value, dict):
        raise _foreign(f"a {kind.__name__} is none")
    if value.keys() != hints.keys():
        names = sorted(map(str, value.keys() ^ hints.keys()))
        raise _foreign(f"a {kind.__name__} has, or lacks, {names[0][:40]!r}")
    return kind(**{name: _built(hints[name], value[name]) for name in hints})


def _time(value: object) -> datetime:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise _foreign("a time is none") from None


def _word(kind: type[StrEnum], value: object) -> StrEnum:
    try:
        return kind(str(value))
    except ValueError:
        raise _foreign(f"{str(value)[:40]!r} is no {kind.__name__}") from None


def _foreign(why: str) -> StoreError:
    return StoreError(
        Code.SYNC_VERSION, f"What was sent is not understood here: {why}; the two ends differ."
    )
