"""What a driver raises, as one of our codes: also what cannot be brought about in a test."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from firmline.errors import Code, StoreError
from firmline.line.records.problems import told


def raised(problem: Exception) -> StoreError:
    with pytest.raises(StoreError) as caught, told("shift.db"):
        raise problem
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message
    return caught.value


def of_driver(original: Exception) -> DBAPIError:
    return DBAPIError("INSERT", None, original)


@pytest.mark.parametrize(
    ("original", "code"),
    [
        (errors.DiskFull(), Code.DATABASE_FULL),
        (errors.ReadOnlySqlTransaction(), Code.DATABASE_READ_ONLY),
        (errors.InsufficientPrivilege(), Code.DATABASE_REFUSED),
        (errors.InvalidPassword(), Code.DATABASE_REFUSED),
        (errors.DeadlockDetected(), Code.DATABASE_LOCKED),
        (errors.SerializationFailure(), Code.DATABASE_LOCKED),
        (errors.LockNotAvailable(), Code.DATABASE_LOCKED),
        (errors.AdminShutdown(), Code.DATABASE_GONE),
        (errors.TooManyConnections(), Code.DATABASE_GONE),
        (errors.DataCorrupted(), Code.DATABASE_DAMAGED),
        (errors.DivisionByZero(), Code.DATABASE_FAILED),
        (psycopg.OperationalError("connection failed: nobody"), Code.DATABASE_GONE),
        (
            psycopg.OperationalError('FATAL:  password authentication failed for user "line"'),
            Code.DATABASE_REFUSED,
        ),
        (psycopg.ProgrammingError("the connection cannot do that"), Code.DATABASE_FAILED),
        (sqlite3.ProgrammingError("a thread's mistake"), Code.DATABASE_FAILED),
    ],
)
def test_what_a_driver_raises_has_a_code(original: Exception, code: Code) -> None:
    assert raised(of_driver(original)).code is code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SQLITE_BUSY_SNAPSHOT", Code.DATABASE_LOCKED),
        ("SQLITE_CORRUPT_INDEX", Code.DATABASE_DAMAGED),
        ("SQLITE_READONLY_DIRECTORY", Code.DATABASE_READ_ONLY),
        ("SQLITE_CANTOPEN_ISDIR", Code.DATABASE_GONE),
        ("SQLITE_IOERR_WRITE", Code.DATABASE_FAILED),
    ],
)
def test_an_extended_code_of_sqlite_is_read_as_its_primary_one(name: str, code: Code) -> None:
    original = sqlite3.OperationalError("something")
    original.sqlite_errorname = name
    assert raised(of_driver(original)).code is code


def test_the_reason_of_what_has_no_code_of_its_own_is_told() -> None:
    original = sqlite3.OperationalError("disk I/O error\nat postgresql://line:s3cret@centre/x")
    assert raised(of_driver(original)).message == (
        "The database of records shift.db failed: disk I/O error."
    )
    assert raised(InvalidRequestError("defect")).code is Code.DATABASE_FAILED
    assert raised(PoolTimeoutError()).code is Code.DATABASE_LOCKED
