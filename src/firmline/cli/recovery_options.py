"""The options that say how patient an update is, and how much a power cut may cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import click

from firmline.errors import Code, InputError
from firmline.updater.checkpointing import AUTO, LEAST_SPACING_S, MOST_SPACING_S, Spacing
from firmline.updater.timeouts import (
    LEAST_TIMEOUT_S,
    MOST_TIMEOUT_S,
    Timeouts,
    timeout_names,
    with_timeout,
)

_F = TypeVar("_F", bound=Callable[..., None])

OFF: Final = "off"


def recovery_options(command: _F) -> _F:
    """Add the options to a command: ``checkpoint_s`` and ``timeouts``."""
    for option in (
        click.option(
            "--timeout",
            "timeouts",
            metavar="NAME=SECONDS",
            multiple=True,
            callback=lambda _context, _option, texts: read_timeouts(texts),
            help="How long to wait for one thing, e.g. execute=40 or return=120; again for others."
            " The reference lists the names and what is usual.",
        ),
        click.option(
            "--checkpoints",
            "checkpoint_s",
            metavar=f"SECONDS|{AUTO}|{OFF}",
            default=AUTO,
            show_default=True,
            callback=lambda _context, _option, text: read_spacing(text),
            help="After so many seconds of work the unit saves its progress in its flash, so that a"
            f" power cut costs no more. Each saving takes 0.2 to 0.6 s; {AUTO} is after 10 s, and"
            " less often where that would take over 3 % of the time.",
        ),
    ):
        command = option(command)
    return command


def recovery_option(command: _F) -> _F:
    """Add ``--recovery/--no-recovery``, as ``recovers``."""
    option = click.option(
        "--recovery/--no-recovery",
        "recovers",
        default=True,
        show_default=True,
        help="Whether it goes on behind a fault. Without, it ends at the first one and leaves the"
        " unit as it is, as most hosts do: recovery may restart the unit, which clears what a"
        " diagnosis looks at.",
    )
    return option(command)


def read_spacing(text: str) -> Spacing:
    """The value of ``--checkpoints``; ``None``: off.

    Raises:
        InputError: ``USAGE``; it is none of them.
    """
    if text == OFF:
        return None
    if text == AUTO:
        return AUTO
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not LEAST_SPACING_S <= seconds <= MOST_SPACING_S:
        raise InputError(
            Code.USAGE,
            f"--checkpoints {text[:20]} is not {AUTO}, {OFF} or a number of seconds from"
            f" {LEAST_SPACING_S:g} to {MOST_SPACING_S:g}.",
            hint=f"Write --checkpoints {AUTO}, which is usual, or --checkpoints {OFF}.",
        )
    return seconds


def read_timeouts(texts: Sequence[str]) -> Timeouts:
    """The value of all ``--timeout`` of a command line.

    Raises:
        InputError: ``USAGE``; one is no name and seconds, has no such name, or is there twice.
    """
    timeouts = Timeouts()
    given: set[str] = set()
    for text in texts:
        name, equals, number = text.partition("=")
        if not equals or name not in timeout_names():
            raise InputError(
                Code.USAGE,
                f"--timeout {text[:40]} is not NAME=SECONDS with one of the names there are.",
                hint=f"The names are: {', '.join(timeout_names())}.",
            )
        if name in given:
            raise InputError(
                Code.USAGE,
                f"--timeout {name} is given twice.",
                hint="Give each name once; --timeout again for another one.",
            )
        given.add(name)
        timeouts = with_timeout(timeouts, name, _seconds(text, number))
    return timeouts


def _seconds(text: str, number: str) -> float:
    try:
        seconds = float(number)
    except ValueError:
        seconds = -1.0
    if not LEAST_TIMEOUT_S <= seconds <= MOST_TIMEOUT_S:
        raise InputError(
            Code.USAGE,
            f"--timeout {text[:40]} does not name a number of seconds from {LEAST_TIMEOUT_S:g} to"
            f" {MOST_TIMEOUT_S:g}.",
            hint="Write seconds behind the =, such as --timeout execute=40.",
        )
    return seconds
