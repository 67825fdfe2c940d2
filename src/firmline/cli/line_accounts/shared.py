"""What the commands of accounts have in common: who gives them, the password, what is printed."""

from __future__ import annotations

import getpass
import json
import os
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from firmline.cli.files import read_file
from firmline.cli.style import printable
from firmline.errors import Code, InputError, shortened

if TYPE_CHECKING:
    from firmline.line.accounts.roles import Role
    from firmline.line.audit.chain import Actor

MAX_FILE: Final = 4096
"""Of a password's file, bytes; ours."""


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def me() -> Actor:
    """The user of this computer, as the audit trail names him."""
    from firmline.line.audit.chain import CONSOLE, Actor  # noqa: PLC0415 - not for help

    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name
        name = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    clean = "".join(mark for mark in name if mark.isprintable()).strip()[:100]
    return Actor(name=f"user:{clean or 'unknown'}", role=CONSOLE)


def role_of(word: str) -> Role:
    """The role that an option names; blanks are written as hyphens there."""
    from firmline.line.accounts.roles import Role  # noqa: PLC0415 - not for help

    return Role(word.replace("-", " "))


def new_password_for(name: str, file: Path | None) -> str:
    """A new password: of a file, or asked for twice at the terminal without showing it.

    Raises:
        InputError: ``PASSWORD_NOT_GIVEN`` or ``PASSWORD_WEAK``.
    """
    from firmline.line.accounts.values import checked_password  # noqa: PLC0415 - not for help

    return checked_password(_asked_for(name) if file is None else _read(file), name=name)


def password_of(name: str, file: Path | None) -> str:
    """The password of an account that is there: of a file, or asked for at the terminal.

    Raises:
        InputError: ``PASSWORD_NOT_GIVEN``.
    """
    if file is not None:
        return _read(file)
    _check_terminal()
    return str(click.prompt(f"Password of {printable(name)}", hide_input=True, err=True))


def print_result(as_json: bool, sentence: str, **fields: object) -> None:
    """What was done, for people or for programs."""
    if as_json:
        click.echo(json.dumps({"type": "result", **fields}))
    else:
        click.echo(printable(sentence))


def _check_terminal() -> None:
    if not sys.stdin.isatty():
        raise InputError(
            Code.PASSWORD_NOT_GIVEN, "A password is needed and there is nobody to ask for it."
        )


def _asked_for(name: str) -> str:
    _check_terminal()
    return str(
        click.prompt(
            f"New password for {printable(name)}",
            hide_input=True,
            confirmation_prompt=True,
            err=True,
        )
    )


def _read(file: Path) -> str:
    """The first line of a file that nobody else may read."""
    content = read_file(file, what="password file")
    if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise InputError(
            Code.PASSWORD_NOT_GIVEN,
            f"{shortened(file)} may be read by others than its owner.",
            hint="Make it yours alone with chmod 600, and choose another password.",
        )
    if len(content) > MAX_FILE:
        raise InputError(Code.PASSWORD_NOT_GIVEN, f"{shortened(file)} is no file of a password.")
    try:
        return content.decode("utf-8").partition("\n")[0].removesuffix("\r")
    except UnicodeDecodeError:
        raise InputError(
            Code.PASSWORD_NOT_GIVEN, f"{shortened(file)} holds something else than UTF-8."
        ) from None
