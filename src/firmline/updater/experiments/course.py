"""The course of an experiment: run after run, each kept before it is told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from firmline.updater.experiments.runs import Attempt, Keep, Run, trouble


class Course(ABC):
    """An experiment that is carried out.

    Args:
        attempt: Carries out a run.
        keep: Keeps it.
        runs: Those of an experiment that is taken up again.

    Attributes:
        runs: All runs, in order.
        stopped_by: The run that does not count behind which it stopped; ``None``: none did.
    """

    def __init__(self, *, attempt: Attempt, keep: Keep, runs: Sequence[Run] = ()) -> None:
        self.runs = list(runs)
        self.stopped_by: Run | None = None
        self._attempt = attempt
        self._keep = keep
        self._taken_up = len(self.runs)

    @abstractmethod
    def next_condition(self) -> str | float | None:
        """The condition of the next run; ``None``: no further run is needed, or allowed."""

    def go(self) -> Iterator[Run]:
        """Run until it is over; every run is kept before it is told.

        Raises:
            FirmlineError: No further run can be carried out, or be kept.
            KeyboardInterrupt: A signal to end came; :attr:`runs` has all that were finished.
        """
        while self.stopped_by is None and (condition := self.next_condition()) is not None:
            run = self._attempt(condition, len(self.runs) + 1)
            self._keep(run)
            self.runs.append(run)
            self.stopped_by = trouble(self.runs, since=self._taken_up)
            yield run
