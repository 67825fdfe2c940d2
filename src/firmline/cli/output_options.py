"""The options of every command that carries something out: where its events go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from firmline.cli.parameters import FilePath, option_name
from firmline.errors import Code, InputError

_F = TypeVar("_F", bound=Callable[..., Any])
STANDARD_STREAM: Final = "-"
"""What many programs take for standard output."""


class EvidencePath(FilePath):
    """A file that is written while a unit is at work; ``-`` is none.

    Standard output tells the same events already, as lines or as JSON.
    """

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - click's signature
        """Parse the text of an option."""
        if value == STANDARD_STREAM:
            raise InputError(
                Code.USAGE,
                f"{option_name(param)} has to name a file; {STANDARD_STREAM} is none.",
                hint="Events go to standard output with --json, which firmline trace show - reads.",
            )
        return super().convert(value, param, ctx)


def trace_option(command: _F) -> _F:
    """Add ``--trace`` to a command."""
    option = click.option(
        "--trace",
        metavar="FILE",
        type=EvidencePath(),
        help="Keep every event there, as JSON lines.",
    )
    return option(command)


def json_option(command: _F) -> _F:
    """Add ``--json`` to a command that has events and a result."""
    option = click.option(
        "--json", "as_json", is_flag=True, help="Print events and result as JSON lines."
    )
    return option(command)
