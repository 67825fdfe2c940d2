"""A report of a line: what its records are asked for, and what that comes to.

The records are read; all else is :mod:`firmline.line.statistics`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from firmline.diagnosis.cohort import Comparison
from firmline.errors import Code, InputError
from firmline.line.doubts import Doubted, doubted_units
from firmline.line.records.base import EVERY_RUN, NEWEST, Records, RunFilter
from firmline.line.statistics.capability import Capability, capability
from firmline.line.statistics.charts import ControlCharts, control_charts
from firmline.line.statistics.cohorts import compare_runs
from firmline.line.statistics.grouping import By
from firmline.line.statistics.pareto import Pareto, What, of_stations, of_units, pareto
from firmline.line.statistics.readings import Series, series_of
from firmline.line.statistics.rules import RuleSet
from firmline.line.statistics.yields import Yields, yields


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measurement of the newest runs.

    Attributes:
        series: Its readings.
        capability: How it fits between its limits.
        charts: What it does in time; None: there are too few readings.
    """

    series: Series
    capability: Capability
    charts: ControlCharts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReport:
    """What the runs of a line come to.

    Attributes:
        by: What its groups are; None: it is not divided.
        yields: The yields.
        doubted: Units whose serial numbers may stand for two.
        failures: Runs that ended in FAIL, by cause, by phase and by code.
        stoppages: Runs that ended in ERROR, TIMEOUT or ABORTED, by phase and by code.
        newest: How many of the newest runs with a verdict what follows is made of.
        measured: What they have measured, by step and measurement.
        comparison: Whether it is one unit or a batch.
    """

    by: By | None
    yields: Yields
    doubted: Doubted
    failures: tuple[Pareto, ...]
    stoppages: tuple[Pareto, ...]
    newest: int
    measured: tuple[Measured, ...]
    comparison: Comparison


def line_report(
    records: Records,
    wanted: RunFilter = EVERY_RUN,
    *,
    by: By | None = None,
    newest: int = NEWEST,
    rules: RuleSet = RuleSet.WESTERN_ELECTRIC,
    where: str = "here",
) -> LineReport:
    """The report of the runs that are wanted.

    Args:
        records: Where they are.
        wanted: Which.
        by: What it is divided by.
        newest: How many of the newest runs charts, capabilities and the comparison look at.
        rules: The run rules of the charts.
        where: What the records are called, for the message.

    Raises:
        InputError: ``NO_RUNS``: there is no such run.
        StoreError: The records cannot be read.
    """
    # Beside each other: a database works while Python waits, and with two cores it is done sooner.
    with ThreadPoolExecutor(max_workers=1) as beside:
        counted = beside.submit(records.counts, wanted, by_hour=by is not None and by.is_time)
        troubles = records.troubles(wanted)
        judged = records.judged(wanted, most=newest)
        measured = tuple(
            Measured(
                series=series,
                capability=capability(series),
                charts=control_charts(series, by=by, rules=rules),
            )
            for series in series_of(records.readings(wanted, most=newest))
        )
        comparison = compare_runs(judged)
        doubted = doubted_units(records, wanted, newest=newest)
        told = yields(counted.result(), by)
    if not told.whole.runs:
        raise InputError(
            Code.NO_RUNS,
            f"The records in {where} hold no run that was asked for."
            + (f" {told.golden} on golden samples count nowhere." if told.golden else ""),
            hint="firmline line export --db ... shows which there are; ask for more of them.",
        )
    failed, stopped = of_units(troubles), of_stations(troubles)
    return LineReport(
        by=by,
        yields=told,
        doubted=doubted,
        failures=tuple(pareto(failed, what) for what in What),
        stoppages=tuple(pareto(stopped, what) for what in (What.PHASE, What.CODE)),
        newest=len(judged),
        measured=measured,
        comparison=comparison,
    )
