"""Keys of stations and programs: shown once, kept as hashes, revoked at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from firmline.errors import Code, InputError, StoreError
from firmline.line.accounts.keys import Keys
from firmline.line.accounts.roles import Role
from firmline.line.accounts.values import Held, Holder
from firmline.line.audit.base import every_entry
from firmline.line.audit.sql import SqlAudit
from firmline.line.records.database import Database
from unit.line.audit_world import ANNA, BEGIN


@pytest.fixture
def keys(database: Database) -> Keys:
    return Keys(database)


def test_a_key_opens_in_its_name_and_role(keys: Keys) -> None:
    key, written = keys.add("north", Role.STATION, by=ANNA, at=BEGIN)
    assert keys.holder(written, now=BEGIN) == Holder(name="north", role=Role.STATION, held=Held.KEY)
    assert keys.listed() == (key,)


def test_the_secret_is_nowhere_in_the_database(database: Database, keys: Keys) -> None:
    key, written = keys.add("mes", Role.ENGINEER, by=ANNA, at=BEGIN)
    secret = written.rpartition("_")[2]
    with database.reading() as connection:
        rows = [
            str([*connection.execute(text(f"SELECT * FROM {table}"))])  # noqa: S608 - ours
            for table in ("line_keys", "audit_trail")
        ]
    assert all(secret not in row and key.id in row for row in rows)


def test_almost_a_key_opens_nothing(keys: Keys) -> None:
    key, written = keys.add("mes", Role.ENGINEER, by=ANNA, at=BEGIN)
    other = "0" if written[-1] != "0" else "1"
    for wrong in (
        *(written[:-1] + other, written[:-1], written + "0", written.upper(), "", "firmline_"),
        f"firmline_{'0' * 12}_{written[-64:]}",
        f"firmline_{key.id}_{'0' * 64}",
    ):
        assert keys.holder(wrong, now=BEGIN) is None


def test_a_revoked_key_opens_nothing_from_that_moment_on(database: Database, keys: Keys) -> None:
    key, written = keys.add("mes", Role.ENGINEER, by=ANNA, at=BEGIN)
    later = BEGIN + timedelta(hours=1)
    assert keys.revoke(key.id, by=ANNA, at=later).revoked_at == later
    assert keys.holder(written, now=BEGIN) is None
    for unknown in (key.id, "nothing", "' OR 1=1 --"):
        with pytest.raises(InputError) as caught:
            keys.revoke(unknown, by=ANNA, at=later)
        assert caught.value.code is Code.ACCESS_KEY_UNKNOWN
    assert [entry.deed.action for entry in every_entry(SqlAudit(database))] == [
        *("key.add", "key.revoke"),
    ]


def test_a_key_may_end_by_itself(keys: Keys) -> None:
    ends = BEGIN + timedelta(days=1)
    _, written = keys.add("mes", Role.OPERATOR, by=ANNA, at=BEGIN, expires_at=ends)
    assert keys.holder(written, now=ends - timedelta(microseconds=1)) is not None
    assert keys.holder(written, now=ends) is None


@pytest.mark.parametrize("name", ["", " north", "a\nb", "x" * 201])
def test_a_name_that_cannot_be_kept_is_refused(keys: Keys, name: str) -> None:
    with pytest.raises(StoreError) as caught:
        keys.add(name, Role.STATION, by=ANNA, at=BEGIN)
    assert caught.value.code is Code.RECORD_MALFORMED
    assert keys.listed() == ()


def test_two_keys_of_one_station_are_told_apart(keys: Keys) -> None:
    one, first = keys.add("north", Role.STATION, by=ANNA, at=BEGIN)
    two, second = keys.add("north", Role.STATION, by=ANNA, at=BEGIN)
    keys.revoke(one.id, by=ANNA, at=BEGIN)
    assert (keys.holder(first, now=BEGIN), one.id == two.id) == (None, False)
    assert keys.holder(second, now=BEGIN) is not None
