"""How often each cause was found in a line's resolved runs, from a table (CSV) or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from firmline.diagnosis.catalogue import UNKNOWN, catalogue
from firmline.diagnosis.logs.lines import decode
from firmline.errors import Code, InputError, shortened

MAX_COUNT: Final = 1_000_000
"""Most resolved runs of one cause; ours: more is a slip of the pen."""
MAX_ROWS: Final = 1000
"""Rows that are read; ours: there are not a hundred causes."""
CAUSE, COUNT = "cause", "count"
"""The columns of a table; it may have others."""
DELIMITERS: Final = ",;\t|"


def read_resolved(content: bytes, *, name: str) -> Mapping[str, int]:
    """Read how often each cause was found.

    Args:
        content: A table with the columns ``cause`` and ``count`` (CSV), or a JSON object with a
            count for each cause; in UTF-8 or UTF-16.
        name: Of the file, for messages.

    Raises:
        InputError: ``TABLE_MALFORMED``: it is neither, names what is no cause, names one twice, or
            has a count that is none.
    """
    text = decode(content)
    if text is None:
        raise _malformed(name, "is no text")
    shown = text.text.lstrip("\ufeff")
    rows = _of_json(shown, name) if shown.lstrip()[:1] in ("{", "[") else _of_csv(shown, name)
    resolved: dict[str, int] = {}
    for where, cause, count in rows:
        _check_cause(cause, where, name)
        if cause in resolved:
            raise _malformed(name, f"names {cause} a second time in {where}")
        resolved[cause] = _count(count, cause, where, name)
    if not any(resolved.values()):
        raise _malformed(name, "holds no resolved run")
    return resolved


FORM: Final = (
    "Write a CSV file whose first line is cause,count and which has a line for each cause, such as"
    ' power-brownout-coincell,12; or a JSON object, {"power-brownout-coincell": 12}.'
)
"""What counts look like: the table of ``diagnose batch`` has the same code and other columns."""
Row = tuple[str, str, object]
"""Where it stands, the cause, and its count as it stands there."""


def _of_json(text: str, name: str) -> Iterator[Row]:
    try:
        found = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        raise _malformed(name, "begins like JSON, and is none") from None
    if not isinstance(found, _Pairs):
        raise _malformed(name, "is no JSON object with a count for each cause")
    if len(found) > MAX_ROWS:
        raise _malformed(name, f"has {len(found)} causes, and {MAX_ROWS} at most are read")
    for cause, count in found:
        yield "the object", cause, count


class _Pairs(list[tuple[str, object]]):
    """A JSON object with all its pairs: of two with one name a dictionary would keep the last."""


def _of_csv(text: str, name: str) -> Iterator[Row]:
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip().lower() for cell in next(lines, [])]
        if CAUSE not in header or COUNT not in header:
            raise _malformed(name, f"has no columns {CAUSE!r} and {COUNT!r}")
        yield from _rows(lines, header, name)
    except csv.Error as problem:
        raise _malformed(name, f"is damaged in line {lines.line_num}: {problem}") from None


def _rows(lines: Iterable[list[str]], header: list[str], name: str) -> Iterator[Row]:
    cause, count = header.index(CAUSE), header.index(COUNT)
    for number, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if number > MAX_ROWS:
            raise _malformed(name, f"has more than {MAX_ROWS} lines")
        if len(cells) != len(header):
            raise _malformed(name, f"has {len(cells)} columns in line {number}, not {len(header)}")
        yield f"line {number}", cells[cause].strip(), cells[count].strip()


def _check_cause(cause: str, where: str, name: str) -> None:
    if cause in catalogue() or cause == UNKNOWN:
        return
    near = get_close_matches(cause, [*catalogue(), UNKNOWN], n=1)
    raise InputError(
        Code.TABLE_MALFORMED,
        f"{name} names {shortened(cause)!r} in {where}, which is no cause of the catalogue.",
        hint=f"Write {near[0]!r}, if that is meant."
        if near
        else f"Write its name from the page on causes, or {UNKNOWN!r}.",
    )


def _count(told: object, cause: str, where: str, name: str) -> int:
    """A count: a whole number of runs."""
    is_digits = isinstance(told, str) and told.isascii() and told.isdigit() and len(told) <= 20
    if isinstance(told, str) and is_digits:
        told = int(told)
    if isinstance(told, bool) or not isinstance(told, int) or told < 0:
        raise _malformed(
            name, f"counts {shortened(told)!r} runs of {cause} in {where}: no whole number"
        )
    if told > MAX_COUNT:
        raise _malformed(
            name, f"counts {told} runs of {cause} in {where}, and {MAX_COUNT:,} at most are taken"
        )
    return told


def _malformed(name: str, what: str) -> InputError:
    return InputError(Code.TABLE_MALFORMED, f"{name} {what}.", hint=FORM)
