"""Carrying out an experiment to its end, whatever breaks it off: what was learned is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from firmline.cli.experiment_person import StoppedByPersonError
from firmline.cli.interruption import interruptions
from firmline.errors import Code, ExitCode, FirmlineError, TransportError, TransportReason
from firmline.updater.experiments.runs import Run


class Stopped(StrEnum):
    """Why no further run was carried out."""

    DECIDED = "decided"
    BOUND = "bound"
    PERSON = "person"
    INTERRUPTED = "interrupted"
    STATION = "station"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conducted:
    """How an experiment ended.

    Attributes:
        stopped: Why.
        error: What broke it off; ``None``: nothing went wrong.
    """

    stopped: Stopped
    error: FirmlineError | None = None

    @property
    def exit_code(self) -> ExitCode:
        """Of the command."""
        if self.stopped is Stopped.INTERRUPTED:
            return ExitCode.INTERRUPTED
        return ExitCode.DONE if self.error is None else self.error.exit_code


class Experiment(Protocol):
    """Runs, one after another."""

    stopped_by: Run | None

    def go(self) -> Iterator[Run]:
        """Run until it is over."""


def conduct(
    experiment: Experiment, *, tell: Callable[[Run], None], is_decided: Callable[[], bool]
) -> Conducted:
    """Run it to its end.

    Args:
        experiment: Which.
        tell: Tells a run, and where the experiment stands behind it.
        is_decided: Whether it is known by now what was asked.
    """
    try:
        for run in experiment.go():
            tell(run)
    except KeyboardInterrupt:
        interruptions.over()  # it is being told where the experiment stands, and that is told once
        return Conducted(stopped=Stopped.INTERRUPTED, error=_interrupted())
    except StoppedByPersonError:
        return Conducted(stopped=Stopped.PERSON)
    except FirmlineError as error:
        return Conducted(stopped=Stopped.STATION, error=error)
    last = experiment.stopped_by
    if last is not None:
        return Conducted(stopped=Stopped.STATION, error=_of_the_station(last))
    return Conducted(stopped=Stopped.DECIDED if is_decided() else Stopped.BOUND)


def _interrupted() -> TransportError:
    return TransportError(
        Code.INTERRUPTED,
        "The experiment was interrupted.",
        reason=TransportReason.LOST,
        hint="Run the same command again; with --log it goes on where it was.",
    )


def _of_the_station(run: Run) -> TransportError | None:
    """Why the experiment stopped behind runs that did not count."""
    if not run.ended.code:  # a person has left them out
        return None
    return TransportError(
        Code(run.ended.code),
        f"The last runs did not count, and no more are tried: {run.ended.message}",
        reason=TransportReason.NOT_AVAILABLE,
    )
