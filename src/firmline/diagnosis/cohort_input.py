"""Rows of unit, outcome and factors, from a table as spreadsheets and databases write it (CSV)."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from firmline.diagnosis.cohort import Row
from firmline.diagnosis.logs.lines import encoding_of
from firmline.errors import Code, InputError, shortened

UNIT_COLUMNS: Final = ("unit", "serial_number", "serial", "uid", "id")
OUTCOME_COLUMNS: Final = ("outcome", "result", "status")
"""Names that are looked for where nobody names a column."""
PASSED: Final = frozenset({"pass", "passed", "ok", "updated", "good", "yes", "true", "1"})
FAILED: Final = frozenset(
    {"fail", "failed", "nok", "refused", "unverified", "bad", "no", "false", "0"}
)
OF_THE_STATION: Final = frozenset(
    {
        *("error", "err", "timeout", "timed out", "aborted", "abort", "interrupted", "cancelled"),
        *("canceled", "skipped", "skip", "not run", "n/a", "na", "unknown", "-", "?"),
    }
)
"""What an outcome is called, in lower case. The words are OpenHTF's: FAIL is the unit's fault; with
ERROR, TIMEOUT and ABORTED the station has not come to a verdict, so that they are none."""
NOT_KNOWN: Final = frozenset({"-", "--", "?", "n/a", "#n/a", "nan", "null", "unknown"})
"""What a cell has in which nothing is known, in lower case."""
SEPARATOR: Final = "sep="
"""How the first line of a table begins in which Excel is told what separates its columns."""
MAX_COLUMNS: Final = 200
MAX_CELL: Final = 10_000
"""Bounds of a table, columns and characters; ours."""
DELIMITERS: Final = ",;\t|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of attempts.

    Attributes:
        rows: Attempts that came to a verdict on the unit, the oldest first.
        left_out: What was not used, one sentence each.
    """

    rows: tuple[Row, ...]
    left_out: tuple[str, ...] = ()


def read_table(
    content: bytes, *, name: str, unit_column: str = "", outcome_column: str = ""
) -> Table:
    """Read a table.

    Args:
        content: UTF-8, UTF-16 or Windows' Western encoding, with the names of the columns in its
            first line; columns are separated by a comma, a semicolon, a tab or a bar, whichever the
            first line has most of.
        name: Of the file, for messages.
        unit_column: Which names the unit; empty: one of :data:`UNIT_COLUMNS`.
        outcome_column: Which says how it ended; empty: one of :data:`OUTCOME_COLUMNS`.

    Raises:
        InputError: ``TABLE_MALFORMED``: it is no such table.
    """
    text = _text(content, name)
    first, delimiter, before = text.split("\n", 1)[0], "", 1
    if first.lower().startswith(SEPARATOR):
        delimiter, text, before = first[len(SEPARATOR) :].strip("\r"), text[len(first) + 1 :], 2
        first = text.split("\n", 1)[0]
    if len(delimiter) != 1:
        delimiter = max(DELIMITERS, key=_QUOTED.sub("", first).count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(lines, [])]
        unit, outcome = _columns(header, unit_column, outcome_column, name)
        return _Reading(header, unit, outcome, name).table(lines, before)
    except csv.Error as problem:
        raise _malformed(name, f"is damaged in line {lines.line_num}: {problem}") from None


_QUOTED: Final = re.compile(r'"[^"]*"')


def _text(content: bytes, name: str) -> str:
    """The text of a file, without the mark of its encoding."""
    encoding = encoding_of(content)
    if encoding is None:
        raise _malformed(name, "is no text")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        # What Excel calls CSV, without UTF-8, is in the encoding of the computer's language.
        text = content.decode("cp1252", "replace")
    return text.lstrip("\ufeff\ufffe")


def _columns(header: Sequence[str], unit: str, outcome: str, name: str) -> tuple[int, int]:
    """The places of the two columns that every table has."""
    if len(header) > MAX_COLUMNS:
        raise _malformed(name, f"has {len(header)} columns, and {MAX_COLUMNS} at most are read")
    named = [each for each in header if each]
    if len(set(named)) != len(named):
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


class _Reading:
    """Reads the lines of a table, and counts what cannot be used.

    Args:
        header: Names of the columns; those without one are not read.
        unit: Place of the column that names the unit.
        outcome: Place of the one that says how it ended.
        name: Of the file, for messages.
    """

    def __init__(self, header: Sequence[str], unit: int, outcome: int, name: str) -> None:
        self._header, self._unit, self._outcome, self._name = header, unit, outcome, name
        self._of_station: Counter[str] = Counter()
        self._nameless = 0

    def table(self, lines: Iterator[list[str]], before: int) -> Table:
        """All of it; ``before``: lines that stand above the first."""
        rows = tuple(self._rows(lines, before))
        return Table(rows=rows, left_out=tuple(self._left_out()))

    def _rows(self, lines: Iterator[list[str]], before: int) -> Iterator[Row]:
        for number, cells in enumerate(lines, before + 1):
            if not any(cell.strip() for cell in cells):
                continue
            failed = self._is_failed(self._checked(cells, number), number)
            unit = cells[self._unit].strip()
            self._nameless += not unit
            if unit and failed is not None:
                yield Row(unit=unit, failed=failed, factors=self._factors(cells))

    def _checked(self, cells: list[str], number: int) -> list[str]:
        """The cells of a line, which has as many as the header; empty ones behind do no harm."""
        while len(cells) > len(self._header) and not cells[-1].strip():
            del cells[-1]
        if len(cells) != len(self._header):
            columns = "1 column" if len(cells) == 1 else f"{len(cells)} columns"
            raise _malformed(self._name, f"has {columns} in line {number}, not {len(self._header)}")
        if any(len(cell) > MAX_CELL for cell in cells):
            raise _malformed(
                self._name, f"has more than {MAX_CELL} characters in a cell of line {number}"
            )
        return cells

    def _factors(self, cells: Sequence[str]) -> dict[str, str]:
        told = {
            name: cell.strip()
            for place, (name, cell) in enumerate(zip(self._header, cells, strict=True))
            if name and place not in (self._unit, self._outcome)
        }
        return {name: "" if cell.lower() in NOT_KNOWN else cell for name, cell in told.items()}

    def _is_failed(self, cells: Sequence[str], number: int) -> bool | None:
        """Whether the unit failed; None: nobody has come to a verdict."""
        cell = cells[self._outcome].strip()
        word = cell.lower()
        if word in PASSED | FAILED:
            return word in FAILED
        if word in OF_THE_STATION or not word:
            self._of_station[shortened(cell)] += 1
            return None
        raise _malformed(
            self._name,
            f"has an outcome {shortened(cell)!r} in line {number}: neither pass nor fail",
        )

    def _left_out(self) -> Iterator[str]:
        if self._of_station:
            words = ", ".join(f"{word or 'none'}: {n}" for word, n in self._of_station.items())
            count = self._of_station.total()
            attempts = "1 attempt has" if count == 1 else f"{count} attempts have"
            yield f"{attempts} no verdict on the unit, by fault of the station ({words}): left out."
        if self._nameless:
            lines = "1 line names" if self._nameless == 1 else f"{self._nameless} lines name"
            yield f"{lines} no unit: left out."


def _malformed(name: str, what: str) -> InputError:
    return InputError(Code.TABLE_MALFORMED, f"{name} {what}.")
