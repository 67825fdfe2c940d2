"""Passwords of key files: asked for, or from the environment; never an option, never printed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from firmline.cli.files import read_file
from firmline.errors import Code, InputError

if TYPE_CHECKING:
    from firmline.formats.keys import PublicKey, SigningKey

PASSWORD_VARIABLE: Final = "FIRMLINE_KEY_PASSWORD"  # noqa: S105 - the name of a variable


def new_password(path: Path) -> bytes:
    """A password for a new key file.

    Raises:
        InputError: ``KEY_ENCRYPTED``: there is nobody to ask.
    """
    given = os.environ.get(PASSWORD_VARIABLE)
    if given:
        return given.encode()
    _someone_must_be_there(path)
    password: str = click.prompt(
        f"Password for {path}", hide_input=True, confirmation_prompt=True, err=True
    )
    return password.encode()


def load_signing_key(path: Path) -> SigningKey:
    """The private key in a PEM file; asks for its password where it has one.

    Raises:
        InputError: A file or key code.
    """
    from firmline.formats.keys import SigningKey  # noqa: PLC0415 - cryptography loads late

    content = read_file(path, what="key file")
    given = os.environ.get(PASSWORD_VARIABLE, "").encode() or None
    try:
        return SigningKey.parse_pem(content, name=str(path), password=given)
    except InputError as error:
        if error.code is not Code.KEY_ENCRYPTED:
            raise
    _someone_must_be_there(path)
    password: str = click.prompt(f"Password for {path}", hide_input=True, err=True)
    return SigningKey.parse_pem(content, name=str(path), password=password.encode())


def load_public_key(path: Path) -> PublicKey:
    """The public key in a PEM file, or the public half of the private key in it."""
    from firmline.formats.keys import PublicKey  # noqa: PLC0415 - cryptography loads late

    content = read_file(path, what="key file")
    if b"PRIVATE KEY-----" in content:
        return load_signing_key(path).public_key
    return PublicKey.parse_pem(content, name=str(path))


def _someone_must_be_there(path: Path) -> None:
    if not sys.stdin.isatty():
        raise InputError(
            Code.KEY_ENCRYPTED,
            f"The key file {path} needs a password and there is nobody to ask for it.",
            hint=f"Put the password into the environment variable {PASSWORD_VARIABLE}.",
        )
