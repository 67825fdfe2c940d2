"""``firmline dfu usb-serial``: nrfutil's command, on top of ``firmline update``."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from firmline.cli.expect_options import expect_options, read_expectation
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.update_run import UpdateRequest, run_update
from firmline.errors import Code, InputError, TransportError, TransportReason
from firmline.links.serial.options import MAX_BAUD, MIN_BAUD
from firmline.links.serial.ports import ports_hint
from firmline.links.target import Scheme, Target
from firmline.updater.timeouts import SerialTimeouts, Timeouts

MAX_PRN: Final = 0xFFFF
"""The PRN is a 16-bit number (bootloader spec, section 2.1)."""
MAX_WAIT_S: Final = 3600


@click.command("usb-serial", cls=OnceCommand)
@click.option(
    *("-pkg", "--package"), metavar="FILE", type=FilePath(), required=True, help="The DFU package."
)
@click.option(
    *("-p", "--port"),
    metavar="PORT",
    help="The serial port that the unit has now, e.g. /dev/ttyACM0 or COM3; the unit is followed"
    " by its serial number when it restarts.",
)
@click.option(
    *("-snr", "--serial-number"),
    metavar="TEXT",
    help="Instead of a port: the unit's USB serial number.  [default: the one unit there is]",
)
@click.option(
    *("-prn", "--packet-receipt-notification"),
    "prn",
    metavar="N",
    type=click.IntRange(0, MAX_PRN),
    default=0,
    show_default=True,
    help="Have the unit confirm every N packets; 0: every object, which is faster and as safe.",
)
@click.option(
    *("-cd", "--connect-delay"),
    metavar="SECONDS",
    type=click.IntRange(0, MAX_WAIT_S),
    help="Taken, and not waited for: the unit is looked for until it is there.",
)
@click.option(
    *("-fc", "--flow-control"),
    type=click.BOOL,
    metavar="0|1",
    help="Taken, and of no use: USB itself holds back what the unit cannot take.",
)
@click.option(
    *("-b", "--baud-rate"),
    metavar="N",
    type=click.IntRange(MIN_BAUD, MAX_BAUD),
    help="Taken, and of no use: USB has no baud rate.",
)
@click.option(
    *("-t", "--timeout"),
    metavar="SECONDS",
    type=click.IntRange(1, MAX_WAIT_S),
    help="How long the unit may take to be there, and to come back as its bootloader."
    "  [default: 5 and 15, and what -cd says]",
)
@click.option(*("-v", "--verbose"), count=True, help="Print every event.")
@click.option(
    "--trace", metavar="FILE", type=FilePath(), help="Keep every event there, as JSON lines."
)
@expect_options
@click.option("--json", "as_json", is_flag=True, help="Print events and result as JSON lines.")
def usb_serial(
    *,
    package: Path,
    port: str | None,
    serial_number: str | None,
    prn: int,
    connect_delay: int | None,
    flow_control: bool | None,
    baud_rate: int | None,
    timeout: int | None,
    verbose: int,
    trace: Path | None,
    expect: str | None,
    expect_baud: int | None,
    expect_timeout: float | None,
    as_json: bool,
) -> None:
    """Update a unit that is plugged in by USB; its application is asked into the bootloader.

    nrfutil calls a unit programmed whatever becomes of it. Here the exit code is 5 unless the unit
    came back and said another version than before, or what --expect names.
    """
    expectation = read_expectation(expect, baud=expect_baud, timeout_s=expect_timeout)
    if connect_delay:
        click.echo(
            "note: -cd is not waited for; the unit is looked for until it is there.", err=True
        )
    given = {"-fc": flow_control, "-b": baud_rate}
    useless = [option for option, value in given.items() if value is not None]
    if useless:
        click.echo(f"note: {', '.join(useless)}: of no use, USB needs neither.", err=True)
    run_update(
        UpdateRequest(
            package=package,
            target=_target(port, serial_number),
            trace=trace,
            as_json=as_json,
            verbose=verbose > 0,
            prn=prn,
            timeouts=Timeouts(serial=_waits(timeout, connect_delay or 0)),
            expectation=expectation,
        )
    )


def _waits(timeout: int | None, delay_s: int) -> SerialTimeouts:
    usual = SerialTimeouts()
    if timeout is not None:
        return replace(usual, bootloader_s=timeout, reappear_s=timeout)
    return replace(
        usual, bootloader_s=usual.bootloader_s + delay_s, reappear_s=usual.reappear_s + delay_s
    )


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
        number = asyncio.run(_serial_number_at(port, real))
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
