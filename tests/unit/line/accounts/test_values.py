"""Names, passwords, keys: what is taken, and what is never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import Code, InputError
from firmline.line.accounts.roles import Permission, Role
from firmline.line.accounts.secrets import (
    KeyText,
    is_kept_as,
    kept,
    new_key,
    new_token,
    parse_key,
)
from firmline.line.accounts.values import Held, Holder, checked_name, checked_password


@pytest.mark.parametrize("name", ["anna", "a", "anna.m", "0", "x-y_z", "a" * 64])
def test_names_that_can_be_typed_anywhere(name: str) -> None:
    assert checked_name(name) == name
    assert checked_name(f" {name.upper()} ") == name


@pytest.mark.parametrize(
    "name", ["", " ", ".anna", "a" * 65, "an na", "änna", "a/b", "a\nb", "\u0430nna", "x\0", "a:b"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InputError) as caught:
        checked_name(name)
    assert caught.value.code is Code.ACCOUNT_NAME


@pytest.mark.parametrize("password", ["correct horse", "1234567890", "\u00e4\u00f6\u00fc tausend"])
def test_passwords_that_are_taken(password: str) -> None:
    assert checked_password(password, name="anna") == password


def test_a_password_is_the_same_from_every_keyboard() -> None:
    assert checked_password("a\u0308 ganz viele", name="x") == "\u00e4 ganz viele"


@pytest.mark.parametrize(
    "password",
    ["", "short", "x" * 257, "a" * 12, "abcabcabcabc", "i am Anna, really", "tab\tin the middle"],
)
def test_weak_passwords_are_refused_and_never_repeated(password: str) -> None:
    with pytest.raises(InputError) as caught:
        checked_password(password, name="anna")
    assert caught.value.code is Code.PASSWORD_WEAK
    assert not password or password not in caught.value.message


def test_a_key_is_written_and_read() -> None:
    key = new_key()
    assert parse_key(key.written()) == key
    assert key.written().startswith("firmline_")
    assert key.secret not in repr(key)
    assert new_key() != key


@given(st.text())
def test_what_is_no_key_is_none(text: str) -> None:
    assert parse_key(text) is None
    assert parse_key(f"firmline_{text}") is None


@pytest.mark.parametrize(
    "text",
    [
        "firmline_" + "a" * 12 + "_" + "b" * 63,
        "firmline_" + "A" * 12 + "_" + "b" * 64,
        "firmline_" + "a" * 12 + "_" + "b" * 64 + "\n",
        " firmline_" + "a" * 12 + "_" + "b" * 64,
    ],
)
def test_what_looks_like_a_key_is_none(text: str) -> None:
    assert parse_key(text) is None


@given(st.text())
def test_what_is_kept_of_a_secret_fits_that_one(text: str) -> None:
    assert is_kept_as(text, kept(text))
    assert not is_kept_as(text + "x", kept(text))
    assert len(kept(text)) == 64


def test_tokens_are_long_and_differ() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert min(len(new_token()) for _ in range(10)) >= 43


def test_the_trail_tells_a_key_from_an_account_of_the_same_name() -> None:
    account = Holder(name="mes", role=Role.ENGINEER, held=Held.ACCOUNT)
    key = Holder(name="mes", role=Role.ENGINEER, held=Held.KEY)
    assert (account.actor.name, key.actor.name) == ("mes", "key:mes")
    assert account.actor.role == "engineer"
    assert key.may(Permission.PLAN)
    assert not key.may(Permission.RELEASE)
    assert KeyText("a", "b").written() == "firmline_a_b"
