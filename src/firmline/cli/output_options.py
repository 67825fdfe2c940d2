"""The options of every command that carries something out: where its events go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import click

from firmline.cli.parameters import FilePath

_F = TypeVar("_F", bound=Callable[..., Any])


class EvidencePath(FilePath):
    """A file that is written while a unit is at work; ``-`` is none.

    Standard output tells the same events already, as lines or as JSON.
    """

    instead_of_stream: ClassVar[str] = (
        "Events go to standard output with --json, which firmline trace show - reads."
    )


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
