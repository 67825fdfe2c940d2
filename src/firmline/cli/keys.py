"""``firmline keys``: signing keys."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import click

from firmline.cli.files import keep_apart, read_file, write_file
from firmline.cli.lazy import Command, LazyGroup, Section
from firmline.cli.parameters import FilePath, KeyName, KeySource, OnceCommand
from firmline.cli.secrets_input import load_key_file, load_public_key, new_password
from firmline.cli.style import printable
from firmline.errors import Code, InputError
from firmline.tokens.uri import TokenUri

__all__ = ["display", "generate", "keys"]

SECTIONS = (
    Section(
        "Commands",
        Command("generate", "firmline.cli.keys:generate", "Make a new private key."),
        Command(
            "display", "firmline.cli.keys:display", "Show a key, for a bootloader or a person."
        ),
    ),
)


@click.group(cls=LazyGroup, sections=SECTIONS)
def keys() -> None:
    """Make signing keys (ECDSA, P-256) and show their public halves."""


@click.command(cls=OnceCommand)
@click.argument("file", type=KeyName())
@click.option("--password", is_flag=True, help="Encrypt the file with a password (asked for).")
@click.option("--force", is_flag=True, help="Replace a file that is already there.")
def generate(file: KeySource, password: bool, force: bool) -> None:
    """Make a new private key and store it in FILE, readable for you alone.

    Units accept only packages that are signed with the key whose public half their bootloader was
    built with: keep FILE safe, and keep a copy.
    """
    from firmline.formats.keys import SigningKey  # noqa: PLC0415 - cryptography loads late

    if isinstance(file, TokenUri):
        raise InputError(
            Code.OPTION_CONFLICT,
            "firmline makes keys in files; a key on a token is made with its maker's tools.",
            hint="Make an EC key on P-256 (secp256r1) there, and use its URI as --key-file.",
        )
    replace = force or _may_be_replaced(file)
    secret = new_password(file) if password else None
    pem = SigningKey.generate().format_pem(password=secret)
    write_file(file, pem, private=True, replace=replace)
    click.echo(f"Private key:      {printable(file)} (readable for you alone)")
    show = shlex.join(["firmline", "keys", "display", "--key", "pk", "--format", "code", str(file)])
    click.echo(f"Its public half:  {printable(show)}")


def _may_be_replaced(file: Path) -> bool:
    """Ask, as nrfutil does, where somebody is there to answer; a lost key cannot be made again."""
    if not os.path.lexists(file):
        return False
    if file.is_dir():
        return True  # as far as a key is concerned; a folder is refused as such
    if sys.stdin.isatty() and click.confirm(
        f"Replace the key that is already in {printable(file)}?", err=True
    ):
        return True
    raise InputError(
        Code.FILE_EXISTS,
        f"{file} is already there and was left as it is: a lost key cannot be made again.",
        hint="Choose another name, or say --force to replace it.",
    )


@click.command(cls=OnceCommand)
@click.argument("key_file", type=KeyName())
@click.option(
    "--key",
    "which",
    type=click.Choice(["pk", "sk"]),
    required=True,
    help="The public half (pk), which the bootloader holds, or the secret (sk).",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["hex", "code", "pem", "dbgcode"]),
    required=True,
    help="code: C source for the bootloader; dbgcode: the same for debug builds only; pem: a text"
    " file for other tools; hex: little-endian bytes.",
)
@click.option(
    "--out_file", metavar="FILE", type=FilePath(), help="Write it there instead of printing it."
)
def display(key_file: KeySource, which: str, form: str, out_file: Path | None) -> None:
    """Show one half of the key in KEY_FILE.

    A product's bootloader is built with what --key pk --format code prints.
    """
    if out_file is not None:
        keep_apart(out_file, key_file)
    text = _secret_text(key_file, form) if which == "sk" else _public_text(key_file, form)
    if which == "sk":
        click.echo("warning: this is the secret half; whoever has it signs in your name.", err=True)
    if out_file is None:
        click.echo(text.rstrip("\n"))
    else:
        write_file(out_file, text.encode(), private=which == "sk")


def _public_text(key_file: KeySource, form: str) -> str:
    from firmline.formats.keys import format_public_key_c  # noqa: PLC0415 - cryptography loads late

    key = load_public_key(key_file)
    match form:
        case "hex":
            return key.le_bytes.hex() + "\n"
        case "pem":
            return key.format_pem().decode()
        case _:
            return format_public_key_c(key, debug=form == "dbgcode")


def _secret_text(key_file: KeySource, form: str) -> str:
    if form not in ("hex", "pem"):
        raise InputError(
            Code.OPTION_CONFLICT,
            f"A secret key is not shown as {form}: it has no place in a source file.",
            hint="Use --key pk for the bootloader's source.",
        )
    if isinstance(key_file, TokenUri):
        raise InputError(
            Code.OPTION_CONFLICT,
            "The secret half of a key on a token is not shown: it does not leave the token.",
            hint="Use --key pk.",
        )
    key = load_key_file(key_file)
    return _pem_blocks(key_file) if form == "pem" else key.format_hex() + "\n"


def _pem_blocks(key_file: Path) -> str:
    """The key as it stands in its file, encrypted if it is; not what else may stand there."""
    content = read_file(key_file, what="key file").decode("utf-8-sig", "replace")
    blocks = re.findall(r"^-----BEGIN .*?^-----END [^\r\n]*", content, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    return "".join(f"{printable(line)}\n" for line in lines)
