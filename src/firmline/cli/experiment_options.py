"""The options that experiments have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import click

from firmline.cli.experiment_attempts import What
from firmline.cli.experiment_person import say
from firmline.cli.files import check_writable, keep_apart, keep_outputs_apart, write_file
from firmline.cli.numbers import Amount, Number
from firmline.cli.output_options import EvidencePath
from firmline.cli.parameters import FilePath
from firmline.cli.recovery_options import recovery_options
from firmline.cli.style import printable
from firmline.errors import Code, FirmlineError, InputError, shortened
from firmline.links.supplies.base import USUAL_LIMIT_A
from firmline.links.target import Target, parse_target

_F = TypeVar("_F", bound=Callable[..., Any])
MOST_RUNS = 1000
"""Bound of ``--runs``; ours."""


def experiment_options(*, runs: int) -> Callable[[_F], _F]:
    """Give a command the argument and options of an experiment.

    Args:
        runs: How many runs there are at most where nobody says.
    """

    def decorate(command: _F) -> _F:
        for option in reversed((*_what_is_run(), *_what_feeds_it(), *_how_long(runs))):
            command = option(command)
        return command

    return decorate


def _what_is_run() -> tuple[Callable[[Any], Any], ...]:
    return (
        click.argument("package", metavar="[ZIP]", type=FilePath(), required=False),
        click.option(
            "--to",
            "target_texts",
            metavar="URI",
            multiple=True,
            help="The unit, as for firmline update.",
        ),
        click.option(
            "--attempt",
            "what",
            type=click.Choice([each.value for each in What]),
            default=What.UPDATE.value,
            show_default=True,
            help="What is done in every run: update sends ZIP; inspect reads the unit; enter takes"
            " it into its bootloader and back; by-hand asks how a run ended that was carried out"
            " elsewhere.",
        ),
        recovery_options,
    )


def _what_feeds_it() -> tuple[Callable[[Any], Any], ...]:
    return (
        click.option(
            "--supply",
            metavar="SUPPLY",
            help="What feeds the unit: person, scpi:RESOURCE (a bench supply), ppk2:PORT (Nordic's"
            " Power Profiler Kit II) or sim (a virtual unit's own).  [default: sim for virtual"
            " units, person for others]",
        ),
        click.option(
            "--limits",
            metavar="LOW..HIGH",
            default="1.7..3.6",
            show_default=True,
            help="Volts between which the unit may be fed; those of an nRF52 at VDD.",
        ),
        click.option(
            "--current-limit",
            "limit_ma",
            metavar="MA",
            type=Amount(1, 1000),
            default=USUAL_LIMIT_A * 1000,
            show_default=True,
            help="Current limit of the supply, milliamperes.",
        ),
        click.option(
            "--accept-power-loss",
            is_flag=True,
            help="The unit may lose its power between runs, and with it what only power holds.",
        ),
    )


def _how_long(runs: int) -> tuple[Callable[[Any], Any], ...]:
    return (
        click.option(
            "--runs",
            "most_runs",
            type=Number(MOST_RUNS, minimum=1),
            default=runs,
            show_default=True,
            help="Runs that count, at most.",
        ),
        click.option(
            "--log",
            metavar="FILE",
            type=EvidencePath(),
            help="Keep every run there, as JSON lines, and its trace beside it; an experiment that"
            " was broken off goes on there.",
        ),
        click.option(
            "--json", "as_json", is_flag=True, help="Print runs and result as JSON lines."
        ),
    )


def read_targets(texts: Sequence[str]) -> list[Target]:
    """The targets that are named.

    Raises:
        InputError: ``TARGET_MALFORMED``.
    """
    scheme = os.environ.get("FIRMLINE_LINK", "")
    return [parse_target(text, default_scheme=scheme) for text in texts]


def check_there_is_a_unit(targets: Sequence[Target], what: What, *, most: int) -> None:
    """See that there is a unit for every run.

    Args:
        targets: That are named.
        what: What is done in every run.
        most: How many there may be.

    Raises:
        InputError: ``OPTION_MISSING`` or ``OPTION_CONFLICT``.
    """
    if not targets and what is not What.BY_HAND:
        raise InputError(
            Code.OPTION_MISSING,
            "--to is missing: it names the unit of every run.",
            hint="Name it; or carry the runs out elsewhere and tell how they ended, with --attempt"
            " by-hand.",
        )
    if len(targets) > most:
        raise InputError(
            Code.OPTION_CONFLICT,
            f"--to is given {len(targets)} times, and at most {most} can be used here.",
            hint="Name the unit once, or once for each of two conditions.",
        )


def check_outputs(package: Path | None, *outputs: Path | None) -> None:
    """See that outputs can be written, before hours are spent on what goes into them.

    Args:
        package: What is read.
        outputs: What is written; ``None`` for an option that was not given.

    Raises:
        InputError: ``OPTION_CONFLICT``: one takes the place of another, or of what is read.
            ``FILE_NOT_WRITABLE``: its folder is not there, or cannot be written.
    """
    named = [each for each in outputs if each is not None]
    for place, output in enumerate(named):
        keep_apart(output, package)
        for other in named[:place]:
            keep_outputs_apart(output, other)
        check_writable(output)


def write_results(outputs: Sequence[tuple[Path | None, bytes]]) -> FirmlineError | None:
    """Write what an experiment has come to; what is there already is left, and told.

    Returns:
        Why one could not be written: what was learned is told all the same.
    """
    problem: FirmlineError | None = None
    for path, content in outputs:
        try:
            if path is not None:
                _write_beside(path, content)
        except FirmlineError as failed:
            problem = problem or failed
    return problem


def _write_beside(path: Path, content: bytes) -> None:
    """Write a file under its name or, where another one has that, under the next: ``m-2.svg``."""
    free = next(each for each in numbered(path, "-") if not os.path.lexists(each))
    write_file(free, content, replace=False)
    if free != path:
        say(
            f"{printable(shortened(path))} was there already and was left as it is; this went to"
            f" {printable(shortened(free))}."
        )


def numbered(path: Path, word: str) -> Iterator[Path]:
    """The path, then ``NAME-2.EXT``, ``NAME-3.EXT`` and so on, with a word for the hyphen."""
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}{word}{number}{path.suffix}")
