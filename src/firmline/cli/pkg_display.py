"""``firmline pkg display``: what is inside a package."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import click

from firmline.cli.files import read_file
from firmline.cli.package_text import generate_command, image_fields, image_lines
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.style import printable
from firmline.formats.package import read_package


@click.command(cls=OnceCommand)
@click.argument("zipfile", metavar="ZIP", type=FilePath())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def display(zipfile: Path, as_json: bool) -> None:
    """Show what is inside the DFU package ZIP and whether it agrees with itself.

    When this prints, every image has the size and the SHA-256 that its init packet names; a hash of
    another type is shown as not checked. The signature needs the key and is not checked.
    """
    content = read_file(zipfile, what="package")
    package = read_package(content, name=str(zipfile))
    command = generate_command(package, zipfile.name)
    if as_json:
        result = {
            "type": "result",
            "package": printable(zipfile.name),
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "images": [image_fields(image) for image in package.images],
            "generate": None if command is None else printable(command),
        }
        click.echo(json.dumps(result))
        return
    count = f"{len(package.images)} image" + ("s" if len(package.images) > 1 else "")
    click.echo(f"{printable(zipfile)}: {count}, {len(content):,} bytes")
    for image in package.images:
        click.echo()
        for line in image_lines(image):
            click.echo(line)
    if command is not None:
        click.echo()
        click.echo("A package like this is made by:")
        click.echo(f"  {printable(command)}")
