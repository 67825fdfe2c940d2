"""``firmline dfu usb-serial``: nrfutil's command, on top of ``firmline update``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from firmline.cli.dfu_wired import WiredUpdate, wired_options
from firmline.cli.numbers import Number
from firmline.cli.parameters import OnceCommand, YesNo
from firmline.cli.running import run_work
from firmline.errors import Code, InputError, TransportError, TransportReason
from firmline.links.serial.options import MAX_BAUD, MIN_BAUD
from firmline.links.serial.ports import ports_hint
from firmline.links.target import Scheme, Target


@click.command("usb-serial", cls=OnceCommand)
@wired_options(
    click.option(
        *("-p", "--port"),
        metavar="PORT",
        help="The serial port that the unit has now, e.g. /dev/ttyACM0 or COM3; the unit is"
        " followed by its serial number when it restarts.",
    ),
    click.option(
        *("-snr", "--serial-number"),
        metavar="TEXT",
        help="Instead of a port: the unit's USB serial number.  [default: the one unit there is]",
    ),
    click.option(
        *("-fc", "--flow-control"),
        type=YesNo(),
        metavar="0|1",
        help="Taken, and of no use: USB itself holds back what the unit cannot take.",
    ),
    click.option(
        *("-b", "--baud-rate"),
        metavar="N",
        type=Number(MAX_BAUD, minimum=MIN_BAUD),
        help="Taken, and of no use: USB has no baud rate.",
    ),
    instead="the unit is looked for until it is there",
    takes="How long the unit may take to be there, and to come back as its bootloader."
    "  [default: 5 and 15, and what -cd says]",
)
def usb_serial(
    *,
    port: str | None,
    serial_number: str | None,
    flow_control: bool | None,
    baud_rate: int | None,
    **common: Any,  # noqa: ANN401 - the options that both commands over a wire have
) -> None:
    """Update a unit that is plugged in by USB; its application is asked into the bootloader.

    nrfutil calls a unit programmed whatever becomes of it. Here the exit code is 5 unless the unit
    came back and said another version than before, or what --expect names.
    """
    update = WiredUpdate.read(**common)
    given = {"-fc": flow_control, "-b": baud_rate}
    useless = [option for option, value in given.items() if value is not None]
    if useless:
        click.echo(f"note: {', '.join(useless)}: of no use, USB needs neither.", err=True)
    update.run(_target(port, serial_number), update.timeouts("bootloader_s", "reappear_s"))


def _target(port: str | None, serial_number: str | None) -> Target:
    """The unit, by its serial number; a port says which that is, now and for this once."""
    if port is not None and serial_number is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            "-p and -snr both say which unit: nrfutil takes the port and forgets the other.",
            hint="Name the unit by its serial number alone.",
        )
    number = serial_number or ""
    if port is not None:
        real = str(Path(port).resolve()) if port.startswith("/") else port
        number = run_work(_serial_number_at(port, real))
    return Target(text=f"usb:{number}", scheme=Scheme.USB, where=number)


async def _serial_number_at(port: str, real: str) -> str:
    """The serial number of the USB device whose port this is.

    Args:
        port: As the user names it; on Linux that may be a link (/dev/serial/by-id).
        real: What the link leads to.
    """
    from firmline.links.usb.host_bus import HostBus  # noqa: PLC0415 - the help stays fast

    names = (port.casefold(), real.casefold())
    for device in (await HostBus().look()).devices:
        if device.port is not None and device.port.casefold() in names:
            if device.serial_number:
                return device.serial_number
            raise TransportError(
                Code.USB_NOT_UNIQUE,
                f"The USB device {device.shown} has no serial number, so that nobody could follow"
                " it through a restart.",
                reason=TransportReason.NOT_AVAILABLE,
                hint=f"Get it into its bootloader by hand and use firmline dfu serial -p {port}.",
            )
    raise TransportError(
        Code.PORT_NOT_FOUND,
        f"{port[:150]} is no port of a USB device.",
        reason=TransportReason.NOT_AVAILABLE,
        hint=f"{ports_hint()} For any other port there is firmline dfu serial -p PORT.",
    )
