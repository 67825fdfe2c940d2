"""``firmline line accounts``: people and keys; no password is printed or given as an option."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmline.errors import Code, ExitCode
from firmline.line.accounts.hashing import Passwords
from firmline.line.accounts.keys import Keys
from firmline.line.accounts.roles import Role
from firmline.line.accounts.sessions import Sessions
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.database import Database
from unit.cli.program import Program, assert_failed, run_at_terminal

SECRET = "correct horse battery"  # noqa: S105 - of a test
ACCOUNTS = ("line", "accounts")
DB = ("--db", "shift.db")


@pytest.fixture
def secret(folder: Path) -> Path:
    """A file with a password."""
    path = folder / "secret"
    path.write_text(f"{SECRET}\nsecond line\n", "utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture
def anna(firmline: Program, secret: Path) -> None:
    ran = firmline(
        *(*ACCOUNTS, "add", "Anna", *DB, "--role", "release-manager"),
        *("--password-file", secret.name),
    )
    assert (ran.code, ran.out, ran.err) == (0, "anna is there, as release manager.\n", "")


def sign_in(folder: Path, name: str, password: str) -> Role:
    with closing(Database.open(DatabaseAddress(path=folder / "shift.db"), create=False)) as opened:
        sessions = Sessions(opened, Passwords())
        return sessions.sign_in(name, password, now=datetime.now(UTC)).holder.role


@pytest.mark.slow
@pytest.mark.usefixtures("anna")
def test_an_account_made_here_signs_in(folder: Path) -> None:
    assert sign_in(folder, "anna", SECRET) is Role.RELEASE_MANAGER


@pytest.mark.slow
@pytest.mark.usefixtures("anna")
def test_everything_is_told_and_in_the_trail(firmline: Program, secret: Path) -> None:
    secret.write_text("another long password", "utf-8")
    for words, said in (
        (("role", "anna", "engineer"), "anna is engineer from now on."),
        (("password", "anna", "--password-file", "secret"), "anna has another password."),
        (("disable", "anna"), "anna is disabled."),
    ):
        ran = firmline(*ACCOUNTS, *words, *DB)
        assert (ran.code, ran.out, ran.err) == (0, f"{said}\n", "")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    ran = firmline(*ACCOUNTS, "list", *DB)
    assert ran.out == f"anna: engineer, since {today}, disabled\n1 in shift.db.\n"
    assert firmline(*ACCOUNTS, "enable", "anna", *DB).out == "anna can be used again.\n"
    *entries, result = firmline("line", "audit", *DB, "--json").json_lines
    assert result["holds"]
    assert [entry["action"] for entry in entries] == [
        *("account.add", "account.role", "account.password", "account.disable", "account.enable"),
    ]
    assert {entry["role"] for entry in entries} == {"console"}
    assert all(entry["actor"].startswith("user:") for entry in entries)
    assert "password" not in str([entry["details"] for entry in entries])


@pytest.mark.usefixtures("anna")
def test_programs_are_told_the_same(firmline: Program) -> None:
    *listed, result = firmline(*ACCOUNTS, "list", *DB, "--json").json_lines
    assert (listed[0]["type"], listed[0]["account"], listed[0]["is_disabled"]) == (
        *("account", "anna"),
        False,
    )
    assert result == {"type": "result", "database": "shift.db", "accounts": 1}
    ran = firmline(*ACCOUNTS, "role", "anna", "operator", *DB, "--json")
    assert ran.result == {"type": "result", "account": "anna", "role": "operator"}


def test_nobody_to_ask_and_no_file_is_told(firmline: Program, folder: Path) -> None:
    ran = firmline(*ACCOUNTS, "add", "anna", *DB, "--role", "operator")
    assert_failed(ran, Code.PASSWORD_NOT_GIVEN)
    assert firmline(*ACCOUNTS, "list", *DB).out == "There are no accounts.\n"
    assert folder.is_dir()


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_password_file_that_others_may_read_is_refused(
    firmline: Program, secret: Path, mode: int
) -> None:
    secret.chmod(mode)
    ran = firmline(
        *(*ACCOUNTS, "add", "anna", *DB, "--role", "operator", "--password-file", "secret")
    )
    assert_failed(ran, Code.PASSWORD_NOT_GIVEN)
    assert SECRET not in ran.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"short", Code.PASSWORD_WEAK),
        (b"", Code.FILE_EMPTY),
        (b"\n", Code.PASSWORD_WEAK),
        (b"\xff\xfe no text at all", Code.PASSWORD_NOT_GIVEN),
        (b"x" * 5000, Code.PASSWORD_NOT_GIVEN),
        (b"anna anna anna", Code.PASSWORD_WEAK),
    ],
)
def test_other_password_files_are_refused(
    firmline: Program, secret: Path, content: bytes, code: Code
) -> None:
    secret.write_bytes(content)
    ran = firmline(
        *(*ACCOUNTS, "add", "anna", *DB, "--role", "operator", "--password-file", "secret")
    )
    assert_failed(ran, code)


def test_a_password_file_that_is_not_there_is_told(firmline: Program) -> None:
    ran = firmline(
        *(*ACCOUNTS, "add", "anna", *DB, "--role", "operator", "--password-file", "nothing")
    )
    assert_failed(ran, Code.FILE_MISSING)


@pytest.mark.slow
@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", "anna", "--role", "operator", "--password-file", "secret"), Code.ACCOUNT_EXISTS),
        (("add", "an na", "--role", "operator", "--password-file", "secret"), Code.ACCOUNT_NAME),
        (("disable", "nobody"), Code.ACCOUNT_UNKNOWN),
        (("role", "nobody", "operator"), Code.ACCOUNT_UNKNOWN),
        (("role", "anna", "boss"), Code.USAGE),
        (("role", "anna", "station"), Code.USAGE),
        (("password", "nobody", "--password-file", "secret"), Code.ACCOUNT_UNKNOWN),
        (("key", "revoke", "x\x1b[2J"), Code.ACCESS_KEY_UNKNOWN),
        (("key", "add", "a\nb", "--role", "station"), Code.RECORD_MALFORMED),
        (("key", "add", "mes", "--role", "boss"), Code.USAGE),
        (("key", "add", "mes", "--role", "operator", "--days", "0"), Code.USAGE),
        (("add", "bert", "--role", "operator", "--password", "x"), Code.USAGE),
    ],
)
def test_mistakes_are_told(firmline: Program, words: tuple[str, ...], code: Code) -> None:
    is_record = code is Code.RECORD_MALFORMED
    assert_failed(
        firmline(*ACCOUNTS, *words, *DB), code, ExitCode.LINK if is_record else ExitCode.INPUT
    )


def test_a_key_is_shown_once(firmline: Program, folder: Path) -> None:
    ran = firmline(*ACCOUNTS, "key", "add", "north", "--role", "station", *DB)
    written = ran.out.strip()
    key_id = written.split("_")[1]
    assert ran.code == 0
    assert f"The key {key_id} of north (station)." in ran.err
    with closing(Database.open(DatabaseAddress(path=folder / "shift.db"), create=False)) as opened:
        holder = Keys(opened).holder(written, now=datetime.now(UTC))
    assert holder is not None
    assert holder.role is Role.STATION
    listed = firmline(*ACCOUNTS, "key", "list", *DB)
    assert listed.out.startswith(f"{key_id}  north: station, since ")
    assert written not in listed.out
    assert written.rpartition("_")[2] not in firmline("line", "audit", *DB, "--json").out


def test_a_key_ends_or_is_revoked(firmline: Program) -> None:
    made = firmline(*ACCOUNTS, "key", "add", "mes", "--role", "engineer", "--days", "90", *DB)
    key_id = made.out.split("_")[1]
    assert ", until 2" in firmline(*ACCOUNTS, "key", "list", *DB).out
    ran = firmline(*ACCOUNTS, "key", "revoke", key_id, *DB)
    assert ran.out == f"The key {key_id} of mes opens nothing any more.\n"
    assert ", revoked 2" in firmline(*ACCOUNTS, "key", "list", *DB).out
    assert_failed(firmline(*ACCOUNTS, "key", "revoke", key_id, *DB), Code.ACCESS_KEY_UNKNOWN)
    *listed, result = firmline(*ACCOUNTS, "key", "list", *DB, "--json").json_lines
    assert listed[0]["revoked_at"].endswith("Z")
    assert result["keys"] == 1


def test_programs_get_a_key_as_json(firmline: Program) -> None:
    ran = firmline(*ACCOUNTS, "key", "add", "mes", "--role", "operator", *DB, "--json")
    assert ran.err == ""
    assert ran.result["key"].startswith(f"firmline_{ran.result['id']}_")
    assert (ran.result["name"], ran.result["role"], ran.result["expires_at"]) == (
        *("mes", "operator"),
        None,
    )


def test_no_accounts_are_told_of_records_that_are_not_there(firmline: Program) -> None:
    assert_failed(firmline(*ACCOUNTS, "list", *DB), Code.DATABASE_GONE, ExitCode.LINK)


@pytest.mark.slow
def test_a_password_is_asked_for_twice_and_not_shown(folder: Path) -> None:
    words = (*ACCOUNTS, "add", "anna", *DB, "--role", "operator")
    answers = [
        ("New password for anna:", "correct horse\n"),
        ("Repeat for confirmation:", "mistyped\n"),
        ("New password for anna:", f"{SECRET}\n"),
        ("Repeat for confirmation:", f"{SECRET}\n"),
    ]
    seen = run_at_terminal(*words, cwd=folder, answers=answers)
    assert (seen.code, seen.restored) == (0, True)
    assert "anna is there, as operator." in seen.text
    assert "correct horse" not in seen.text
    assert sign_in(folder, "anna", SECRET) is Role.OPERATOR
