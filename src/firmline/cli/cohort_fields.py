"""Cohorts for programs: units that have something in common."""

from __future__ import annotations

from firmline.diagnosis.cohort import Cohort


def cohort_fields(cohort: Cohort) -> dict[str, object]:
    """One cohort, beside all others."""
    return {
        "factor": cohort.factor,
        "relation": cohort.relation.value,
        "value": cohort.value,
        "failed": cohort.failed,
        "units": cohort.units,
        "other_failed": cohort.other_failed,
        "other_units": cohort.other_units,
        "both": cohort.both,
        "only_with": cohort.only_with,
        "only_without": cohort.only_without,
        "chance": cohort.chance,
        "corrected": cohort.corrected,
        "stands_out": cohort.stands_out,
    }
