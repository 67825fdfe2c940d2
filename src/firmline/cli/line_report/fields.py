"""The report for programs."""

from __future__ import annotations

from firmline.cli.cohort_fields import cohort_fields
from firmline.cli.style import printable
from firmline.line.outcomes import StepOutcome
from firmline.line.records.digest import plain
from firmline.line.reporting import LineReport, Measured
from firmline.line.statistics.capability import Index
from firmline.line.statistics.charts import Chart, ControlCharts
from firmline.line.statistics.pareto import Pareto
from firmline.line.statistics.proportion import Share
from firmline.line.statistics.rules import RULES
from firmline.line.statistics.yields import Yield


def report_fields(report: LineReport) -> dict[str, object]:
    """All of it, as JSON knows it."""
    yields = report.yields
    return {
        "by": report.by.value if report.by else None,
        "first_at": plain(yields.first_at),
        "last_at": plain(yields.last_at),
        "golden_runs": yields.golden,
        "all": _yield(yields.whole),
        "groups": [_yield(each) for each in yields.groups],
        "doubted": {
            "number": report.doubted.number,
            "units": [
                {
                    "product": printable(each.unit.product),
                    "serial": printable(each.unit.serial),
                    "doubts": [printable(doubt) for doubt in each.doubts],
                }
                for each in report.doubted.units
            ],
        },
        "failures": {each.what.value: _pareto(each) for each in report.failures},
        "stoppages": {each.what.value: _pareto(each) for each in report.stoppages},
        "newest": report.newest,
        "measured": [_measured(each) for each in report.measured],
        "comparison": {
            "units": report.comparison.units,
            "failed": report.comparison.failed,
            "verdict": printable(report.comparison.verdict),
            "cohorts": [cohort_fields(each) for each in report.comparison.cohorts],
        },
    }


def _yield(told: Yield) -> dict[str, object]:
    return {
        "group": printable(told.group),
        "units": told.units,
        "first_pass": share_fields(told.first),
        "second_pass": share_fields(told.second),
        "last_pass": share_fields(told.last),
        "runs": told.runs,
        "outcomes": {
            each.value: told.outcomes.get(each, 0)
            for each in StepOutcome
            if each is not StepOutcome.SKIP
        },
    }


def share_fields(share: Share) -> dict[str, object]:
    """A share with its interval; null where there is none."""
    low, high = share.interval or (None, None)
    return {"count": share.count, "of": share.of, "share": share.value, "low": low, "high": high}


def _pareto(told: Pareto) -> dict[str, object]:
    return {
        "runs": told.runs,
        "units": told.units,
        "bars": [
            {
                "name": printable(bar.name),
                "runs": bar.runs,
                "units": bar.units,
                "share": bar.share,
                "so_far": bar.so_far,
            }
            for bar in told.bars
        ],
    }


def _measured(told: Measured) -> dict[str, object]:
    series, fit = told.series, told.capability
    return {
        "step": printable(series.step),
        "name": printable(series.name),
        "unit": printable(series.unit),
        "readings": fit.readings,
        "mean": fit.mean,
        "sigma": fit.sigma,
        "sigma_within": fit.sigma_within,
        "least": fit.least,
        "most": fit.most,
        "outside": share_fields(fit.outside),
        "cpk": _index(fit.cpk),
        "ppk": _index(fit.ppk),
        "remarks": list(fit.remarks),
        "charts": None if told.charts is None else _charts(told.charts),
    }


def _index(index: Index | None) -> dict[str, float] | None:
    if index is None:
        return None
    return {"value": index.value, "low": index.low, "high": index.high}


def _charts(told: ControlCharts) -> dict[str, object]:
    return {
        "rules": {rule.name: rule.meaning for rule in RULES[told.rules]},
        "location": _chart(told.location),
        "spread": _chart(told.spread),
    }


def _chart(told: Chart) -> dict[str, object]:
    return {
        "what": told.what,
        "centre": told.centre,
        "points": [
            {
                "at": plain(point.at),
                "value": point.value,
                "low": point.low,
                "high": point.high,
                "rules": list(point.rules),
            }
            for point in told.points
        ],
    }
