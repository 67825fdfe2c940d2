"""``firmline bonds``: the units that this computer is bonded with; their keys are never shown."""

from __future__ import annotations

import json

import click

from firmline.cli.lazy import Command, LazyGroup, Section
from firmline.cli.parameters import OnceCommand
from firmline.cli.style import printable
from firmline.errors import Code, InputError
from firmline.values import BleAddress

SECTIONS = (
    Section(
        "Commands",
        Command("list", "firmline.cli.bonds:list_bonds", "List the units with a bond."),
        Command("forget", "firmline.cli.bonds:forget", "Forget the bond with a unit, or all."),
    ),
)


@click.group(cls=LazyGroup, sections=SECTIONS)
def bonds() -> None:
    """Bonds with units that were reached over a controller of your own (hci:).

    They lie in the folder that FIRMLINE_STATE names, or in the system's own place for such files,
    readable for you alone.
    """


@click.command("list", cls=OnceCommand)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_bonds(as_json: bool) -> None:
    """List the units that this computer is bonded with, and where the bonds are kept."""
    from firmline.links.own_side import bond_file  # noqa: PLC0415 - loads what help does not need

    file = bond_file()
    units = [str(bond.address) for bond in file.bonds()]
    if as_json:
        click.echo(json.dumps({"type": "result", "file": str(file.path), "units": units}))
        return
    for unit in units:
        click.echo(unit)
    click.echo(f"{_counted(len(units))} in {printable(file.path)}.")


def _counted(bonds: int) -> str:
    match bonds:
        case 0:
            return "No bonds are kept"
        case 1:
            return "One bond is kept"
        case _:
            return f"{bonds} bonds are kept"


@click.command(cls=OnceCommand)
@click.argument("address", required=False)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Forget every bond and this computer's own address, also where the file is damaged.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def forget(address: str | None, everything: bool, as_json: bool) -> None:
    """Forget the bond with the unit whose application has ADDRESS, or with --all of them.

    The next update pairs anew. A unit that waits in its bootloader with a bond lets in nobody else:
    finish its update first.

    With --all this computer gets a new address, so that it is a stranger to units that still have a
    bond with it and do not pair over that.
    """
    from firmline.links.own_side import bond_file  # noqa: PLC0415 - likewise

    if (address is None) != everything:
        raise InputError(
            Code.OPTION_CONFLICT,
            "Which bond to forget is named by one address, or all of them by --all.",
            hint="firmline bonds list shows which there are.",
        )
    file = bond_file()
    if address is None:
        forgotten = file.forget_everything()
        said = "All bonds, and this computer's address, are forgotten."
        nothing = "There was nothing to forget."
    else:
        unit = BleAddress.parse(address)
        forgotten = file.forget(unit)
        said = f"The bond with {unit} is forgotten."
        nothing = f"There is no bond with {unit}."
    if as_json:
        click.echo(json.dumps({"type": "result", "forgotten": forgotten}))
    else:
        click.echo(said if forgotten else nothing)
