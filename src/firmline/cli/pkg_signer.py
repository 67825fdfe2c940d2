"""``firmline pkg signer``: which key signed packages, and whether a bootloader trusts it."""

from __future__ import annotations

from pathlib import Path

import click

from firmline.cli.parameters import FilePath, KeyName, KeySource, OnceCommand


@click.command(cls=OnceCommand)
@click.argument("zipfiles", metavar="ZIP...", type=FilePath(), nargs=-1, required=True)
@click.option(
    "--in",
    "dumps",
    metavar="FILE",
    type=FilePath(),
    multiple=True,
    help="A bootloader's image or a flash dump (Intel HEX, S-records, ELF or bin) that is searched"
    " for the key; may be repeated.",
)
@click.option(
    "--key",
    "key_file",
    metavar="FILE",
    type=KeyName(),
    help="A key (PEM, public or private) that every signature has to verify with.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def signer(
    zipfiles: tuple[Path, ...], dumps: tuple[Path, ...], key_file: KeySource | None, as_json: bool
) -> None:
    """Say which key signed the DFU packages ZIP, from the packages alone.

    A signature fits two keys, and signatures of several packages, or of several images in one, have
    the right one in common. The fingerprint is the SHA-256 of the public key in DER form.

    Exit code 5: a signature does not verify with --key, or the key is not in a file of --in. That
    packages were signed by several keys is an answer, and exit code 0.
    """
    from firmline.cli.signer_report import run  # noqa: PLC0415 - cryptography loads late

    run(zipfiles, dumps=dumps, key_file=key_file, as_json=as_json)
