"""The audit trail in a database, beside the records."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select

from firmline.line.audit.base import BEFORE_ALL, PAGE_SIZE
from firmline.line.audit.chain import Actor, AuditEntry, Deed, Head, linked
from firmline.line.records.database import Database
from firmline.line.records.tables import audit_trail

LOCK: Final = 0x464C_6E66
"""Of PostgreSQL's advisory lock, which one of those who add an entry has at a time; ours."""


def enter(connection: Connection, done: Deed) -> AuditEntry:
    """Add the entry of a change, in the transaction of that change, as its last statement.

    In SQLite one writes at a time anyway. In PostgreSQL the second waits here until the first has
    committed; that nobody waits for ever is why nothing is locked behind it.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
    entry = linked(done, _head(connection))
    connection.execute(insert(audit_trail).values(entry.fields))
    return entry


class SqlAudit:
    """The trail of a database.

    Args:
        database: Which.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, done: Deed) -> AuditEntry:
        """See :meth:`~.base.AuditTrail.append`."""
        with self._database.writing() as connection:
            return enter(connection, done)

    def page(
        self, *, after: int = BEFORE_ALL, size: int = PAGE_SIZE, since: str = ""
    ) -> list[AuditEntry]:
        """See :meth:`~.base.AuditTrail.page`."""
        columns = audit_trail.c
        query = (
            select(audit_trail)
            .where(columns.sequence > after, columns.at >= since)
            .order_by(columns.sequence)
            .limit(size)
        )
        with self._database.reading() as connection:
            return [_entry(line) for line in connection.execute(query)]

    def head(self) -> Head:
        """See :meth:`~.base.AuditTrail.head`."""
        with self._database.reading() as connection:
            return _head(connection)


def _head(connection: Connection) -> Head:
    columns = audit_trail.c
    newest = select(columns.sequence, columns.digest).order_by(columns.sequence.desc()).limit(1)
    found = connection.execute(newest).first()
    return Head() if found is None else Head(found.sequence, str(found.digest))


def _entry(line: Row[Any]) -> AuditEntry:
    """What stands there, as text: SQLite would keep anything in any column."""
    return AuditEntry(
        sequence=line.sequence,
        deed=Deed(
            at=str(line.at),
            actor=Actor(name=str(line.actor), role=str(line.role)),
            action=str(line.action),
            subject=str(line.subject),
            details=str(line.details),
        ),
        previous=str(line.previous),
        digest=str(line.digest),
    )
