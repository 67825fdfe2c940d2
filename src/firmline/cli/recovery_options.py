"""The options that say how patient an update is, and how much a power cut may cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import click

from firmline.errors import Code, InputError
from firmline.updater.checkpointing import DEFAULT_SPACING_S

_F = TypeVar("_F", bound=Callable[..., None])

OFF: Final = "off"
LEAST_SPACING_S, MOST_SPACING_S = 1.0, 3600.0


def recovery_options(command: _F) -> _F:
    """Add the options to a command: ``checkpoint_s``."""
    for option in (
        click.option(
            "--checkpoints",
            "checkpoint_s",
            metavar=f"SECONDS|{OFF}",
            default=f"{DEFAULT_SPACING_S:g}",
            show_default=True,
            callback=lambda _context, _option, text: read_spacing(text),
            help="After so many seconds of work the unit saves its progress in its flash, so that a"
            " power cut costs no more; less often where that would take over 3 % of the time.",
        ),
    ):
        command = option(command)
    return command


def read_spacing(text: str) -> float | None:
    """The value of ``--checkpoints``; ``None``: off.

    Raises:
        InputError: ``USAGE``; it is neither.
    """
    if text == OFF:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not LEAST_SPACING_S <= seconds <= MOST_SPACING_S:
        raise InputError(
            Code.USAGE,
            f"--checkpoints {text[:20]} is neither {OFF} nor a number of seconds from"
            f" {LEAST_SPACING_S:g} to {MOST_SPACING_S:g}.",
        )
    return seconds
