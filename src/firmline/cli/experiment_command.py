"""What the commands of experiments have in common: what they read, and how they come to an end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click

from firmline.cli.experiment_attempts import AttemptOptions, Attempts, What, attempts_of
from firmline.cli.experiment_bench import SupplyOptions, opened, wanted_units
from firmline.cli.experiment_conduct import Conducted, Experiment, conduct
from firmline.cli.experiment_file import RunsFile
from firmline.cli.experiment_options import check_outputs, check_there_is_a_unit, read_targets
from firmline.cli.experiment_person import say as tell_person
from firmline.cli.experiment_records import IsCondition
from firmline.cli.failures import say
from firmline.cli.style import printable
from firmline.errors import ExitCode, FirmlineError
from firmline.links.supplies.base import Supply
from firmline.links.supplies.uri import parse_limits
from firmline.links.supplies.virtual import VirtualSupply
from firmline.links.target import Target
from firmline.links.wanted import WantedTarget
from firmline.updater.experiments.runs import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What an experiment is run with; its files are read, and nothing was switched yet.

    Attributes:
        what: What is done in every run.
        targets: The units as they were named.
        wanted: The same, with what they name.
        attempts: What is done in every run, ready.
        supply: What feeds the unit; not open.
        supply_options: How.
        log: Where runs are kept.
        most_runs: Runs that count, at most.
    """

    what: What
    targets: Sequence[Target]
    wanted: Sequence[WantedTarget]
    attempts: Attempts
    supply: Supply
    supply_options: SupplyOptions
    log: Path | None
    most_runs: int

    @classmethod
    def of(
        cls, options: Mapping[str, Any], *, most_targets: int, outputs: Sequence[Path | None]
    ) -> Equipment:
        """Read everything that the options of all experiments name.

        Args:
            options: As click gives them.
            most_targets: Units there may be.
            outputs: What is written besides the log.

        Raises:
            InputError: Something cannot be used.
        """
        what = What(options["what"])
        targets = read_targets(options["target_texts"])
        check_there_is_a_unit(targets, what, most=most_targets)
        check_outputs(options["package"], options["log"], *outputs)
        supply_options = SupplyOptions(
            uri=options["supply"],
            limits=parse_limits(options["limits"]),
            limit_a=options["limit_ma"] / 1000,
            accepts_power_loss=options["accept_power_loss"],
        )
        attempt_options = AttemptOptions(
            what=what,
            package=options["package"],
            timeouts=options["timeouts"],
            checkpoint_s=options["checkpoint_s"],
        )
        return cls(
            what=what,
            targets=targets,
            supply=supply_options.supply(targets),
            supply_options=supply_options,
            attempts=attempts_of(attempt_options, targets=targets),
            wanted=wanted_units(targets, log=options["log"], package=options["package"]),
            log=options["log"],
            most_runs=options["most_runs"],
        )

    @property
    def units(self) -> list[str]:
        """The units, safe to print and to keep."""
        return [printable(each.target.shown) for each in self.wanted]

    def header(self) -> dict[str, object]:
        """What has to be the same when an experiment is taken up again."""
        return {
            "units": self.units,
            "attempt": self.what.value,
            "package_sha256": self.attempts.package_sha256,
        }

    def have_power_loss_accepted(self) -> None:
        """Warn of what a real unit would lose.

        Raises:
            InputError: ``POWER_LOSS_NOT_ACCEPTED``.
        """
        if not isinstance(self.supply, VirtualSupply):
            self.supply_options.have_power_loss_accepted()


@contextmanager
def runs_kept(
    path: Path | None, header: Mapping[str, object], *, is_condition: IsCondition
) -> Iterator[RunsFile | None]:
    """The file of runs, if one is wanted; what was noticed when it was read is told.

    Args:
        path: Where; ``None``: none is.
        header: What the experiment is.
        is_condition: Whether it has such a condition.

    Raises:
        InputError: It cannot be taken up.
        StoreError: It cannot be written.
    """
    if path is None:
        yield None
        return
    with RunsFile(path, header, is_condition=is_condition) as log:
        for note in log.notes:
            tell_person(printable(note))
        yield log


def no_file(_run: Run) -> None:
    """Keeps a run where nobody wants it kept."""


def carry_out(
    experiment: Experiment,
    equipment: Equipment,
    *,
    loses_power: bool,
    heading: str,
    tell: Callable[[Run], None],
    is_decided: Callable[[], bool],
    tell_result: Callable[[Conducted, Sequence[str]], FirmlineError | None],
) -> NoReturn:
    """Run an experiment to its end; ends the command with its exit code.

    Args:
        experiment: Which.
        equipment: What it is run with.
        loses_power: Whether a real unit loses its power in it, which has to be accepted.
        heading: What is going to be done; empty: nobody reads it.
        tell: Tells a run.
        is_decided: Whether it is known by now what was asked.
        tell_result: Tells what it has come to, with how it ended and in which state the supply was
            left; returns why something could not be written.

    Raises:
        TransportError: The supply cannot be opened.
        InputError: ``POWER_LOSS_NOT_ACCEPTED``.
    """
    left: list[str] = []
    with opened(equipment.supply, left):
        if loses_power:  # asked last: whatever else is wrong is told first
            equipment.have_power_loss_accepted()
        if heading:
            click.echo(heading)
        ended = conduct(experiment, tell=tell, is_decided=is_decided)
    unwritten: FirmlineError | None = None
    with suppress(BrokenPipeError):  # the exit code still says how it ended
        unwritten = tell_result(ended, left)
    for problem in filter(None, (ended.error, unwritten)):
        say(problem)
    lost = unwritten.exit_code if unwritten else ExitCode.DONE
    raise click.exceptions.Exit(ended.exit_code or lost)
