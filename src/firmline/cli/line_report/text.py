"""The report in words, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from firmline.cli.style import paint, printable
from firmline.errors import shortened
from firmline.line.outcomes import StepOutcome
from firmline.line.reporting import LineReport
from firmline.line.statistics.pareto import Pareto
from firmline.line.statistics.proportion import Share
from firmline.line.statistics.yields import Yield, Yields

MOST_BARS: Final = 8
"""Kinds of trouble with a line of their own; every form for programs has all."""


def report_lines(report: LineReport, *, where: str) -> Iterator[str]:
    """All of it."""
    yield from _head(report.yields, where)
    yield ""
    yield paint("Yield (units, with intervals of 95 %)", bold=True)
    yield from _yields(report)
    for title, paretos in (
        ("Why units fail (FAIL)", report.failures),
        ("What stops runs (ERROR, TIMEOUT, ABORTED)", report.stoppages),
    ):
        if paretos[0].runs:
            runs, units = paretos[0].runs, paretos[0].units
            yield ""
            told = f"{title}: {_counted(runs, 'run')} on {_counted(units, 'unit')}"
            yield paint(told, bold=True)
            for each in paretos:
                yield from _pareto(each)


def _head(yields: Yields, where: str) -> Iterator[str]:
    whole = yields.whole
    golden = f"; {_counted(yields.golden, 'run')} on golden samples left out" * bool(yields.golden)
    ends = ", ".join(
        f"{whole.outcomes[each]:,} {each.name}" for each in StepOutcome if whole.outcomes.get(each)
    )
    assert yields.first_at is not None  # noqa: S101 - a report has a run
    assert yields.last_at is not None  # noqa: S101 - as above
    first, last = (f"{at:%Y-%m-%d %H:%MZ}" for at in (yields.first_at, yields.last_at))
    yield f"{where}: {_counted(whole.runs, 'run')} ({ends}) from {first} to {last}{golden}"


def _yields(report: LineReport) -> Iterator[str]:
    by = report.by.value if report.by else ""
    groups = (*report.yields.groups, report.yields.whole)
    rows: list[tuple[str, ...]] = [
        (by, "units", "first pass", "second pass", "last pass", "runs", "no verdict")
    ]
    rows += [_yield_cells(each) for each in groups]
    yield from _columns(rows, left=1)


def _yield_cells(told: Yield) -> tuple[str, ...]:
    return (
        printable(shortened(told.group)),
        f"{told.units:,}",
        *(share_text(each) for each in (told.first, told.second, told.last)),
        f"{told.runs:,}",
        f"{told.without_verdict:,}",
    )


def share_text(share: Share) -> str:
    """A share with its interval, in percent; what is nearly all is not rounded to all of it."""
    value, interval = share.value, share.interval
    if value is None or interval is None:
        return "-"
    low, high = interval
    digits = 1 if high - low > 0.002 else 2
    return (
        f"{percent_text(value, digits)} %"
        f" ({percent_text(low, digits)} to {percent_text(high, digits)})"
    )


def percent_text(share: float, digits: int = 1) -> str:
    """A share in percent, without the sign; below 100 and above 0 if it is."""
    least = 10.0**-digits
    shown = share * 100
    if 0 < share < 1:
        shown = min(max(shown, least), 100 - least)
    return f"{shown:.{digits}f}"


def _pareto(told: Pareto) -> Iterator[str]:
    if not told.is_known:
        yield f"  by {told.what.value}: not recorded"
        return
    rows = [(f"by {told.what.value}", "runs", "units", "share", "so far")]
    for bar in told.bars[:MOST_BARS]:
        name = printable(shortened(bar.name)) or "(not known)"
        share, so_far = (f"{percent_text(each)} %" for each in (bar.share, bar.so_far))
        rows.append((name, f"{bar.runs:,}", f"{bar.units:,}", share, so_far))
    yield from _columns(rows, left=1)
    left = len(told.bars) - MOST_BARS
    if left > 0:
        yield f"  and {left} more"


def _columns(rows: Sequence[tuple[str, ...]], *, left: int) -> Iterator[str]:
    """A table without lines; the first columns begin at the left, all others end at the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            f"{cell:<{width}}" if place < left else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield f"  {'   '.join(cells)}".rstrip()


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
