"""Rows of unit, outcome and factors, from a table as spreadsheets and databases write it (CSV)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from firmline.diagnosis.cohorts import Row
from firmline.errors import Code, InputError, shortened

UNIT_COLUMNS: Final = ("unit", "serial_number", "serial", "uid", "id")
OUTCOME_COLUMNS: Final = ("outcome", "result", "status")
"""Names that are looked for where nobody names a column."""
PASSED: Final = frozenset({"pass", "passed", "ok", "updated", "good", "yes", "true", "1"})
FAILED: Final = frozenset(
    {
        *("fail", "failed", "nok", "error", "refused", "unverified", "timeout", "aborted", "bad"),
        *("no", "false", "0"),
    }
)
"""What an outcome is called, in lower case."""
MAX_COLUMNS: Final = 200
MAX_CELL: Final = 10_000
"""Bounds of a table, columns and characters; ours."""
DELIMITERS: Final = ",;\t|"


def read_rows(
    content: bytes, *, name: str, unit_column: str = "", outcome_column: str = ""
) -> tuple[Row, ...]:
    """Read a table.

    Args:
        content: UTF-8, with the names of the columns in its first line; columns are separated by a
            comma, a semicolon, a tab or a bar, whichever the first line has most of.
        name: Of the file, for messages.
        unit_column: Which names the unit; empty: one of :data:`UNIT_COLUMNS`.
        outcome_column: Which says how it ended; empty: one of :data:`OUTCOME_COLUMNS`.

    Raises:
        InputError: ``TABLE_MALFORMED``: it is no such table.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _malformed(name, "is no text in UTF-8") from None
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(lines, [])]
        unit, outcome = _columns(header, unit_column, outcome_column, name)
        return tuple(_rows(lines, header, unit, outcome, name))
    except csv.Error as problem:
        raise _malformed(name, f"is damaged in line {lines.line_num}: {problem}") from None


def _columns(header: Sequence[str], unit: str, outcome: str, name: str) -> tuple[int, int]:
    """The places of the two columns that every table has."""
    if len(header) > MAX_COLUMNS:
        raise _malformed(name, f"has {len(header)} columns, and {MAX_COLUMNS} at most are read")
    if len(set(header)) != len(header):
        raise _malformed(name, "has two columns of one name")
    return (
        _column(header, unit, UNIT_COLUMNS, "names the unit", name),
        _column(header, outcome, OUTCOME_COLUMNS, "says how it ended", name),
    )


def _column(header: Sequence[str], wanted: str, usual: Sequence[str], what: str, name: str) -> int:
    lower = [each.lower() for each in header]
    for each in [wanted.lower()] if wanted else usual:
        if each in lower:
            return lower.index(each)
    looked_for = wanted or ", ".join(usual)
    raise _malformed(name, f"has no column that {what} (looked for: {shortened(looked_for)})")


def _rows(
    lines: Iterator[list[str]], header: Sequence[str], unit: int, outcome: int, name: str
) -> Iterator[Row]:
    for number, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header) or any(len(cell) > MAX_CELL for cell in cells):
            raise _malformed(name, f"has {len(cells)} columns in line {number}, not {len(header)}")
        yield Row(
            unit=cells[unit].strip(),
            failed=_is_failed(cells[outcome], number, name),
            factors={
                header[place]: cell.strip()
                for place, cell in enumerate(cells)
                if place not in (unit, outcome)
            },
        )


def _is_failed(cell: str, number: int, name: str) -> bool:
    word = cell.strip().lower()
    if word in PASSED | FAILED:
        return word in FAILED
    raise _malformed(
        name, f"has an outcome {shortened(cell.strip())!r} in line {number}: neither pass nor fail"
    )


def _malformed(name: str, what: str) -> InputError:
    return InputError(Code.TABLE_MALFORMED, f"{name} {what}.")
