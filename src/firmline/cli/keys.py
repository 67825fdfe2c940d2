"""``firmline keys``: signing keys."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from firmline.cli.files import read_file, write_file
from firmline.cli.lazy import Command, LazyGroup, Section
from firmline.cli.secrets_input import load_public_key, load_signing_key, new_password
from firmline.errors import Code, InputError

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


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--password", is_flag=True, help="Encrypt the file with a password (asked for).")
@click.option("--force", is_flag=True, help="Replace a file that is already there.")
def generate(file: Path, password: bool, force: bool) -> None:
    """Make a new private key and store it in FILE, readable for you alone.

    Units accept only packages that are signed with the key whose public half their bootloader was
    built with: keep FILE safe, and keep a copy.
    """
    from firmline.formats.keys import SigningKey  # noqa: PLC0415 - cryptography loads late

    replace = force or _may_be_replaced(file)
    secret = new_password(file) if password else None
    pem = SigningKey.generate().format_pem(password=secret)
    write_file(file, pem, private=True, replace=replace)
    click.echo(f"Private key:      {file} (readable for you alone)")
    click.echo(f"Its public half:  firmline keys display --key pk --format code {file}")


def _may_be_replaced(file: Path) -> bool:
    """Ask, as nrfutil does, where somebody is there to answer; a lost key cannot be made again."""
    if not file.exists():
        return False
    if sys.stdin.isatty() and click.confirm(
        f"Replace the key that is already in {file}?", err=True
    ):
        return True
    raise InputError(
        Code.FILE_EXISTS,
        f"{file} is already there and was left as it is: a lost key cannot be made again.",
        hint="Choose another name, or say --force to replace it.",
    )


@click.command()
@click.argument("key_file", type=click.Path(path_type=Path))
@click.option(
    "--key",
    "which",
    type=click.Choice(["pk", "sk"]),
    required=True,
    help="Public (pk) or secret (sk).",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["hex", "code", "pem", "dbgcode"]),
    required=True,
    help="hex: little-endian bytes; code: C source for the bootloader; dbgcode: C source for debug"
    " builds; pem.",
)
@click.option(
    "--out_file", type=click.Path(path_type=Path), help="Write it there instead of printing it."
)
def display(key_file: Path, which: str, form: str, out_file: Path | None) -> None:
    """Show the key in KEY_FILE."""
    text = _secret_text(key_file, form) if which == "sk" else _public_text(key_file, form)
    if out_file is None:
        click.echo(text.rstrip("\n"))
    else:
        write_file(out_file, text.encode(), private=which == "sk")


def _public_text(key_file: Path, form: str) -> str:
    from firmline.formats.keys import format_public_key_c  # noqa: PLC0415 - cryptography loads late

    key = load_public_key(key_file)
    match form:
        case "hex":
            return key.le_bytes.hex() + "\n"
        case "pem":
            return key.format_pem().decode()
        case _:
            return format_public_key_c(key, debug=form == "dbgcode")


def _secret_text(key_file: Path, form: str) -> str:
    if form not in ("hex", "pem"):
        raise InputError(
            Code.OPTION_CONFLICT,
            f"A secret key is not shown as {form}: it has no place in a source file.",
            hint="Use --key pk for the bootloader's source.",
        )
    if form == "pem":
        load_signing_key(key_file)
        return read_file(key_file, what="key file").decode("ascii", "replace")
    return load_signing_key(key_file).format_hex() + "\n"
