"""The report as one table, a row for each figure, for spreadsheets and programs to filter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from firmline.line.outcomes import StepOutcome
from firmline.line.reporting import LineReport, Measured
from firmline.line.statistics.pareto import Pareto
from firmline.line.statistics.proportion import Share
from firmline.line.statistics.yields import Yield

COLUMNS: Final = ("section", "group", "name", "figure", "value", "low", "high", "count", "of")
Cells: TypeAlias = tuple[
    str, str, str, str, float | None, float | None, float | None, int | None, int | None
]


def rows(report: LineReport) -> Iterator[Cells]:
    """Every figure: what it is, its value with its interval, and what it is made of."""
    for group in (*report.yields.groups, report.yields.whole):
        yield from _yield(group)
    for section, paretos in (("failures", report.failures), ("stoppages", report.stoppages)):
        for told in paretos:
            yield from _pareto(section, told)
    for each in report.measured:
        yield from _measured(each)


def _yield(told: Yield) -> Iterator[Cells]:
    for name, share in (
        ("first_pass", told.first),
        ("second_pass", told.second),
        ("last_pass", told.last),
    ):
        yield _share("yield", told.group, name, share)
    for outcome in StepOutcome:
        if outcome is not StepOutcome.SKIP:
            share = Share(told.outcomes.get(outcome, 0), told.runs)
            yield _share("runs", told.group, outcome.value, share)


def _share(section: str, group: str, name: str, share: Share) -> Cells:
    low, high = share.interval or (None, None)
    return section, group, name, "share", share.value, low, high, share.count, share.of


def _pareto(section: str, told: Pareto) -> Iterator[Cells]:
    for bar in told.bars:
        name = bar.name or "(not known)"
        yield _share(f"{section} by {told.what.value}", "all", name, Share(bar.runs, told.runs))


def _measured(told: Measured) -> Iterator[Cells]:
    name, fit = told.series.label, told.capability
    for figure, value in (
        ("mean", fit.mean),
        ("sigma", fit.sigma),
        ("sigma within", fit.sigma_within),
    ):
        yield "measured", "all", name, figure, value, None, None, fit.readings, None
    for figure, index in (("cpk", fit.cpk), ("ppk", fit.ppk)):
        if index is not None:
            told_index = (index.value, index.low, index.high)
            yield "measured", "all", name, figure, *told_index, fit.readings, None
    low, high = fit.outside.interval or (None, None)
    share = (fit.outside.value, low, high, fit.outside.count, fit.outside.of)
    yield "measured", "all", name, "outside", *share
