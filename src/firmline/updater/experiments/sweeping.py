"""Sweeping a voltage or a resistance until it is known where an update stops working."""

from __future__ import annotations

from collections.abc import Sequence

from firmline.diagnosis.margin_search import Margin, MarginSearch, Sweep, Tried
from firmline.updater.experiments.course import Course
from firmline.updater.experiments.runs import Attempt, Keep, Run, RunEnd, counting


class MarginRuns(Course):
    """An experiment with a sweep.

    Args:
        sweep: What is swept.
        most_runs: Runs that count, at most.
        attempt: Carries out a run.
        keep: Keeps it.
        runs: Those of an experiment that is taken up again.
    """

    def __init__(
        self,
        sweep: Sweep,
        *,
        most_runs: int,
        attempt: Attempt,
        keep: Keep,
        runs: Sequence[Run] = (),
    ) -> None:
        super().__init__(attempt=attempt, keep=keep, runs=runs)
        self.sweep = sweep
        self._most_runs = most_runs

    def tried(self) -> list[Tried]:
        """The runs that count."""
        return [
            Tried(value=float(run.condition), failed=run.ended.end is RunEnd.FAIL)
            for run in counting(self.runs)
        ]

    def margin(self) -> Margin:
        """What is known."""
        return MarginSearch(self.sweep, self.tried()).margin()

    def next_condition(self) -> float | None:
        """The value of the next run; ``None``: the threshold is known, or no run is left."""
        tried = self.tried()
        search = MarginSearch(self.sweep, tried)
        if len(tried) >= self._most_runs or (tried and search.margin().is_found):
            return None
        return search.next_value()
