"""The report for programs."""

from __future__ import annotations

from firmline.cli.style import printable
from firmline.line.outcomes import StepOutcome
from firmline.line.records.digest import plain
from firmline.line.reporting import LineReport
from firmline.line.statistics.pareto import Pareto
from firmline.line.statistics.proportion import Share
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
        "failures": {each.what.value: _pareto(each) for each in report.failures},
        "stoppages": {each.what.value: _pareto(each) for each in report.stoppages},
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
