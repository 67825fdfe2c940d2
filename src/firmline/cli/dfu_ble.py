"""``firmline dfu ble``: nrfutil's command, on top of ``firmline update``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click

from firmline.cli.dfu_options import connect_delay_option, own_options, package_option
from firmline.cli.numbers import Number
from firmline.cli.parameters import OnceCommand
from firmline.cli.update_run import UpdateRequest, run_update
from firmline.errors import Code, InputError
from firmline.links.bluetooth.options import NAME_PREFIX
from firmline.links.target import Scheme, Target
from firmline.values import BleAddress

DEFAULT_NAME: Final = "DfuTarg"
"""Whom nrfutil looks for where neither a name nor an address is given: a unit that waits in the
SDK's bootloader."""
_BARE_ADDRESS: Final = re.compile(r"[0-9A-Fa-f]{12}")
DONGLE: Final = (
    "they are for the Bluetooth dongle that nrfutil needs; the computer's own Bluetooth is used"
    " (--adapter hci1 chooses one of several on Linux)."
)
"""What replaces nrfutil's options for its dongle."""


@click.command(cls=OnceCommand)
@package_option
@click.option(
    *("-a", "--address"),
    metavar="ADDRESS",
    help="Address of the unit's application, with colons or without; case does not matter.",
)
@click.option(
    *("-n", "--name"),
    metavar="NAME",
    help="Instead of an address: the name that the unit advertises, and no other unit.  [default:"
    f" {DEFAULT_NAME}]",
)
@click.option("--adapter", metavar="NAME", help="Which Bluetooth adapter (Linux), such as hci1.")
@click.option(
    *("-ic", "--conn-ic-id"),
    metavar="CHIP",
    help="Taken, and not used: of nrfutil's dongle.",
)
@click.option(
    *("-p", "--port"),
    metavar="PORT",
    help="Taken, and not used: of nrfutil's dongle; see --adapter.",
)
@click.option(
    *("-snr", "--jlink-snr"), metavar="N", help="Taken, and not used: of nrfutil's dongle."
)
@click.option(
    *("-f", "--flash-connectivity"), is_flag=True, help="Taken, and nothing is flashed: likewise."
)
@connect_delay_option("the unit is looked for until it is seen", is_used=False)
@click.option(
    *("-mtu", "--att-mtu"),
    metavar="N",
    type=Number(517, minimum=23),
    help="Taken, and not asked for: the system agrees on the MTU by itself.",
)
@own_options
def ble(
    *,
    package: Path,
    address: str | None,
    name: str | None,
    adapter: str | None,
    conn_ic_id: str | None,
    port: str | None,
    jlink_snr: str | None,
    flash_connectivity: bool,
    att_mtu: int | None,
    verbose: int,
    recovers: bool,
    trace: Path | None,
    as_json: bool,
) -> None:
    """Update a unit with the computer's own Bluetooth: no dongle is needed.

    nrfutil calls a unit programmed whatever becomes of it; here the exit code is 0 only when the
    new application was seen.
    """
    dongle = {"-ic": conn_ic_id, "-p": port, "-snr": jlink_snr, "-f": flash_connectivity or None}
    given = [option for option, value in dongle.items() if value is not None]
    if given:
        click.echo(f"note: {', '.join(given)}: {DONGLE}", err=True)
    if att_mtu is not None:
        click.echo("note: -mtu is not asked for; the system agrees on the MTU.", err=True)
    target = _target(address, name, adapter)
    run_update(
        UpdateRequest(
            package=package,
            target=target,
            trace=trace,
            as_json=as_json,
            verbose=verbose > 0,
            recovers=recovers,
        )
    )


def _target(address: str | None, name: str | None, adapter: str | None) -> Target:
    """The unit; a name may hold what a URI would split at, and is written so that it does not."""
    if address is not None and name is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            "-a and -n both say which unit: nrfutil takes the first that fits either.",
            hint="Name the unit by its address alone.",
        )
    options = {} if adapter is None else {"adapter": adapter}
    where = _colons(address) if address is not None else _named(name or DEFAULT_NAME)
    return Target(text=f"ble:{where}", scheme=Scheme.BLE, where=where, options=options)


def _named(name: str) -> str:
    return NAME_PREFIX + name.replace("%", "%25")


def _colons(address: str) -> str:
    """An address as nrfutil takes it, twelve digits, or as everybody writes it."""
    text = address.strip()
    if _BARE_ADDRESS.fullmatch(text):
        return str(BleAddress(bytes.fromhex(text)))
    return text
