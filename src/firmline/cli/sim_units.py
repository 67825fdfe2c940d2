"""``firmline sim units``: the gallery of virtual units; unit files to start from, or to check."""

from __future__ import annotations

import json

import click

from firmline.cli.parameters import OnceCommand
from firmline.cli.style import paint, printable
from firmline.cli.unit_choice import is_unit_file, load_unit
from firmline.device.description import (
    UnitDescription,
    default_title,
    gallery_names,
    gallery_text,
    gallery_unit,
)


@click.command(cls=OnceCommand)
@click.argument("name", metavar="[NAME|FILE.toml]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def units(name: str | None, as_json: bool) -> None:
    """List the ready virtual units, print the file of one, or check a file of yours.

    sim:NAME is one of them as a target. A file printed here is where to start from; what it may say
    stands in the reference, "Unit files".
    """
    if name is None:
        _list_all(as_json=as_json)
    elif is_unit_file(name):
        _check(load_unit(name), as_json=as_json)
    else:
        _print_file(name, as_json=as_json)


def _print_file(name: str, *, as_json: bool) -> None:
    text = gallery_text(name)
    if as_json:
        result = {"type": "result", **facts(gallery_unit(name)), "file": text}
        click.echo(json.dumps(result))
    else:
        click.echo(text, nl=False)


def _check(unit: UnitDescription, *, as_json: bool) -> None:
    """Say what a file describes; one that describes nothing was refused when it was read."""
    if as_json:
        click.echo(json.dumps({"type": "result", **facts(unit)}))
    else:
        _print_row(unit)


def facts(unit: UnitDescription) -> dict[str, object]:
    """What the list says of a unit.

    ``verified``: whether recorded transcripts confirm both its chip and its bootloader.
    """
    return {
        "name": unit.name,
        "title": unit.title,
        "chip": unit.chip.name,
        "profile": unit.profile.name,
        "verified": unit.chip.verified and unit.profile.verified,
    }


def _list_all(*, as_json: bool) -> None:
    everyone = [gallery_unit(name) for name in gallery_names()]
    if as_json:
        click.echo(json.dumps({"type": "result", "units": [facts(unit) for unit in everyone]}))
        return
    for unit in everyone:
        _print_row(unit)
    click.echo("Unverified: no recording of the real bootloader on this chip confirms it.")


def _print_row(unit: UnitDescription) -> None:
    row = facts(unit)
    mark = "" if row["verified"] else ", unverified"
    name = paint(printable(unit.name), bold=True)
    click.echo(f"{name}  ({row['chip']}, {row['profile']}{mark})")
    if unit.title != default_title(unit.chip, unit.profile):
        click.echo(f"  {unit.title}")
