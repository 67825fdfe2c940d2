"""Addresses of databases: what a user names, and what is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.errors import Code, InputError
from firmline.line.records.address import parse_address


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("shift.db", "shift.db"),
        ("sqlite:///shift.db", "shift.db"),
        ("sqlite:////var/lib/shift.db", "/var/lib/shift.db"),
        ("sqlite:///a%20shift.db", "a shift.db"),
        ("/var/lib/shift.db", "/var/lib/shift.db"),
        ("a%20b.db", "a%20b.db"),
        (":memory:", ":memory:"),
    ],
)
def test_a_file_is_a_database_of_sqlite(text: str, path: str) -> None:
    assert parse_address(text).path == Path(path)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://line@centre/records",
        "postgres://line@centre:5433/records?sslmode=require",
        "postgresql:///records?host=/run/postgresql",
    ],
)
def test_a_server_is_postgresql(text: str) -> None:
    address = parse_address(text)
    assert address.path is None
    assert address.url == text.replace("postgres://", "postgresql://")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mysql://somebody:secret@centre/records",
        "postgresql://",
        "postgresql://somebody:secret@centre",
        "postgresql://somebody:secret@centre/",
        "postgresql://somebody:secret@centre:port/records",
        "postgresql://somebody:secret@[centre/records",
        "sqlite://",
        "shift\0.db",
    ],
)
def test_what_names_no_database_is_refused_with_what_would(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_address(text)
    assert caught.value.code is Code.DATABASE_ADDRESS
    assert "postgresql://" in caught.value.hint
    assert "secret" not in caught.value.message


def test_a_password_is_told_nobody() -> None:
    address = parse_address("postgresql://line:s3cr:et@centre/records?password=other")
    assert "s3cr" not in f"{address} {address!r}"
    assert "other" not in f"{address} {address!r}"
    assert "centre/records" in str(address)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("records/shift.db", "shift.db"),
        ("postgresql://line:secret@centre:5432/records?host=%2Ftmp", "records"),
        ("postgresql://centre/the%20line", "the line"),
    ],
)
def test_its_name_says_not_where_it_is(text: str, name: str) -> None:
    assert parse_address(text).name == name
