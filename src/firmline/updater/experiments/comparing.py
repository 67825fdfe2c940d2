"""Running two conditions against one another until it is known whether they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from firmline.updater.experiments.runs import Attempt, Keep, Run, RunEnd, counting, trouble


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


class Comparison:
    """An experiment with two conditions.

    Args:
        plan: How long to go on.
        attempt: Carries out a run.
        keep: Keeps it.
        runs: Those of an experiment that is taken up again.

    Attributes:
        runs: All runs, in order.
        stopped_by: The run that does not count behind which it stopped; ``None``: none did.
    """

    def __init__(
        self, plan: ComparisonPlan, *, attempt: Attempt, keep: Keep, runs: Sequence[Run] = ()
    ) -> None:
        self.runs = list(runs)
        self.stopped_by: Run | None = None
        self._plan = plan
        self._attempt = attempt
        self._keep = keep
        self._taken_up = len(self.runs)

    def counted(self) -> list[Counted]:
        """The runs that count."""
        return [
            Counted(Side(run.condition), run.ended.end is RunEnd.FAIL)
            for run in counting(self.runs)
            if isinstance(run.condition, str)
        ]

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

    def is_over(self) -> bool:
        """Whether no further run is needed, or allowed."""
        if self.stopped_by is not None:
            return True
        full = len(self.counted()) >= self._plan.most_runs
        return full or self.standing().verdict is not Verdict.OPEN

    def go(self) -> Iterator[Run]:
        """Run until it is over; every run is kept before it is told.

        Raises:
            FirmlineError: No further run can be carried out, or be kept.
            KeyboardInterrupt: A signal to end came; :attr:`runs` has all that were finished.
        """
        while not self.is_over():
            run = self._attempt(self.next_side.value, len(self.runs) + 1)
            self._keep(run)
            self.runs.append(run)
            self.stopped_by = trouble(self.runs, since=self._taken_up)
            yield run
