"""A signing key named by a ``pkcs11:`` URI: its module, its PIN, and the token behind it.

The PIN comes from the file that the URI names (``pin-source``), the URI itself (``pin-value``, with
a warning), the environment, or a person, in this order; it is never printed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from firmline.cli.files import read_file
from firmline.cli.style import printable
from firmline.errors import Code, InputError

if TYPE_CHECKING:
    from firmline.formats.keys import PublicKey
    from firmline.tokens.signer import TokenSigner
    from firmline.tokens.uri import TokenUri

PIN_VARIABLE: Final = "FIRMLINE_TOKEN_PIN"
MODULE_VARIABLES: Final = ("FIRMLINE_PKCS11_MODULE", "PKCS11_MODULE")


def load_token_signer(uri: TokenUri) -> TokenSigner:
    """Open the token that a URI means; it is given back when the command ends.

    Raises:
        InputError: A ``PKCS11_*``, key or file code.
    """
    from firmline.tokens.signer import open_token_signer  # noqa: PLC0415 - cryptography loads late

    signer = open_token_signer(
        uri,
        module=_module(uri),
        ask_pin=lambda label: _pin(uri, label),
        public_key=_given_public_key(uri),
    )
    context = click.get_current_context(silent=True)
    if context is not None:
        context.call_on_close(signer.close)
    return signer


def load_token_public_key(uri: TokenUri) -> PublicKey:
    """The public half of the key that a URI means; the PIN is asked for only if it is hidden.

    Raises:
        InputError: A ``PKCS11_*``, key or file code.
    """
    from firmline.tokens.signer import read_public_key  # noqa: PLC0415 - cryptography loads late

    return _given_public_key(uri) or read_public_key(
        uri, module=_module(uri), ask_pin=lambda label: _pin(uri, label)
    )


def _module(uri: TokenUri) -> str:
    named = (uri.module_path, *(os.environ.get(variable, "") for variable in MODULE_VARIABLES))
    module = next(filter(None, named), None)
    if module is None:
        raise InputError(
            Code.PKCS11_MODULE,
            f"No PKCS#11 module is named for {uri}.",
            hint="Add ?module-path=/path/to/module.so to the URI, or set the environment variable"
            f" {MODULE_VARIABLES[0]}.",
        )
    return module


def _given_public_key(uri: TokenUri) -> PublicKey | None:
    from firmline.formats.keys import PublicKey  # noqa: PLC0415 - cryptography loads late

    if not uri.public_key:
        return None
    content = read_file(Path(uri.public_key), what="public key file")
    return PublicKey.parse_pem(content, name=uri.public_key)


def _pin(uri: TokenUri, label: str) -> str:
    if uri.pin_file:
        return _pin_in_file(Path(uri.pin_file))
    if uri.pin_value:
        click.echo(
            "warning: the PIN stands in the command line (pin-value), where the shell's history and"
            f" other users see it; use pin-source, or {PIN_VARIABLE}.",
            err=True,
        )
        return uri.pin_value
    if pin := os.environ.get(PIN_VARIABLE):
        return pin
    if not sys.stdin.isatty():
        raise InputError(
            Code.PKCS11_PIN,
            f"The token {label!a} needs its PIN and there is nobody to ask for it.",
            hint=f"Put the PIN into the environment variable {PIN_VARIABLE}, or into a file that"
            " the URI names with pin-source.",
        )
    asked: str = click.prompt(f"PIN of the token {printable(label)}", hide_input=True, err=True)
    return asked


def _pin_in_file(path: Path) -> str:
    """The first line of the file that ``pin-source`` names (RFC 7512, section 2.4)."""
    content = read_file(path, what="PIN file")
    try:
        pin = content.decode().splitlines()[0]
    except (UnicodeDecodeError, IndexError):
        pin = ""
    if not pin:
        raise InputError(Code.PKCS11_PIN, "The PIN file does not begin with a line of text.")
    return pin
