"""Records in a file of SQLite: on the disk when they are written, and told when they cannot be."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from firmline.errors import Code, StoreError
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.base import every_run
from firmline.line.records.open import open_records
from firmline.line.records.sql import SqlRecords
from firmline.line.records.tables import VERSION_TABLE
from unit.line.records_world import whole_run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a shift?#%41.db"


def opened(path: Path, *, create: bool = True, wait_s: float = 0.05) -> SqlRecords:
    return SqlRecords.open(DatabaseAddress(path=path), create=create, wait_s=wait_s)


def code_of_opening(path: Path, *, create: bool = True) -> Code:
    with pytest.raises(StoreError) as caught:
        opened(path, create=create)
    assert caught.value.message.endswith(".")
    return caught.value.code


def test_records_are_still_there_in_the_next_process(path: Path) -> None:
    first = opened(path)
    first.write(whole_run())
    first.close()
    again = open_records(DatabaseAddress(path=path), create=False)
    assert len([*every_run(again)]) == 1
    again.close()


def test_what_was_written_is_on_the_disk_and_hangs_together(path: Path) -> None:
    records = opened(path)
    with records.database._writing.connect() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "application_id")
        }
    assert told == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "application_id": 0x464C6E65,
    }
    records.close()


def test_a_file_that_is_not_there_is_not_made_for_reading(path: Path) -> None:
    assert code_of_opening(path, create=False) is Code.DATABASE_GONE
    assert not path.exists()
    assert code_of_opening(path / "no" / "folder.db") is Code.DATABASE_GONE


def test_a_folder_and_a_pipe_are_no_database(tmp_path: Path) -> None:
    assert code_of_opening(tmp_path) is Code.DATABASE_FOREIGN
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert code_of_opening(tmp_path / "pipe") is Code.DATABASE_FOREIGN


@pytest.mark.parametrize("content", [b"no database" * 100, b"x", b"SQLite format 3\0" + b"\0" * 99])
def test_a_file_that_is_no_database_is_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert code_of_opening(path) is Code.DATABASE_FOREIGN
    assert path.read_bytes() == content


def test_another_programs_database_is_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY)")
        other.commit()
    before = path.read_bytes()
    assert code_of_opening(path) is Code.DATABASE_FOREIGN
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_an_empty_file_is_no_records_to_read_and_a_place_for_new_ones(path: Path) -> None:
    path.touch()
    assert code_of_opening(path, create=False) is Code.DATABASE_FOREIGN
    opened(path).close()
    opened(path, create=False).close()


def test_a_newer_programs_records_are_left_as_they_are(path: Path) -> None:
    opened(path).close()
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")  # noqa: S608 - a constant
        newer.commit()
    assert code_of_opening(path) is Code.DATABASE_NEWER
    assert code_of_opening(path, create=False) is Code.DATABASE_NEWER


def test_a_damaged_file_is_told(path: Path) -> None:
    records = opened(path)
    records.write(whole_run())
    records.close()
    content = bytearray(path.read_bytes())
    content[4096:] = bytes([0xA5]) * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        opened(path).history("SN-0007")
    assert caught.value.code is Code.DATABASE_DAMAGED


def test_locked_records_are_told_and_nothing_is_lost(path: Path) -> None:
    records = opened(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught:
            records.write(whole_run())
        assert caught.value.code is Code.DATABASE_LOCKED
        assert [*every_run(records)] == [], "who reads does not wait for who writes"
        other.rollback()
    assert records.write(whole_run()).new == 4
    records.close()


@pytest.mark.slow
def test_a_full_disk_keeps_all_of_a_batch_or_nothing(path: Path) -> None:
    records = opened(path)
    records.write(whole_run("north"))
    with records.database._writing.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    many = [row for number in range(200) for row in whole_run("south", 1 + 4 * number)]
    with pytest.raises(StoreError) as caught:
        records.write(many)
    assert caught.value.code is Code.DATABASE_FULL
    assert records.newest("south") == 0
    assert len([*every_run(records)]) == 1
    with records.database._writing.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert records.write(many).new == 800
    records.close()


@pytest.mark.parametrize("moved", [True, False])
def test_a_file_that_is_taken_away_is_not_written_to_any_more(path: Path, *, moved: bool) -> None:
    records = opened(path)
    if moved:
        path.rename(path.with_name("moved.db"))
    else:
        path.unlink()
        path.write_bytes(b"")
    with pytest.raises(StoreError) as caught:
        records.write(whole_run())
    assert caught.value.code is Code.DATABASE_GONE
    records.close()


def test_records_that_may_be_read_only_are_read(path: Path) -> None:
    records = opened(path)
    records.write(whole_run())
    with records.database._writing.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    assert len([*every_run(records)]) == 1
    with pytest.raises(StoreError) as caught:
        records.write(whole_run("south"))
    assert caught.value.code is Code.DATABASE_READ_ONLY
    records.close()


@pytest.mark.skipif(
    os.name == "nt" or getattr(os, "geteuid", lambda: 1)() == 0, reason="root may write anything"
)
def test_a_write_protected_file_is_told(path: Path) -> None:
    opened(path).close()
    path.chmod(stat.S_IRUSR)
    records = opened(path, create=False)
    with pytest.raises(StoreError) as caught:
        records.write(whole_run())
    assert caught.value.code is Code.DATABASE_READ_ONLY
    records.close()


def test_a_word_that_is_no_outcome_is_damage(path: Path) -> None:
    records = opened(path)
    records.write(whole_run())
    with records.database.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET outcome = 'perhaps'")
    with pytest.raises(StoreError, match="perhaps") as caught:
        records.history("SN-0007")
    assert caught.value.code is Code.DATABASE_DAMAGED
    records.close()
