"""A database of each kind, and a clock that the tests turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from firmline.line.accounts.hashing import Passwords
from firmline.line.accounts.sessions import Sessions
from firmline.line.accounts.store import Accounts
from firmline.line.records.address import parse_address
from firmline.line.records.database import Database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind."""
    address = str(tmp_path / "shift.db")
    if request.param == "postgresql":
        address = request.getfixturevalue("postgresql_url")
    with closing(Database.open(parse_address(address), create=True)) as opened:
        yield opened


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    """The real ones, which take their time."""
    return Passwords()


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database)


@pytest.fixture
def sessions(database: Database, passwords: Passwords) -> Sessions:
    return Sessions(database, passwords)
