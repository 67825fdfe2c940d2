"""``firmline scan``: what is in the air, or plugged in by USB."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import click

from firmline.cli.numbers import Amount
from firmline.cli.parameters import OnceCommand
from firmline.cli.style import paint, printable
from firmline.links.target import Scheme, parse_radio

if TYPE_CHECKING:
    from firmline.updater.radio.scanning import Seen

DURATION_S: Final = 5.0
SHORTEST_S: Final = 0.01
LONGEST_S: Final = 3600.0
KINDS: Final = {
    "application": "application with the buttonless service",
    "bootloader": "Secure DFU bootloader",
    "secure_dfu": "Secure DFU: a bootloader, or an application that can enter one",
    "legacy_dfu": "legacy DFU (before SDK 12)",
    "smp": "SMP (MCUboot)",
    "other": "another device, as far as it says",
}
"""What a kind is, for people."""


@click.command(cls=OnceCommand)
@click.option(
    "--on",
    "target_text",
    metavar="RADIO",
    default=Scheme.BLE.value,
    show_default=True,
    help="The radio. ble is the computer's own Bluetooth, 'ble:?adapter=hci1' another adapter of it"
    " (Linux). hci:TRANSPORT is a Bluetooth controller of your own, such as hci:usb:0."
    " nrfconn:PORT is an nRF Connectivity dongle."
    " usb is no radio: it lists the units that are plugged in."
    " sim:NAME,NAME... is an air with these virtual units (firmline sim units lists them)."
    " FIRMLINE_LINK names the scheme of a radio without one.",
)
@click.option(
    "--duration",
    "duration_s",
    metavar="SECONDS",
    type=Amount(SHORTEST_S, LONGEST_S),
    default=DURATION_S,
    show_default=True,
    help="How long to listen.",
)
@click.option(
    "--connect",
    is_flag=True,
    help="Connect to everyone who was heard, and look at the services: the only way to tell an"
    " application that does not advertise its buttonless service.",
)
@click.option("--json", "as_json", is_flag=True, help="Print sightings and result as JSON lines.")
def scan(*, target_text: str, duration_s: float, connect: bool, as_json: bool) -> None:
    """List what is in the air: applications, bootloaders, legacy DFU, SMP.

    With names, addresses and the strongest signal heard. Only listens, unless --connect is given.
    Of units on USB it lists serial numbers and ports, at once; --connect asks for their versions.
    """
    from firmline.cli.running import run_with  # noqa: PLC0415
    from firmline.cli.scan_usb import scan_usb  # noqa: PLC0415
    from firmline.cli.unit_choice import load_unit  # noqa: PLC0415 - the help stays fast
    from firmline.links.air import open_air, unit_names  # noqa: PLC0415
    from firmline.updater.radio.scanning import scan as listen  # noqa: PLC0415

    target = parse_radio(target_text, default_scheme=os.environ.get("FIRMLINE_LINK", ""))
    if target.scheme is Scheme.USB:
        scan_usb(target, connect=connect, as_json=as_json)
        return
    is_sim = target.scheme is Scheme.SIM
    units = [load_unit(name) for name in unit_names(target)] if is_sim else []

    def report(seen: Seen) -> None:
        if as_json:
            with suppress(OSError):  # it is called by the radio; the result line will say it
                click.echo(json.dumps({"type": "sighting", **fields(seen)}))
                sys.stdout.flush()

    async def go() -> tuple[Seen, ...]:
        async with open_air(target, units=units) as link:
            return await listen(link, duration_s=duration_s, report=report, connect=connect)

    everyone = run_with(target, go())
    if as_json:
        listed = [{**fields(seen), "sightings": seen.sightings} for seen in everyone]
        click.echo(json.dumps({"type": "result", "seconds": duration_s, "units": listed}))
        return
    for seen in sorted(everyone, key=_strength, reverse=True):
        click.echo(_row(seen))
    click.echo(_summary(len(everyone), duration_s))


def fields(seen: Seen) -> dict[str, object]:
    """What a line says of somebody in the air."""
    return {
        "address": str(seen.address),
        "name": printable(seen.name),
        "kind": seen.kind.value,
        "how": seen.how.value,
        "rssi_dbm": seen.rssi_dbm,
        "problem": printable(seen.problem),
    }


def _strength(seen: Seen) -> tuple[bool, int]:
    return seen.rssi_dbm is not None, seen.rssi_dbm or 0


def _row(seen: Seen) -> str:
    signal = "" if seen.rssi_dbm is None else f"{seen.rssi_dbm} dBm"
    name = paint(printable(seen.name) or "(no name)", bold=True)
    row = f"{seen.address}  {signal:>8}  {name}  {KINDS[seen.kind]}"
    return f"{row}; {printable(seen.problem)}" if seen.problem else row


def _summary(count: int, duration_s: float) -> str:
    who = {0: "Nobody was", 1: "One device was"}.get(count, f"{count} devices were")
    return f"{who} heard in {duration_s:g} s."
