"""A database of the line, opened: the records lie in it, and beside them what else a line keeps.

Whoever writes more than one thing that has to be true together does it in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine

from firmline.errors import Code, shortened
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.engine import WAIT_S, open_engine, writing
from firmline.line.records.problems import store_error, told
from firmline.line.records.schema import prepare


class Database:
    """A database whose tables are those of this program; it may be used from any thread.

    Args:
        engine: Of the database, whose tables are prepared.
        where: Its address without a password, for messages.
        path: SQLite's file; ``None``: it is a server.
    """

    def __init__(self, engine: Engine, where: str, *, path: Path | None = None) -> None:
        self._reading = engine
        self._writing = writing(engine)
        self.where = where
        self._path = path
        self._file = None if path is None else _identity(path)

    @classmethod
    def open(cls, address: DatabaseAddress, *, create: bool, wait_s: float = WAIT_S) -> Self:
        """Open a database, and make its tables where there are none.

        Raises:
            StoreError: It is not there, not ours, too new, or cannot be opened.
        """
        where, path = str(address), address.path
        if path is not None:
            _check_file(path, create=create)
        engine = open_engine(address, create=create, wait_s=wait_s)
        try:
            with told(where):
                prepare(engine, where, create=create, path=path)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, where, path=path)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads.

        Raises:
            StoreError: A code ``DFU-REC-...``: the database failed.
        """
        with self._transaction(self._reading) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes, all or nothing; on SQLite one at a time.

        Raises:
            StoreError: A code ``DFU-REC-...``: the database failed, and nothing has changed.
        """
        with self._transaction(self._writing) as connection:
            yield connection

    def close(self) -> None:
        """Let go of the database."""
        with told(self.where):
            self._reading.dispose()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        """All or nothing; a file that was taken away is not written to any more."""
        if self._path is not None and _identity(self._path) != self._file:
            # Its connections would go on writing to a file that has no name.
            raise store_error(Code.DATABASE_GONE, self.where)
        with told(self.where), engine.begin() as connection:
            yield connection


def _check_file(path: Path, *, create: bool) -> None:
    """Before SQLite is asked, which would wait at a pipe and call a folder a file."""
    try:
        is_there = path.exists()
        if is_there and not (path.is_file() and _has_header(path)):
            raise store_error(Code.DATABASE_FOREIGN, shortened(path))
    except OSError:
        is_there = False
    if not is_there and not (create and path.absolute().parent.is_dir()):
        raise store_error(Code.DATABASE_GONE, shortened(path))


def _has_header(path: Path) -> bool:
    """Whether a file is empty, or begins as SQLite's do (sqlite.org, "Database File Format").

    SQLite itself takes a very short text for an empty database, and would write over it.
    """
    with path.open("rb") as file:
        return file.read(16) in (b"", b"SQLite format 3\0")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
