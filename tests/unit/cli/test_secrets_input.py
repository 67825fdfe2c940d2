"""Passwords: from the environment or a person, never printed, never guessed."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import click
import pytest

from firmline.cli.secrets_input import (
    MAX_PASSWORD_SIZE,
    PASSWORD_VARIABLE,
    load_public_key,
    load_signing_key,
    new_password,
)
from firmline.errors import Code
from firmline.formats.keys import SigningKey
from unit.cli.program import environment, run_at_terminal
from unit.formats.makers import refuses

SECRET = "correct horse"  # noqa: S105 - of keys that live as long as a test
KEY = SigningKey.generate()
DATA = b"what is signed"


class Person(io.StringIO):
    """Standard input at a terminal."""

    def isatty(self) -> bool:
        return True


class Answers:
    """Stands for ``click.prompt``: gives the answers, and keeps what was asked."""

    def __init__(self, *answers: str) -> None:
        self.left = list(answers)
        self.asked: list[tuple[str, bool]] = []

    def prompt(self, text: str, *, hide_input: bool, confirmation_prompt: bool, err: bool) -> str:
        assert hide_input, "a password is not shown"
        assert err, "standard output is for what programs read"
        self.asked.append((text, confirmation_prompt))
        return self.left.pop(0)


@pytest.fixture
def plain(folder: Path) -> Path:
    path = folder / "plain.key"
    path.write_bytes(KEY.format_pem())
    return path


@pytest.fixture
def encrypted(folder: Path) -> Path:
    path = folder / "encrypted.key"
    path.write_bytes(KEY.format_pem(password=SECRET.encode()))
    return path


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Somebody who knows the password."""
    answers = Answers(SECRET)
    monkeypatch.setattr(sys, "stdin", Person())
    monkeypatch.setattr(click, "prompt", answers.prompt)
    return answers


def test_a_plain_key_is_loaded_without_a_question(plain: Path, person: Answers) -> None:
    assert load_signing_key(plain).sign(DATA) == KEY.sign(DATA)
    assert person.asked == []


def test_a_password_in_the_environment_opens_a_key(
    encrypted: Path, person: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, SECRET)
    assert load_signing_key(encrypted).sign(DATA) == KEY.sign(DATA)
    assert person.asked == []


def test_a_password_in_the_environment_does_not_matter_to_a_plain_key(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, SECRET)
    assert load_signing_key(plain).sign(DATA) == KEY.sign(DATA)


def test_a_wrong_password_in_the_environment_is_refused_without_a_question(
    encrypted: Path, person: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "wrong")
    with refuses(Code.KEY_WRONG_PASSWORD, f"does not open {encrypted}"):
        load_signing_key(encrypted)
    assert person.asked == []


@pytest.mark.skipif(os.name == "nt", reason="an environment of Windows holds text")
def test_a_password_in_the_environment_may_be_any_bytes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = b"\xff\xfe!"
    (folder / "k").write_bytes(KEY.format_pem(password=password))
    monkeypatch.setenv(PASSWORD_VARIABLE, os.fsdecode(password))
    assert load_signing_key(folder / "k").sign(DATA) == KEY.sign(DATA)
    assert new_password(folder / "new") == password


def test_a_person_is_asked_once_for_a_key_that_is_there(encrypted: Path, person: Answers) -> None:
    assert load_signing_key(encrypted).sign(DATA) == KEY.sign(DATA)
    assert person.asked == [(f"Password for {encrypted}", False)]


def test_a_wrong_answer_is_refused(encrypted: Path, person: Answers) -> None:
    person.left = ["wrong"]
    with refuses(Code.KEY_WRONG_PASSWORD, f"does not open {encrypted}"):
        load_signing_key(encrypted)


def test_without_a_person_the_variable_is_named(encrypted: Path) -> None:
    with refuses(Code.KEY_ENCRYPTED, "there is nobody to ask"):
        load_signing_key(encrypted)


def test_an_empty_variable_is_no_password(encrypted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "")
    with refuses(Code.KEY_ENCRYPTED, "there is nobody to ask"):
        load_signing_key(encrypted)


def test_a_new_password_is_asked_for_twice(folder: Path, person: Answers) -> None:
    assert new_password(folder / "a\x1bb") == SECRET.encode()
    assert person.asked == [(rf"Password for {folder}/a\x1bb", True)]


def test_a_new_password_may_come_from_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, SECRET)
    assert new_password(folder / "new") == SECRET.encode()


def test_a_new_password_needs_somebody_who_gives_it(folder: Path) -> None:
    with refuses(Code.KEY_ENCRYPTED, "there is nobody to ask"):
        new_password(folder / "new")


def test_the_longest_password_opens_what_it_closed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "x" * MAX_PASSWORD_SIZE)
    (folder / "k").write_bytes(KEY.format_pem(password=new_password(folder / "k")))
    assert load_signing_key(folder / "k").sign(DATA) == KEY.sign(DATA)


def test_a_longer_password_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "x" * (MAX_PASSWORD_SIZE + 1))
    with refuses(Code.KEY_WRONG_PASSWORD, "at most 1023 bytes"):
        new_password(folder / "new")


def test_a_public_key_is_read_from_either_half(
    plain: Path, encrypted: Path, folder: Path, person: Answers
) -> None:
    (folder / "public.pem").write_bytes(KEY.public_key.format_pem())
    assert load_public_key(folder / "public.pem") == KEY.public_key
    assert load_public_key(plain) == KEY.public_key
    assert load_public_key(encrypted) == KEY.public_key
    assert len(person.asked) == 1


def test_a_public_key_does_not_sign(folder: Path) -> None:
    (folder / "public.pem").write_bytes(KEY.public_key.format_pem())
    with refuses(Code.KEY_NOT_PRIVATE, "holds a public key"):
        load_signing_key(folder / "public.pem")


@pytest.mark.parametrize("load", [load_signing_key, load_public_key])
def test_a_key_file_that_is_missing_is_called_a_key_file(load: object, folder: Path) -> None:
    assert callable(load)
    with refuses(Code.FILE_MISSING, "The key file none does not exist."):
        load(Path("none"))
    assert list(folder.iterdir()) == []


# At a real terminal.


@pytest.mark.slow
def test_a_password_typed_at_a_terminal_is_never_shown(folder: Path) -> None:
    seen = run_at_terminal(
        *("keys", "generate", "--password", "new.key"),
        cwd=folder,
        answers=[("Password for new.key", f"{SECRET}\n"), ("epeat", f"{SECRET}\n")],
    )
    assert seen.code == 0
    assert seen.restored
    assert SECRET not in seen.text
    key = SigningKey.parse_pem(
        (folder / "new.key").read_bytes(), name="new.key", password=SECRET.encode()
    )
    shown = run_at_terminal(
        *("keys", "display", "--key", "pk", "--format", "hex", "new.key"),
        cwd=folder,
        answers=[("Password for new.key", f"{SECRET}\n")],
    )
    assert shown.code == 0
    assert key.public_key.le_bytes.hex() in shown.text
    assert SECRET not in shown.text


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "code"), [("\x03", 130), ("\x04", 130)])
def test_a_person_may_leave_at_the_question(typed: str, code: int, folder: Path) -> None:
    seen = run_at_terminal(
        *("keys", "generate", "--password", "new.key"),
        cwd=folder,
        answers=[("Password for new.key", typed)],
        env=environment(),
    )
    assert seen.code == code
    assert "interrupted" in seen.text
    assert "Traceback" not in seen.text
    assert seen.restored
    assert list(folder.iterdir()) == []
