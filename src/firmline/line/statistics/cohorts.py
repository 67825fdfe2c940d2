"""One unit, or a batch? The comparison of the diagnosis, asked of the runs of a line."""

from __future__ import annotations

from collections.abc import Sequence

from firmline.diagnosis.cohort import Comparison, Row
from firmline.diagnosis.cohorts import compare_cohorts
from firmline.line.statistics.readings import JudgedRun


def compare_runs(runs: Sequence[JudgedRun]) -> Comparison:
    """What the units that failed have in common, tested against chance.

    See :func:`~firmline.diagnosis.cohorts.compare_cohorts`.

    Args:
        runs: Runs that came to a verdict, the oldest first.
    """
    has_several = len({each.unit[0] for each in runs}) > 1
    return compare_cohorts(
        Row(
            unit=" ".join(each.unit) if has_several else each.unit[1],
            failed=not each.passed,
            factors=each.factors,
        )
        for each in runs
    )
