"""The audit trail in a database: with the change that it tells, and against who would change it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import insert, text

from firmline.errors import StoreError
from firmline.line.audit.base import every_entry
from firmline.line.audit.chain import NOTHING, Fault, Head, verify
from firmline.line.audit.sql import SqlAudit, enter
from firmline.line.records.address import DatabaseAddress, parse_address
from firmline.line.records.database import Database
from firmline.line.records.tables import audit_trail
from unit.line.audit_world import done


@pytest.fixture
def kept(database: Database) -> Database:
    """With three entries."""
    trail = SqlAudit(database)
    for number in range(3):
        trail.append(done(f"unit-{number}"))
    return database


COPIED = "at, actor, role, action, subject, details, previous, digest FROM audit_trail"
FORBIDDEN = [
    "UPDATE audit_trail SET subject = 'x' WHERE sequence = 2",
    "DELETE FROM audit_trail WHERE sequence = 3",
    "DELETE FROM audit_trail",
    f"INSERT INTO audit_trail SELECT 9, {COPIED} WHERE sequence = 3",
    f"INSERT INTO audit_trail SELECT 4, {COPIED} WHERE sequence = 3",
    f"INSERT INTO audit_trail SELECT 0, {COPIED} WHERE sequence = 1",
]


@pytest.mark.slow
@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_database_refuses_to_change_what_is_kept(kept: Database, statement: str) -> None:
    before = [*every_entry(SqlAudit(kept))]
    with pytest.raises(StoreError, match="audit trail"), kept.writing() as connection:
        connection.execute(text(statement))
    assert [*every_entry(SqlAudit(kept))] == before


def test_sqlite_refuses_to_replace_and_postgresql_to_empty(kept: Database) -> None:
    with kept.reading() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
    replacing = (
        "INSERT OR REPLACE INTO audit_trail SELECT 2, at, actor, role, action, 'x', details,"
        " previous, digest FROM audit_trail WHERE sequence = 2"
    )
    statement = replacing if is_sqlite else "TRUNCATE audit_trail"
    with pytest.raises(StoreError, match="audit trail"), kept.writing() as connection:
        connection.execute(text(statement))
    assert verify(every_entry(SqlAudit(kept))).head.sequence == 3


def test_an_entry_goes_with_the_change_that_it_tells(kept: Database) -> None:
    def fail_behind_it() -> None:
        with kept.writing() as connection:
            enter(connection, done("never"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_behind_it()
    with kept.writing() as connection:
        enter(connection, done("both"))
        enter(connection, done("of them"))
    entries = [*every_entry(SqlAudit(kept))]
    assert [entry.deed.subject for entry in entries[3:]] == ["both", "of them"]
    assert verify(entries).holds


@pytest.mark.slow
def test_a_second_writer_waits_for_the_first(kept: Database) -> None:
    entered, go = Event(), Event()

    def first() -> None:
        with kept.writing() as connection:
            enter(connection, done("first"))
            entered.set()
            assert go.wait(10)

    thread = Thread(target=first)
    thread.start()
    assert entered.wait(10)
    second = Thread(target=SqlAudit(kept).append, args=(done("second"),))
    second.start()
    second.join(0.2)
    assert second.is_alive(), "it waits"
    go.set()
    thread.join()
    second.join()
    entries = [*every_entry(SqlAudit(kept))]
    assert [entry.deed.subject for entry in entries[3:]] == ["first", "second"]
    assert verify(entries).holds


def without_triggers(database: Database) -> None:
    """As somebody who owns the database can make it."""
    with database.writing() as connection:
        if connection.dialect.name == "sqlite":
            for name in ("no_update", "no_delete", "in_order"):
                connection.execute(text(f"DROP TRIGGER audit_trail_{name}"))
        else:
            connection.execute(text("ALTER TABLE audit_trail DISABLE TRIGGER USER"))


OWNERS = {
    "UPDATE audit_trail SET subject = 'x' WHERE sequence = 2": (2, Fault.CHANGED),
    "UPDATE audit_trail SET at = 'no time' WHERE sequence = 3": (3, Fault.CHANGED),
    "UPDATE audit_trail SET previous = 'nothing' WHERE sequence = 1": (1, Fault.CHANGED),
    "DELETE FROM audit_trail WHERE sequence = 1": (1, Fault.MISSING),
    "UPDATE audit_trail SET sequence = -1 WHERE sequence = 1": (1, Fault.MISSING),
}


@pytest.mark.slow
@pytest.mark.parametrize(("statement", "found"), OWNERS.items())
def test_what_the_owner_of_the_database_changes_shows(
    kept: Database, statement: str, found: tuple[int, Fault]
) -> None:
    without_triggers(kept)
    with kept.writing() as connection:
        connection.execute(text(statement))
    verified = verify(every_entry(SqlAudit(kept)))
    assert (verified.broken_at, verified.fault) == found


def test_an_entry_before_the_first_is_seen_too(kept: Database) -> None:
    without_triggers(kept)
    line = dict.fromkeys(("actor", "role", "action", "subject", "details", "at"), "x")
    with kept.writing() as connection:
        values = {"sequence": 0, "previous": NOTHING, "digest": "f" * 64, **line}
        connection.execute(insert(audit_trail).values(values))
    assert verify(every_entry(SqlAudit(kept))).fault is Fault.MISSING


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shift.db"
    with closing(Database.open(DatabaseAddress(path=path), create=True)) as opened:
        SqlAudit(opened).append(done())
    return path


def test_sqlite_keeps_the_chain_against_other_programs_as_well(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        with pytest.raises(sqlite3.IntegrityError, match="neither changed nor removed"):
            other.execute("DELETE FROM audit_trail")
        with pytest.raises(sqlite3.IntegrityError, match="neither changed nor removed"):
            other.execute("UPDATE audit_trail SET digest = 'x'")


def test_the_trail_goes_on_behind_what_is_there(file: Path) -> None:
    with closing(Database.open(parse_address(str(file)), create=False)) as again:
        trail = SqlAudit(again)
        first = trail.head()
        assert first.sequence == 1
        assert trail.append(done("next")).previous == first.digest
        assert trail.head() != Head()
