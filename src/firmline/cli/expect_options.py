"""The options that say what a new application prints on its serial port."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from firmline.cli.numbers import Amount, Number
from firmline.errors import Code, InputError
from firmline.links.serial.options import MAX_BAUD, MIN_BAUD
from firmline.updater.expectation import Expectation, expectation

_F = TypeVar("_F", bound=Callable[..., None])

MAX_WAIT_S = 3600


def expect_options(command: _F) -> _F:
    """Add the options to a command."""
    for option in reversed(
        (
            click.option(
                "--expect",
                metavar="TEXT",
                help="What the new application, and only that, prints on the serial port: text, or"
                " /regex/. When it is heard after the update, the unit is updated. A text that the"
                " old application prints too would prove nothing: name a version.",
            ),
            click.option(
                "--expect-baud",
                metavar="N",
                type=Number(MAX_BAUD, minimum=MIN_BAUD),
                help="The speed at which it prints.  [default: as the bootloader]",
            ),
            click.option(
                "--expect-timeout",
                metavar="SECONDS",
                type=Amount(0, MAX_WAIT_S),
                help="How long to listen, counted from when the application can run."
                "  [default: 30]",
            ),
        )
    ):
        command = option(command)
    return command


def read_expectation(
    text: str | None, *, baud: int | None, timeout_s: float | None
) -> Expectation | None:
    """The value of the options.

    Raises:
        InputError: ``USAGE`` or ``OPTION_CONFLICT``.
    """
    if text is not None:
        return expectation(text, baud=baud, timeout_s=timeout_s)
    for name, value in (("--expect-baud", baud), ("--expect-timeout", timeout_s)):
        if value is not None:
            raise InputError(
                Code.OPTION_CONFLICT,
                f"{name} means nothing without --expect, which is missing.",
                hint=f"Add --expect TEXT, or leave {name} out.",
            )
    return None
