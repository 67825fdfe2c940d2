"""A report of a line: what its records are asked for, and what that comes to.

The records are read; all else is :mod:`firmline.line.statistics`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from firmline.errors import Code, InputError
from firmline.line.records.base import EVERY_RUN, Records, RunFilter
from firmline.line.statistics.grouping import By
from firmline.line.statistics.pareto import Pareto, What, of_stations, of_units, pareto
from firmline.line.statistics.yields import Yields, yields


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReport:
    """What the runs of a line come to.

    Attributes:
        by: What its groups are; None: it is not divided.
        yields: The yields.
        failures: Runs that ended in FAIL, by cause, by phase and by code.
        stoppages: Runs that ended in ERROR, TIMEOUT or ABORTED, by phase and by code.
    """

    by: By | None
    yields: Yields
    failures: tuple[Pareto, ...]
    stoppages: tuple[Pareto, ...]


def line_report(
    records: Records, wanted: RunFilter = EVERY_RUN, *, by: By | None = None, where: str = "here"
) -> LineReport:
    """The report of the runs that are wanted.

    Args:
        records: Where they are.
        wanted: Which.
        by: What it is divided by.
        where: What the records are called, for the message.

    Raises:
        InputError: ``NO_RUNS``: there is no such run.
        StoreError: The records cannot be read.
    """
    # Beside each other: the database works while Python waits, and on two cores it is done sooner.
    with ThreadPoolExecutor(max_workers=1) as beside:
        troubles_later = beside.submit(records.troubles, wanted)
        told = yields(records.counts(wanted, by_hour=by is not None and by.is_time), by)
        troubles = troubles_later.result()
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
        failures=tuple(pareto(failed, what) for what in What),
        stoppages=tuple(pareto(stopped, what) for what in (What.PHASE, What.CODE)),
    )
