"""Running two conditions against one another until it is known whether they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from firmline.diagnosis.comparison import (
    ALPHA,
    LEAST_DIFFERENCE,
    Counted,
    Side,
    Standing,
    Verdict,
    compare,
    next_side,
)
from firmline.updater.experiments.course import Course
from firmline.updater.experiments.runs import Attempt, Keep, Run, RunEnd, counting


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonPlan:
    """How long to go on.

    Attributes:
        most_runs: Runs that count, at most.
        alpha: Chance below which a difference is called none of chance.
        least_difference: Of the shares, below which nothing is looked for.
    """

    most_runs: int
    alpha: float = ALPHA
    least_difference: float = LEAST_DIFFERENCE


class Comparison(Course):
    """An experiment with two conditions.

    Args:
        plan: How long to go on.
        attempt: Carries out a run.
        keep: Keeps it.
        runs: Those of an experiment that is taken up again.
    """

    def __init__(
        self, plan: ComparisonPlan, *, attempt: Attempt, keep: Keep, runs: Sequence[Run] = ()
    ) -> None:
        super().__init__(attempt=attempt, keep=keep, runs=runs)
        self._plan = plan

    def counted(self) -> list[Counted]:
        """The runs that count."""
        return [
            Counted(Side(run.condition), run.ended.end is RunEnd.FAIL)
            for run in counting(self.runs)
            if isinstance(run.condition, str)
        ]

    def failures(self) -> list[Run]:
        """The runs that count of ``a`` that failed: the failure that is in question."""
        return [run for run in counting(self.runs) if _is_failure_of_a(run)]

    def passes_between_failures(self, *, of_a_alone: bool) -> bool:
        """Whether the unit was heard in every failure of ``a``, and passed between two of them.

        Args:
            of_a_alone: Whether the runs of ``b`` are of another unit, or from another host.
        """
        counted = counting(self.runs)
        own = [run for run in counted if not of_a_alone or run.condition == Side.A]
        failed = [place for place, run in enumerate(own) if _is_failure_of_a(run)]
        if not all(own[place].ended.met and own[place].ended.code for place in failed):
            return False  # of a run that was carried out elsewhere nobody says what was heard
        between = own[failed[0] : failed[-1]] if failed else []
        return any(run.ended.end is RunEnd.PASS for run in between)

    def standing(self) -> Standing:
        """Where it stands."""
        plan = self._plan
        return compare(
            self.counted(),
            most_runs=plan.most_runs,
            alpha=plan.alpha,
            least_difference=plan.least_difference,
        )

    @property
    def next_side(self) -> Side:
        """The condition of the next run. A unit that was never heard is tried in both."""
        counted = self.counted()
        if not counted and self.runs and self.runs[-1].ended.end is RunEnd.NOT_MET:
            return Side(str(self.runs[-1].condition)).other
        return next_side(counted)

    def next_condition(self) -> str | None:
        """That of :attr:`next_side`; ``None``: the difference is known, or no run is left."""
        full = len(self.counted()) >= self._plan.most_runs
        if full or self.standing().verdict is not Verdict.OPEN:
            return None
        return self.next_side.value


def _is_failure_of_a(run: Run) -> bool:
    return run.condition == Side.A and run.ended.end is RunEnd.FAIL
