"""The report as one page: tables and drawings, which a browser prints as well.

It is drawn as the report of a failed update is (:mod:`firmline.cli.report.drawn`), in the same
style.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from markupsafe import Markup

from firmline.cli.line_report.text import (
    chart_text,
    index_text,
    limits_text,
    percent_text,
    share_text,
)
from firmline.cli.report.drawn import policy, safe_style, template
from firmline.cli.style import printable
from firmline.diagnosis.catalogue import catalogue
from firmline.line.drawing.control import control_chart
from firmline.line.drawing.histogram import histogram
from firmline.line.drawing.shares import edge_for, share_bar, share_range
from firmline.line.outcomes import StepOutcome
from firmline.line.reporting import LineReport, Measured
from firmline.line.statistics.pareto import What
from firmline.line.statistics.proportion import Share
from firmline.line.statistics.rules import RULES, Rule

FOLDER: Final = Path(__file__).parent
HOUSE_STYLE: Final = FOLDER.parent / "report" / "report.css"
MOST_BARS: Final = 20
"""Kinds of trouble with a line of their own."""
MOST_COHORTS: Final = 8


def page(report: LineReport, *, where: str, made_at: datetime, firmline: str) -> str:
    """The page.

    Args:
        report: What is on it.
        where: What the records are called.
        made_at: When it was made, UTC.
        firmline: Version of the program.
    """
    style = HOUSE_STYLE.read_text(encoding="utf-8") + (FOLDER / "page.css").read_text("utf-8")
    groups = (*report.yields.groups, report.yields.whole)
    edge = edge_for([each.first for each in groups])
    return template(FOLDER, "page.html").render(
        report=report,
        groups=groups,
        by=report.by.value if report.by else "",
        where=where,
        made_at=f"{made_at:%Y-%m-%d %H:%M}",
        firmline=firmline,
        style=safe_style(style),
        policy=policy(style),
        ends=[
            (each.name, report.yields.whole.outcomes[each])
            for each in StepOutcome
            if report.yields.whole.outcomes.get(each)
        ],
        edge=f"{edge * 100:g} %",
        most_bars=MOST_BARS,
        cohorts=report.comparison.cohorts[:MOST_COHORTS],
        printable=printable,
        share_text=share_text,
        percent_text=percent_text,
        index_text=index_text,
        limits_text=limits_text,
        chart_text=chart_text,
        title_of=_title_of,
        share_range=lambda share: _drawn(share_range(share, least=edge)),
        share_bar=lambda share: _drawn(share_bar(share)),
        drawings=_drawings,
        rules=_rules(report),
        share=Share,
    )


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
