"""Engines: how the two databases are opened so that what was written is on the disk.

SQLite: write-ahead log, ``synchronous=FULL``, foreign keys on, and writers that begin with
``BEGIN IMMEDIATE``: one that began as a reader could not wait for another writer
(sqlite.org, "Isolation In SQLite" and "Write-Ahead Logging").
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool

from firmline.line.records.address import DatabaseAddress

WAIT_S: Final = 5.0
"""How long somebody waits for another writer, or for a server, seconds; ours."""
APPLICATION_ID: Final = 0x464C_6E65
"""In the header of SQLite's file: "FLne"; by it ``file`` and firmline know a file of records."""
BEGIN: Final = "firmline_begin"
"""The execution option that says how a transaction begins in SQLite."""


def open_engine(address: DatabaseAddress, *, create: bool, wait_s: float = WAIT_S) -> Engine:
    """An engine for this address; nothing is connected yet.

    Args:
        address: Where the database is.
        create: Whether SQLite's file may be made.
        wait_s: How long to wait for another writer, or for the server, seconds.
    """
    if address.path is not None:
        return _sqlite(address.path, create=create, wait_s=wait_s)
    return _postgresql(address.url, wait_s=wait_s)


def writing(engine: Engine) -> Engine:
    """The same engine for transactions that write."""
    return engine.execution_options(**{BEGIN: "BEGIN IMMEDIATE"})


def _sqlite(path: Path, *, create: bool, wait_s: float) -> Engine:
    uri = f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=QueuePool)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(BEGIN, "BEGIN"))


def _postgresql(url: str, *, wait_s: float) -> Engine:
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    given = parsed.normalized_query.get("options", ())
    options = (f"-c lock_timeout={int(wait_s * 1000)}", "-c timezone=UTC", *given)
    return create_engine(
        parsed.difference_update_query(["options"]),
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": max(2, round(wait_s)),
            "application_name": "firmline",
            "options": " ".join(options),  # of two that contradict the last counts: the user's
        },
    )
