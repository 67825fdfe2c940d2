"""Signing in: who gets in, who waits, and that nobody learns which accounts there are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select, text

from firmline.errors import Code, InputError
from firmline.line.accounts import sessions as room
from firmline.line.accounts.hashing import Passwords
from firmline.line.accounts.roles import Role
from firmline.line.accounts.sessions import LASTS, Sessions
from firmline.line.accounts.store import Accounts
from firmline.line.audit.base import every_entry
from firmline.line.audit.sql import SqlAudit
from firmline.line.records.database import Database
from firmline.line.records.tables import line_sessions, line_tries
from unit.line.audit_world import ANNA, BEGIN

SECRET = "correct horse battery"  # noqa: S105 - of a test


@pytest.fixture(scope="session")
def kept_hash(passwords: Passwords) -> str:
    return passwords.hash(SECRET)


@pytest.fixture(autouse=True)
def bert(accounts: Accounts, kept_hash: str) -> None:
    accounts.add("bert", Role.ENGINEER, kept_hash, by=ANNA, at=BEGIN)


def refusal(sessions: Sessions, name: str, password: str, *, after_s: float = 0) -> InputError:
    with pytest.raises(InputError) as caught:
        sessions.sign_in(name, password, now=BEGIN + timedelta(seconds=after_s))
    return caught.value


def actions(database: Database) -> list[str]:
    return [entry.deed.action for entry in every_entry(SqlAudit(database))]


@pytest.mark.slow
def test_the_right_password_begins_a_session(database: Database, sessions: Sessions) -> None:
    begun = sessions.sign_in(" Bert", SECRET, now=BEGIN)
    holder = sessions.holder(begun.token, now=BEGIN)
    assert holder == begun.holder
    assert (begun.holder.name, begun.holder.role) == ("bert", Role.ENGINEER)
    assert begun.token not in repr(begun)
    assert actions(database) == ["account.add", "session.begin"]


@pytest.mark.slow
def test_a_session_ends_when_it_is_ended_or_after_a_shift(
    database: Database, sessions: Sessions
) -> None:
    one = sessions.sign_in("bert", SECRET, now=BEGIN)
    two = sessions.sign_in("bert", SECRET, now=BEGIN)
    assert sessions.holder(one.token, now=BEGIN + LASTS - timedelta(seconds=1)) is not None
    assert sessions.holder(one.token, now=BEGIN + LASTS) is None
    sessions.end(two.token, now=BEGIN)
    assert sessions.holder(two.token, now=BEGIN) is None
    sessions.end(two.token, now=BEGIN)
    sessions.end("nonsense", now=BEGIN)
    assert actions(database)[-1] == "session.end"
    assert actions(database).count("session.end") == 1


@pytest.mark.slow
def test_what_is_kept_of_a_session_opens_nothing(database: Database, sessions: Sessions) -> None:
    begun = sessions.sign_in("bert", SECRET, now=BEGIN)
    with database.reading() as connection:
        digest = str(connection.execute(select(line_sessions.c.digest)).scalar_one())
    assert digest != begun.token
    assert sessions.holder(digest, now=BEGIN) is None


@pytest.mark.slow
@pytest.mark.parametrize("change", ["disable", "set_password", "set_role"])
def test_whoever_is_changed_has_to_sign_in_again(
    accounts: Accounts, sessions: Sessions, change: str, kept_hash: str
) -> None:
    begun = sessions.sign_in("bert", SECRET, now=BEGIN)
    match change:
        case "disable":
            accounts.disable("bert", by=ANNA, at=BEGIN)
        case "set_password":
            accounts.set_password("bert", kept_hash, by=ANNA, at=BEGIN)
        case _:
            accounts.set_role("bert", Role.OPERATOR, by=ANNA, at=BEGIN)
    assert sessions.holder(begun.token, now=BEGIN) is None


@pytest.mark.slow
def test_what_is_wrong_is_not_told(accounts: Accounts, sessions: Sessions, kept_hash: str) -> None:
    accounts.add("old", Role.OPERATOR, kept_hash, by=ANNA, at=BEGIN)
    accounts.disable("old", by=ANNA, at=BEGIN)
    told = {
        (error.code, error.message, error.hint)
        for error in (
            refusal(sessions, "bert", "wrong"),
            refusal(sessions, "nobody", SECRET),
            refusal(sessions, "old", SECRET),
            refusal(sessions, "x' OR '1'='1", SECRET),
            refusal(sessions, "bert", SECRET + "\0"),
            refusal(sessions, "bert", SECRET * 1000),
            refusal(sessions, "", ""),
            refusal(sessions, "\ud800", "\ud800"),
        )
    }
    assert told == {(Code.SIGN_IN_REFUSED, room.REFUSED, "")}


@pytest.mark.slow
def test_as_much_is_hashed_for_nobody_as_for_somebody(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time that a refusal takes is that of a hash: it is one in each case."""
    verified: list[str] = []
    real = PasswordHasher.verify

    def verify(hasher: PasswordHasher, kept: str, password: str) -> bool:
        verified.append(kept[:30])
        return real(hasher, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    refusal(sessions, "bert", "wrong")
    refusal(sessions, "nobody", "wrong")
    refusal(sessions, "!", "wrong")
    refusal(sessions, "bert", "x" * 5000)
    assert len(verified) == 4
    assert len({each[: each.rindex("$")] for each in verified}) == 1, "the same parameters"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bert", "nobody"])
def test_behind_five_wrong_passwords_even_the_right_one_waits(
    sessions: Sessions, name: str
) -> None:
    for _ in range(5):
        assert refusal(sessions, name, "wrong").code is Code.SIGN_IN_REFUSED
    error = refusal(sessions, name, SECRET)
    assert (error.code, error.context) == (Code.SIGN_IN_TOO_OFTEN, {"wait_s": 1})
    refusal(sessions, name, "wrong", after_s=1)
    assert refusal(sessions, name, SECRET, after_s=2).context == {"wait_s": 1}


@pytest.mark.slow
def test_the_right_password_at_the_right_time_lets_in_and_forgets(
    database: Database, sessions: Sessions
) -> None:
    for _ in range(5):
        refusal(sessions, "bert", "wrong")
    begun = sessions.sign_in("bert", SECRET, now=BEGIN + timedelta(seconds=1))
    assert sessions.holder(begun.token, now=BEGIN) is not None
    refusal(sessions, "bert", "wrong", after_s=2)
    sessions.sign_in("bert", SECRET, now=BEGIN + timedelta(seconds=2))
    details = [entry.deed.details for entry in every_entry(SqlAudit(database))][1:]
    assert details == ['{"wrong_passwords_before":5}', '{"wrong_passwords_before":1}']


@pytest.mark.slow
def test_many_at_once_are_no_faster_than_one(sessions: Sessions) -> None:
    def guess(number: int) -> Code:
        return refusal(sessions, "bert", f"guess {number}").code

    with ThreadPoolExecutor(8) as pool:
        codes = [*pool.map(guess, range(12))]
    assert codes.count(Code.SIGN_IN_REFUSED) + codes.count(Code.SIGN_IN_BUSY) == 5
    assert codes.count(Code.SIGN_IN_TOO_OFTEN) == 7


def test_made_up_names_do_not_fill_the_disk(
    database: Database, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_TRIES", 10)
    monkeypatch.setattr(Passwords, "matches", lambda *_: False)
    for number in range(40):
        refusal(sessions, f"name-{number}", "wrong", after_s=number)
    with database.reading() as connection:
        count = connection.execute(select(func.count()).select_from(line_tries)).scalar_one()
    assert count <= 10


@pytest.mark.slow
def test_an_older_hash_is_made_anew_with_the_sign_in(
    accounts: Accounts, sessions: Sessions, database: Database
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(SECRET)
    accounts.add("cara", Role.OPERATOR, weak, by=ANNA, at=BEGIN)
    sessions.sign_in("cara", SECRET, now=BEGIN)
    with database.reading() as connection:
        query = text("SELECT password FROM line_accounts WHERE name = 'cara'")
        now = connection.execute(query).scalar_one()
    assert "m=65536" in now
    sessions.sign_in("cara", SECRET, now=BEGIN)


def test_a_password_changed_while_it_was_compared_lets_nobody_in(
    accounts: Accounts, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(*_: object) -> bool:
        accounts.set_password("bert", "$another", by=ANNA, at=BEGIN)
        return True

    monkeypatch.setattr(Passwords, "matches", slowly)
    monkeypatch.setattr(Passwords, "is_outdated", lambda *_: False)
    assert refusal(sessions, "bert", SECRET).code is Code.SIGN_IN_REFUSED


def test_whoever_would_wait_long_is_sent_away(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    from firmline.line.accounts import hashing  # noqa: PLC0415 - its turns are taken here

    monkeypatch.setattr(hashing, "PATIENCE_S", 0.01)
    taken = [hashing._turns.acquire(timeout=1) for _ in range(hashing.AT_ONCE)]
    try:
        assert refusal(sessions, "bert", SECRET).code is Code.SIGN_IN_BUSY
    finally:
        for _ in taken:
            hashing._turns.release()
