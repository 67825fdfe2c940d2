"""The options of nrfutil that more than one ``firmline dfu`` command takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from firmline.cli.numbers import Number
from firmline.cli.output_options import json_option, trace_option
from firmline.cli.parameters import FilePath
from firmline.cli.recovery_options import recovery_option
from firmline.protocol.requests import MAX_PRN

_F = TypeVar("_F", bound=Callable[..., Any])
_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

MAX_WAIT_S: Final = 3600


def package_option(command: _F) -> _F:
    """Add ``-pkg``."""
    option = click.option(
        *("-pkg", "--package"),
        metavar="FILE",
        type=FilePath(),
        required=True,
        help="The DFU package.",
    )
    return option(command)


def prn_option(command: _F) -> _F:
    """Add ``-prn``, as ``prn``."""
    option = click.option(
        *("-prn", "--packet-receipt-notification"),
        "prn",
        metavar="N",
        type=Number(MAX_PRN),
        default=0,
        show_default=True,
        help="Have the unit confirm every N packets; 0: every object, which is faster and as safe.",
    )
    return option(command)


def connect_delay_option(instead: str, *, is_used: bool = True) -> _Decorator:
    """Add ``-cd``, and say at once that nobody waits for it.

    Args:
        instead: What is done instead.
        is_used: Whether the command is told the number.
    """

    def said(_context: click.Context, _option: click.Parameter, seconds: int | None) -> int | None:
        if seconds:
            click.echo(f"note: -cd is not waited for; {instead}.", err=True)
        return seconds

    return click.option(
        *("-cd", "--connect-delay"),
        metavar="SECONDS",
        type=Number(MAX_WAIT_S),
        callback=said,
        expose_value=is_used,
        help=f"Taken, and not waited for: {instead}.",
    )


def timeout_option(meaning: str) -> _Decorator:
    """Add ``-t``.

    Args:
        meaning: What may take so long.
    """
    return click.option(
        *("-t", "--timeout"),
        metavar="SECONDS",
        type=Number(MAX_WAIT_S, minimum=1),
        help=meaning,
    )


def own_options(command: _F) -> _F:
    """Add what nrfutil lacks: ``verbose``, ``recovers``, ``trace`` and ``as_json``."""
    verbose = click.option(*("-v", "--verbose"), count=True, help="Print every event.")
    return verbose(recovery_option(trace_option(json_option(command))))
