"""What the template of a report shows: the report itself, its words and its drawings.

The page of ``firmline line report`` and that of the server draw the same template with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from markupsafe import Markup

from firmline.diagnosis.catalogue import catalogue
from firmline.errors import printable
from firmline.line.drawing.control import control_chart
from firmline.line.drawing.histogram import histogram
from firmline.line.drawing.shares import edge_for, share_bar, share_range
from firmline.line.outcomes import StepOutcome
from firmline.line.report_words import (
    chart_text,
    doubted_title,
    index_text,
    limits_text,
    percent_text,
    share_text,
)
from firmline.line.reporting import LineReport, Measured
from firmline.line.statistics.pareto import What
from firmline.line.statistics.rules import RULES, Rule

MOST_BARS: Final = 20
"""Kinds of trouble with a line of their own."""
MOST_COHORTS: Final = 8


def report_values(
    report: LineReport, *, unit_address: Callable[[str], str] | None = None
) -> dict[str, Any]:
    """The values of ``report/body.html``.

    Args:
        report: What is shown.
        unit_address: Where the page of a serial number is; ``None``: there is none.
    """
    groups = (*report.yields.groups, report.yields.whole)
    edge = edge_for([each.first for each in groups])
    return {
        "report": report,
        "groups": groups,
        "by": report.by.value if report.by else "",
        "ends": [
            (each.name, report.yields.whole.outcomes[each])
            for each in StepOutcome
            if report.yields.whole.outcomes.get(each)
        ],
        "edge": f"{edge * 100:g} %",
        "most_bars": MOST_BARS,
        "cohorts": report.comparison.cohorts[:MOST_COHORTS],
        "doubted_title": doubted_title(report.doubted),
        "unit_address": unit_address,
        "printable": printable,
        "share_text": share_text,
        "percent_text": percent_text,
        "index_text": index_text,
        "limits_text": limits_text,
        "chart_text": chart_text,
        "title_of": _title_of,
        "share_range": lambda share: _drawn(share_range(share, least=edge)),
        "share_bar": lambda share: _drawn(share_bar(share)),
        "drawings": _drawings,
        "rules": _rules(report),
    }


def _title_of(what: What, name: str) -> str:
    """What a cause is called in the catalogue; empty: it is no cause, or an unknown one."""
    cause = catalogue().get(name) if what is What.CAUSE else None
    return cause.title if cause is not None else ""


def _drawings(told: Measured) -> list[tuple[str, Markup]]:
    """What is drawn of a measurement, each with its title."""
    fit = told.capability
    values = [each.value for each in told.series.readings]
    drawn = [("how often", _drawn(histogram(values, least=fit.least, most=fit.most)))]
    if told.charts is not None:
        drawn += [
            (chart.what, _drawn(control_chart(chart, height=height)))
            for chart, height in ((told.charts.location, 190), (told.charts.spread, 120))
            if chart.points
        ]
    return drawn


def _drawn(svg: str) -> Markup:
    """A drawing of ours, in which every text is escaped."""
    return Markup(svg)  # noqa: S704 - made by firmline.line.drawing


def _rules(report: LineReport) -> tuple[Rule, ...]:
    """The run rules of the charts; none: there is no chart."""
    charts = next((each.charts for each in report.measured if each.charts is not None), None)
    return RULES[charts.rules] if charts is not None else ()
