"""``firmline pkg display``: what is inside a package, what a unit does with it, who signed it."""

from __future__ import annotations

from pathlib import Path

import click

from firmline.cli.parameters import FilePath, KeyName, KeySource, OnceCommand


@click.command(cls=OnceCommand)
@click.argument("zipfile", metavar="ZIP", type=FilePath())
@click.option(
    "--key",
    "key_file",
    metavar="FILE",
    type=KeyName(),
    help="A key (PEM, public or private) that every signature has to verify with.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def display(zipfile: Path, key_file: KeySource | None, as_json: bool) -> None:
    """Show what is inside the DFU package ZIP, what a unit does with it, and who signed it.

    When this prints, every image has the size and the SHA-256 that its init packet names; a hash of
    another type is shown as not checked. The keys that can have signed it are named by fingerprint.
    With --key every signature is verified, those for the boot validation too; exit code 5: one does
    not hold, or there is none.
    """
    from firmline.cli.display_report import run  # noqa: PLC0415 - cryptography loads late

    run(zipfile, key_file=key_file, as_json=as_json)
