"""``firmline dfu serial``: nrfutil's command, on top of ``firmline update``."""

from __future__ import annotations

from typing import Any

import click

from firmline.cli.dfu_wired import WiredUpdate, wired_options
from firmline.cli.numbers import Number
from firmline.cli.parameters import OnceCommand, YesNo
from firmline.errors import Code, InputError
from firmline.links.serial.options import DEFAULT_BAUD, MAX_BAUD, MIN_BAUD
from firmline.links.serial.ports import port_names, port_with_serial_number
from firmline.links.target import Scheme, Target


@click.command(cls=OnceCommand)
@wired_options(
    click.option(
        *("-p", "--port"), metavar="PORT", help="The serial port, e.g. /dev/ttyACM0 or COM3."
    ),
    click.option(
        *("-b", "--baud-rate"),
        metavar="N",
        type=Number(MAX_BAUD, minimum=MIN_BAUD),
        default=DEFAULT_BAUD,
        show_default=True,
        help="Speed of the unit's bootloader.",
    ),
    click.option(
        *("-fc", "--flow-control"),
        type=YesNo(),
        default=True,
        metavar="0|1",
        help="Flow control by RTS and CTS.  [default: 1]",
    ),
    click.option(
        *("-snr", "--serial-number"),
        metavar="TEXT",
        help="Instead of a port: the serial number of the USB device whose port it is.",
    ),
    instead="the bootloader is asked until it answers",
    takes="How long the bootloader may take to answer at all.  [default: 5, and what -cd says]",
)
def serial(
    *,
    port: str | None,
    baud_rate: int,
    flow_control: bool,
    serial_number: str | None,
    **common: Any,  # noqa: ANN401 - the options that both commands over a wire have
) -> None:
    """Update a unit whose bootloader waits at a serial port.

    nrfutil calls a unit programmed whatever becomes of it. Here the exit code is 5 unless --expect
    names a text that the new application prints, and it was heard.
    """
    if port is not None and serial_number is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            "-p and -snr both say which unit: nrfutil takes the port and forgets the other.",
            hint="Name the unit by its port, or by its serial number alone.",
        )
    update = WiredUpdate.read(**common)
    target = _target(
        port or _port_of(serial_number), baud_rate=baud_rate, flow_control=flow_control
    )
    update.run(target, update.timeouts("bootloader_s"))


def _target(port: str, *, baud_rate: int, flow_control: bool) -> Target:
    """The unit at a port, whose name may hold what a URI would split at."""
    options = {"baud": str(baud_rate), "flow": "rtscts" if flow_control else "none"}
    return Target(text=f"serial:{port}", scheme=Scheme.SERIAL, where=port, options=options)


def _port_of(serial_number: str | None) -> str:
    """The port of a USB device."""
    if serial_number is None:
        names = port_names()
        there = f"Ports of this computer: {', '.join(names)}." if names else ""
        raise InputError(Code.OPTION_MISSING, "Neither -p nor -snr names a port.", hint=there)
    return port_with_serial_number(serial_number)
