"""Passwords of key files: asked for, or from the environment; never an option, never printed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from firmline.cli.files import read_file
from firmline.cli.parameters import KeySource
from firmline.cli.style import printable
from firmline.cli.token_input import load_token_public_key, load_token_signer
from firmline.errors import Code, InputError
from firmline.tokens.uri import TokenUri

if TYPE_CHECKING:
    from firmline.formats.keys import PublicKey, Signer, SigningKey
    from firmline.formats.mcuboot.keys import ImageKey

PASSWORD_VARIABLE: Final = "FIRMLINE_KEY_PASSWORD"  # noqa: S105 - the name of a variable
MAX_PASSWORD_SIZE: Final = 1023
"""Bytes; the limit of OpenSSL (``PEM_BUFSIZE``), and with it of the tools that read such files."""


def new_password(path: Path) -> bytes:
    """A password for a new key file.

    Raises:
        InputError: ``KEY_ENCRYPTED``: there is nobody to ask. ``KEY_WRONG_PASSWORD``: it is too
            long for any tool to open the file again.
    """
    password = _password_in_environment() or _ask(path, twice=True)
    if len(password) > MAX_PASSWORD_SIZE:
        raise InputError(
            Code.KEY_WRONG_PASSWORD, f"A password has at most {MAX_PASSWORD_SIZE} bytes."
        )
    return password


def load_signing_key(source: KeySource) -> Signer:
    """The private key in a PEM file or on a token.

    Asks for the password or PIN where there is one.

    Raises:
        InputError: A file, key or ``PKCS11_*`` code.
    """
    if isinstance(source, TokenUri):
        return load_token_signer(source)
    return load_key_file(source)


def load_key_file(path: Path) -> SigningKey:
    """The private key in a PEM file; asks for its password where it has one.

    Raises:
        InputError: A file or key code.
    """
    from firmline.formats.keys import SigningKey  # noqa: PLC0415 - cryptography loads late

    content = read_file(path, what="key file")
    try:
        return SigningKey.parse_pem(content, name=str(path), password=_password_in_environment())
    except InputError as error:
        if error.code is not Code.KEY_ENCRYPTED:
            raise
    return SigningKey.parse_pem(content, name=str(path), password=_ask(path))


def load_public_key(source: KeySource) -> PublicKey:
    """The public key in a PEM file or certificate, or the half of a private key.

    Raises:
        InputError: A file, key or ``PKCS11_*`` code.
    """
    from firmline.formats.keys import PublicKey  # noqa: PLC0415 - cryptography loads late

    if isinstance(source, TokenUri):
        return load_token_public_key(source)
    content = read_file(source, what="key file")
    if b"PRIVATE KEY-----" in content:
        return load_key_file(source).public_key
    return PublicKey.parse_pem(content, name=str(source))


def load_image_key(source: KeySource) -> ImageKey:
    """The public key, or the public half of a private one, that images for MCUboot are signed with.

    Raises:
        InputError: A file, key or ``PKCS11_*`` code.
    """
    from firmline.formats.mcuboot.keys import ImageKey  # noqa: PLC0415 - cryptography loads late

    if isinstance(source, TokenUri):
        pem = load_token_public_key(source).format_pem()
        return ImageKey.parse_pem(pem, name=str(source))
    content = read_file(source, what="key file")
    password = _password_in_environment()
    try:
        return ImageKey.parse_pem(content, name=str(source), password=password)
    except InputError as error:
        if error.code is not Code.KEY_ENCRYPTED:
            raise
    return ImageKey.parse_pem(content, name=str(source), password=_ask(source))


def _password_in_environment() -> bytes | None:
    """Its bytes as they are, whether or not they are UTF-8."""
    return os.fsencode(os.environ.get(PASSWORD_VARIABLE, "")) or None


def _ask(path: Path, *, twice: bool = False) -> bytes:
    if not sys.stdin.isatty():
        raise InputError(
            Code.KEY_ENCRYPTED,
            f"The key file {path} needs a password and there is nobody to ask for it.",
            hint=f"Put the password into the environment variable {PASSWORD_VARIABLE}.",
        )
    password: str = click.prompt(
        f"Password for {printable(path)}", hide_input=True, confirmation_prompt=twice, err=True
    )
    return password.encode()
