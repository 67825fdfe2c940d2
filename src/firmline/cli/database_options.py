"""``--db`` of the commands that work on what lies beside the records, and the opening of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from firmline.cli.files import remember_input

if TYPE_CHECKING:
    from firmline.line.records.database import Database

_F = TypeVar("_F", bound=Callable[..., Any])


def database_option(command: _F) -> _F:
    """Add ``--db`` to a command."""
    option = click.option(
        "--db",
        metavar="DATABASE",
        required=True,
        help="A file of records, or postgresql://USER@HOST/DATABASE.",
    )
    return option(command)


@contextmanager
def opened(db: str, *, create: bool = False) -> Iterator[Database]:
    """The database at this address; no output of the command takes the place of its file.

    Raises:
        StoreError: It cannot be used.
        TransportError: ``LINK_EXTRA_MISSING``: the extra firmline[line] is not installed.
    """
    from firmline.line.records.address import parse_address  # noqa: PLC0415 - not for help
    from firmline.line.records.open import open_records  # noqa: PLC0415

    address = parse_address(db)
    if address.path is not None:
        remember_input(address.path)
    with closing(open_records(address, create=create)) as records:
        yield records.database
