"""The time line of a trace, for a terminal."""

from __future__ import annotations

from firmline.cli.style import paint, printable
from firmline.formats.trace import Trace
from firmline.updater.telling.time_line import TROUBLE, Row, time_rows


def time_line(trace: Trace, begin_s: float) -> list[str]:
    """The lines, with seconds since ``begin_s``."""
    return [_line(row, begin_s) for row in time_rows(trace)]


def _line(row: Row, begin_s: float) -> str:
    label = f"{row.label:<10}"
    if row.label in TROUBLE:
        label = paint(label, fg="red")
    return f"  {row.at_s - begin_s:9.3f}  {label} {printable(row.text)}".rstrip()
