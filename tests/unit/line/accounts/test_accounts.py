"""Accounts in a database: every change with its entry, and no secret anywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from firmline.errors import Code, InputError
from firmline.line.accounts.roles import Role
from firmline.line.accounts.store import Accounts
from firmline.line.accounts.values import Account
from firmline.line.audit.base import every_entry
from firmline.line.audit.chain import verify
from firmline.line.audit.sql import SqlAudit
from firmline.line.records.database import Database
from unit.line.audit_world import ANNA, BEGIN


def deeds(database: Database) -> list[tuple[str, str, str]]:
    entries = [*every_entry(SqlAudit(database))]
    assert verify(entries).holds
    return [(entry.deed.action, entry.deed.subject, entry.deed.details) for entry in entries]


def test_a_line_begins_without_accounts(accounts: Accounts) -> None:
    assert accounts.listed() == ()
    assert not accounts.are_there()


def test_an_account_is_made_and_told(database: Database, accounts: Accounts) -> None:
    made = accounts.add("Bert", Role.OPERATOR, "$argon2id$secret", by=ANNA, at=BEGIN)
    assert made == Account(name="bert", role=Role.OPERATOR, made_at=BEGIN, is_disabled=False)
    assert accounts.listed() == (made,)
    assert accounts.are_there()
    assert deeds(database) == [("account.add", "bert", '{"role":"operator"}')]


def test_a_name_is_given_once(database: Database, accounts: Accounts) -> None:
    accounts.add("bert", Role.OPERATOR, "h", by=ANNA, at=BEGIN)
    accounts.disable("bert", by=ANNA, at=BEGIN)
    with pytest.raises(InputError) as caught:
        accounts.add("BERT", Role.ENGINEER, "h", by=ANNA, at=BEGIN)
    assert caught.value.code is Code.ACCOUNT_EXISTS
    assert len(deeds(database)) == 2


def test_a_station_has_no_account(accounts: Accounts) -> None:
    with pytest.raises(InputError) as caught:
        accounts.add("north", Role.STATION, "h", by=ANNA, at=BEGIN)
    assert caught.value.code is Code.ACCOUNT_NAME


def test_everything_that_changes_is_in_the_trail(database: Database, accounts: Accounts) -> None:
    accounts.add("bert", Role.OPERATOR, "$one", by=ANNA, at=BEGIN)
    later = BEGIN + timedelta(hours=1)
    assert accounts.set_role("bert", Role.ENGINEER, by=ANNA, at=later).role is Role.ENGINEER
    accounts.set_password("bert", "$two", by=ANNA, at=later)
    assert accounts.disable("Bert ", by=ANNA, at=later).is_disabled
    assert not accounts.are_there()
    assert not accounts.enable("bert", by=ANNA, at=later).is_disabled
    assert deeds(database) == [
        ("account.add", "bert", '{"role":"operator"}'),
        ("account.role", "bert", '{"role":"engineer","was":"operator"}'),
        ("account.password", "bert", "{}"),
        ("account.disable", "bert", "{}"),
        ("account.enable", "bert", "{}"),
    ]


@pytest.mark.parametrize("name", ["nobody", "", "x' OR 1=1 --", "\udcff"])
def test_who_is_not_there_is_not_changed(database: Database, accounts: Accounts, name: str) -> None:
    with pytest.raises(InputError) as caught:
        accounts.disable(name.replace("\udcff", "?"), by=ANNA, at=BEGIN)
    assert caught.value.code is Code.ACCOUNT_UNKNOWN
    assert deeds(database) == []


def test_a_change_without_its_entry_does_not_happen(database: Database, accounts: Accounts) -> None:
    accounts.add("bert", Role.OPERATOR, "h", by=ANNA, at=BEGIN)
    with database.writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TABLE audit_trail"))
        else:
            connection.execute(text("ALTER TABLE audit_trail RENAME TO elsewhere"))
    with pytest.raises(Exception, match="audit_trail"):
        accounts.set_role("bert", Role.RELEASE_MANAGER, by=ANNA, at=BEGIN)
    assert accounts.listed()[0].role is Role.OPERATOR
