"""The report in words, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from firmline.cli.style import paint, printable
from firmline.errors import shortened
from firmline.line.doubts import Doubted
from firmline.line.outcomes import StepOutcome
from firmline.line.report_words import (
    chart_text,
    counted,
    doubted_title,
    index_text,
    limits_text,
    percent_text,
    share_text,
)
from firmline.line.reporting import LineReport, Measured
from firmline.line.statistics.pareto import Pareto
from firmline.line.statistics.yields import Yield, Yields

MOST_BARS: Final = 8
"""Kinds of trouble with a line of their own; every form for programs has all."""


def report_lines(report: LineReport, *, where: str) -> Iterator[str]:
    """All of it."""
    yield from _head(report.yields, where)
    yield ""
    yield paint("Yield (units, with intervals of 95 %)", bold=True)
    yield from _yields(report)
    yield from _doubted(report.doubted)
    for title, paretos in (
        ("Why units fail (FAIL)", report.failures),
        ("What stops runs (ERROR, TIMEOUT, ABORTED)", report.stoppages),
    ):
        if paretos[0].runs:
            runs, units = paretos[0].runs, paretos[0].units
            yield ""
            told = f"{title}: {counted(runs, 'run')} on {counted(units, 'unit')}"
            yield paint(told, bold=True)
            for each in paretos:
                yield from _pareto(each)
    if report.newest:
        of = "" if report.newest == _judged(report) else f" of {_judged(report):,}"
        newest = f"the newest {report.newest:,}{of} runs with a verdict"
        yield from _measured(report.measured, newest)
        yield ""
        yield paint(f"One unit, or a batch? ({newest})", bold=True)
        yield f"  {printable(report.comparison.verdict)}"


def _judged(report: LineReport) -> int:
    return report.yields.whole.runs - report.yields.whole.without_verdict


def _measured(measured: Sequence[Measured], newest: str) -> Iterator[str]:
    if not measured:
        return
    yield ""
    yield paint(f"What is measured ({newest})", bold=True)
    rows: list[tuple[str, ...]] = [
        ("step: measurement", "readings", "mean", "sigma", "limits", "outside", "Cpk", "Ppk")
    ]
    for each in measured:
        fit = each.capability
        rows.append(
            (
                printable(shortened(each.series.label)),
                f"{fit.readings:,}",
                f"{fit.mean:.4g}",
                "-" if fit.sigma is None else f"{fit.sigma:.3g}",
                limits_text(fit),
                f"{fit.outside.count:,}",
                index_text(fit.cpk),
                index_text(fit.ppk),
            )
        )
    yield from _columns(rows, left=1)
    for each in measured:
        for said in (chart_text(each.charts), *each.capability.remarks):
            yield f"  {printable(each.series.name)}: {said}"


def _head(yields: Yields, where: str) -> Iterator[str]:
    whole = yields.whole
    golden = f"; {counted(yields.golden, 'run')} on golden samples left out" * bool(yields.golden)
    ends = ", ".join(
        f"{whole.outcomes[each]:,} {each.name}" for each in StepOutcome if whole.outcomes.get(each)
    )
    assert yields.first_at is not None  # noqa: S101 - a report has a run
    assert yields.last_at is not None  # noqa: S101 - as above
    first, last = (f"{at:%Y-%m-%d %H:%MZ}" for at in (yields.first_at, yields.last_at))
    yield f"{where}: {counted(whole.runs, 'run')} ({ends}) from {first} to {last}{golden}"


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


def _doubted(told: Doubted) -> Iterator[str]:
    if not told.number:
        return
    yield ""
    yield paint(doubted_title(told), bold=True)
    for each in told.units[:MOST_BARS]:
        name = f"{printable(shortened(each.unit.product))} {printable(shortened(each.unit.serial))}"
        for doubt in each.doubts:
            yield f"  {name}: {printable(doubt)}"
    left = told.number - min(len(told.units), MOST_BARS)
    if left > 0:
        yield f"  and {left:,} more"


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
