"""Sweeping a voltage or a resistance until it is known where an update stops working."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from firmline.diagnosis.margin_search import Margin, MarginSearch, Sweep, Tried
from firmline.updater.experiments.runs import Attempt, Keep, Run, RunEnd, counting, trouble


class MarginRuns:
    """An experiment with a sweep.

    Args:
        sweep: What is swept.
        most_runs: Runs that count, at most.
        attempt: Carries out a run.
        keep: Keeps it.
        runs: Those of an experiment that is taken up again.

    Attributes:
        runs: All runs, in order.
        stopped_by: The run that does not count behind which it stopped; ``None``: none did.
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
        self.runs = list(runs)
        self.stopped_by: Run | None = None
        self.sweep = sweep
        self._most_runs = most_runs
        self._attempt = attempt
        self._keep = keep
        self._taken_up = len(self.runs)

    def tried(self) -> list[Tried]:
        """The runs that count."""
        return [
            Tried(value=float(run.condition), failed=run.ended.end is RunEnd.FAIL)
            for run in counting(self.runs)
        ]

    def margin(self) -> Margin:
        """What is known."""
        return MarginSearch(self.sweep, self.tried()).margin()

    def go(self) -> Iterator[Run]:
        """Run until the threshold is known well enough; every run is kept before it is told.

        Raises:
            FirmlineError: No further run can be carried out, or be kept.
            KeyboardInterrupt: A signal to end came; :attr:`runs` has all that were finished.
        """
        while self.stopped_by is None:
            tried = self.tried()
            search = MarginSearch(self.sweep, tried)
            if len(tried) >= self._most_runs or (tried and search.margin().is_found):
                return
            run = self._attempt(search.next_value(), len(self.runs) + 1)
            self._keep(run)
            self.runs.append(run)
            self.stopped_by = trouble(self.runs, since=self._taken_up)
            yield run
