"""``firmline scan --on usb``: the units that are plugged in."""

from __future__ import annotations

import json
from typing import Final

import click

from firmline.cli.running import run_work
from firmline.cli.style import paint, printable
from firmline.errors import Code, InputError, TransportError
from firmline.links.target import Target
from firmline.links.usb.bus import Plugged
from firmline.links.usb.device import UsbKind
from firmline.links.usb.host_bus import HostBus
from firmline.links.usb.options import serial_number_of
from firmline.updater.usb.scanning import PluggedUnit, scan

KINDS: Final = {
    UsbKind.APPLICATION: "application that can be asked into its bootloader",
    UsbKind.BOOTLOADER: "Nordic's USB bootloader",
    UsbKind.OTHER: "another device, or an application that cannot be asked",
}
"""What a kind is, for people."""


def scan_usb(target: Target, *, connect: bool, as_json: bool) -> None:
    """List them.

    Args:
        target: ``usb``.
        connect: Ask applications for their versions.
        as_json: Whether to print for programs.

    Raises:
        InputError: ``TARGET_MALFORMED``: the target names a unit, or has options.
        TransportError: The system does not list its devices.
    """
    if serial_number_of(target):
        raise InputError(
            Code.TARGET_MALFORMED,
            f"{target.text[:60]!r} names a unit, and a scan lists everyone.",
            hint="Write --on usb.",
        )
    units, plugged = run_work(_scan(connect=connect))
    if as_json:
        listed = [fields(unit) for unit in units]
        problem = plugged.problem
        click.echo(
            json.dumps(
                {
                    "type": "result",
                    "units": listed,
                    "code": "" if problem is None else str(problem.code),
                    "message": "" if problem is None else printable(problem.message),
                }
            )
        )
        return
    for unit in units:
        click.echo(_row(unit))
    click.echo(_summary(len(units)))
    if plugged.problem is not None:
        _note(plugged.problem)


async def _scan(*, connect: bool) -> tuple[tuple[PluggedUnit, ...], Plugged]:
    bus = HostBus()
    try:
        return await scan(bus, connect=connect)
    finally:
        await bus.close()


def fields(unit: PluggedUnit) -> dict[str, object]:
    """What a line says of a unit."""
    device = unit.device
    return {
        "serial_number": printable(device.serial_number),
        "kind": device.kind.value,
        "usb_id": device.usb_id,
        "port": device.port,
        "product": printable(device.product),
        "version": None if unit.version is None else printable(unit.version),
        "problem": printable(unit.problem),
    }


def _row(unit: PluggedUnit) -> str:
    device = unit.device
    name = paint(printable(device.serial_number) or "(no serial number)", bold=True)
    port = device.port or "(no port)"
    row = f"{name}  {port}  {device.usb_id}  {KINDS[device.kind]}"
    for more in (unit.version, unit.problem):
        if more:
            row += f"; {printable(more)}"
    return row


def _summary(count: int) -> str:
    who = {0: "No USB device with a port or a DFU trigger is", 1: "One USB device is"}
    return f"{who.get(count, f'{count} USB devices are')} plugged in."


def _note(problem: TransportError) -> None:
    """What could not be looked for, and what would help."""
    click.echo(
        "note: no application is told from other devices, and none without a port is seen:"
        f" {printable(problem.message)} {printable(problem.hint)}",
        err=True,
    )
