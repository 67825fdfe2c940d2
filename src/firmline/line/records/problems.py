"""What a database says when something goes wrong, as one sentence with a code."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from firmline.errors import Code, StoreError, without_secrets

SQLITE: Final = {
    "SQLITE_BUSY": Code.DATABASE_LOCKED,
    "SQLITE_LOCKED": Code.DATABASE_LOCKED,
    "SQLITE_FULL": Code.DATABASE_FULL,
    "SQLITE_READONLY": Code.DATABASE_READ_ONLY,
    "SQLITE_PERM": Code.DATABASE_READ_ONLY,
    "SQLITE_CANTOPEN": Code.DATABASE_GONE,
    "SQLITE_NOTADB": Code.DATABASE_FOREIGN,
    "SQLITE_CORRUPT": Code.DATABASE_DAMAGED,
}
"""By the names of SQLite's primary result codes (sqlite.org, "Result and Error Codes")."""
POSTGRESQL: Final = {
    "53100": Code.DATABASE_FULL,
    "25006": Code.DATABASE_READ_ONLY,
    "42501": Code.DATABASE_REFUSED,
    "28": Code.DATABASE_REFUSED,
    "3D000": Code.DATABASE_GONE,
    "40": Code.DATABASE_LOCKED,
    "55P03": Code.DATABASE_LOCKED,
    "57014": Code.DATABASE_LOCKED,
    "08": Code.DATABASE_GONE,
    "57P": Code.DATABASE_GONE,
    "53300": Code.DATABASE_GONE,
    "XX001": Code.DATABASE_DAMAGED,
    "XX002": Code.DATABASE_DAMAGED,
}
"""By SQLSTATE, or its first characters (PostgreSQL's documentation, appendix A)."""
SENTENCES: Final = {
    Code.DATABASE_LOCKED: "The records in {where} are locked by another program.",
    Code.DATABASE_FULL: "There is no space left for the records in {where}.",
    Code.DATABASE_READ_ONLY: "The records in {where} may be read only.",
    Code.DATABASE_GONE: "The database of records {where} is not there, or does not answer.",
    Code.DATABASE_FOREIGN: "{where} is no database of records.",
    Code.DATABASE_DAMAGED: "The database of records {where} is damaged.",
    Code.DATABASE_REFUSED: "The server refuses this user or password for the records in {where}.",
    Code.DATABASE_FAILED: "The database of records {where} failed",
}


@contextmanager
def told(where: str) -> Iterator[None]:
    """Say what is wrong with the database.

    Args:
        where: Its address, without a password.

    Raises:
        StoreError: Its code is one of ``SENTENCES``.
    """
    try:
        yield
    except DBAPIError as problem:
        raise store_error(code_of(problem), where, reason=_reason(problem)) from problem
    except PoolTimeoutError as problem:
        raise store_error(Code.DATABASE_LOCKED, where) from problem
    except ValueError as problem:  # SQLAlchemy's own, of a value that its column cannot hold
        raise store_error(Code.DATABASE_DAMAGED, where, reason=str(problem)) from problem
    except SQLAlchemyError as problem:
        raise store_error(Code.DATABASE_FAILED, where, reason=type(problem).__name__) from problem


def store_error(code: Code, where: str, *, reason: str = "") -> StoreError:
    """The error of a database."""
    sentence = SENTENCES[code].format(where=where)
    if not sentence.endswith("."):
        sentence += f": {reason}." if reason else "."
    return StoreError(code, sentence, database=where, reason=reason)


def code_of(problem: DBAPIError) -> Code:
    """The code of what a driver raised."""
    original = problem.orig
    if isinstance(original, sqlite3.Error):
        name = getattr(original, "sqlite_errorname", None) or ""
        primary = "_".join(name.split("_")[:2])
        return SQLITE.get(primary, Code.DATABASE_FAILED)
    state = getattr(original, "sqlstate", None)
    if not state:  # no answer of a server
        is_road = problem.connection_invalidated or type(original).__name__ in ROADS
        return _of_the_road(original) if is_road else Code.DATABASE_FAILED
    return next(
        (POSTGRESQL[state[:length]] for length in (5, 3, 2) if state[:length] in POSTGRESQL),
        Code.DATABASE_FAILED,
    )


ROADS: Final = {"OperationalError", "ConnectionTimeout", "InterfaceError"}
"""What psycopg raises where no server answered."""
_REFUSALS: Final = ("password authentication failed", "no password supplied", "pg_hba.conf")
"""libpq's words; while connecting there is no SQLSTATE."""


def _of_the_road(original: BaseException | None) -> Code:
    said = str(original)
    if any(words in said for words in _REFUSALS):
        return Code.DATABASE_REFUSED
    return Code.DATABASE_GONE


def _reason(problem: DBAPIError) -> str:
    """What the driver says, in one line and without a password."""
    lines = str(problem.orig).strip().splitlines()
    return without_secrets(lines[0].rstrip("."))[:200] if lines else ""
