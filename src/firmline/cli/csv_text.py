"""Comma-separated values for spreadsheets.

A cell that a spreadsheet would take for a formula has an apostrophe in front: names and texts come
from units.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from firmline.cli.style import printable

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def text_cell(text: str) -> str:
    """A text that a spreadsheet shows and does not obey."""
    shown = printable(text)
    return f"'{shown}" if shown.startswith(FORMULA) else shown


def csv_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table with its headings, UTF-8."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(columns)
    table.writerows(rows)
    return written.getvalue().encode("utf-8")
