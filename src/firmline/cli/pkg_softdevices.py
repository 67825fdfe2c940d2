"""``firmline pkg softdevices``: the table of known SoftDevices."""

from __future__ import annotations

import json

import click

from firmline.cli.parameters import OnceCommand
from firmline.formats.known_softdevices import RAM_START, KnownSoftDevice, known_softdevices


@click.command(cls=OnceCommand)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def softdevices(as_json: bool) -> None:
    """List the known SoftDevices: their names, FWIDs, and where an application begins.

    Options that take a FWID take the name, too. A SoftDevice that is not in the list is used by its
    number; nothing refuses it.
    """
    if as_json:
        rows = [softdevice_fields(known) for known in known_softdevices()]
        click.echo(json.dumps({"type": "result", "softdevices": rows}))
        return
    click.echo(f"{'name':<20} {'FWID':<7} {'application':<12} least RAM")
    for known in known_softdevices():
        ram = "" if known.ram is None else f"0x{known.ram:X}"
        row = f"{known.option:<20} {known.fwid!s:<7} {_start(known):<12} {ram}"
        click.echo(row.rstrip())
    click.echo("(0x...): where published applications begin; no figure: not known.")


def softdevice_fields(known: KnownSoftDevice) -> dict[str, object]:
    """One SoftDevice, for programs; null is what is not known."""
    return {
        "name": known.name,
        "version": known.version,
        "also": list(known.also),
        "option": known.option,
        "chip": known.chip,
        "fwid": str(known.fwid),
        "end": known.end,
        "image_size": known.image_size,
        "linked_at": known.linked_at,
        "ram": known.ram,
        "ram_start": None if known.ram is None else RAM_START + known.ram,
        "sources": known.sources,
    }


def _start(known: KnownSoftDevice) -> str:
    if known.end is not None:
        return f"0x{known.end:X}"
    return "" if known.linked_at is None else f"(0x{known.linked_at:X})"
