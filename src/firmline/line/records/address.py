"""Where records are: a file of SQLite, or a database of PostgreSQL, as a user names them.

``shift.db``, ``sqlite:///shift.db`` and ``postgresql://user:password@host/name``. What is said of
an address never holds its password.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from firmline.errors import Code, InputError, shortened, uri_without_secrets

SQLITE: Final = "sqlite://"
POSTGRESQL: Final = ("postgresql://", "postgres://")
HINT: Final = "Name a file, or postgresql://USER@HOST/DATABASE."


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAddress:
    """Where a database is.

    Attributes:
        path: Of SQLite's file; ``None``: it is PostgreSQL.
        url: Of PostgreSQL, with whatever password was given; empty: it is SQLite.
    """

    path: Path | None = None
    url: str = ""

    def __repr__(self) -> str:
        """Without the password, also in a traceback."""
        return f"DatabaseAddress({self})"

    @property
    def name(self) -> str:
        """What it is called, without where it is: anybody may read that."""
        if self.path is not None:
            return shortened(self.path.name)
        return shortened(unquote(urlsplit(self.url).path.strip("/")))

    def __str__(self) -> str:
        return shortened(self.path) if self.path else shortened(uri_without_secrets(self.url))


def parse_address(text: str) -> DatabaseAddress:
    """Understand what a user gave as ``--db``.

    Raises:
        InputError: ``DATABASE_ADDRESS``: no such database is known.
    """
    if text.startswith(POSTGRESQL):
        return _postgresql(text)
    if text.startswith(SQLITE):
        text = unquote(text.removeprefix(SQLITE).removeprefix("/"))
    if "://" in text:
        scheme = text.partition("://")[0]
        raise InputError(
            Code.DATABASE_ADDRESS,
            f"Records are not kept in a database of the kind {shortened(scheme)}.",
            hint=HINT,
        )
    if not text or "\0" in text:
        raise InputError(
            Code.DATABASE_ADDRESS, "The address of the database names no file.", hint=HINT
        )
    return DatabaseAddress(path=Path(text))


def _postgresql(text: str) -> DatabaseAddress:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
    except ValueError:
        parts = urlsplit("")
    if not parts.path.strip("/"):
        raise InputError(
            Code.DATABASE_ADDRESS,
            f"The address {shortened(uri_without_secrets(text))} names no database of a server.",
            hint=HINT,
        )
    _, _, rest = text.partition("://")
    return DatabaseAddress(url=f"postgresql://{rest}")
