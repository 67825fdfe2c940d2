"""``firmline dfu serial``: nrfutil's command, on top of ``firmline update``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from firmline.cli.expect_options import expect_options, read_expectation
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.update_run import UpdateRequest, run_update
from firmline.errors import Code, InputError
from firmline.links.serial.options import DEFAULT_BAUD, MAX_BAUD, MIN_BAUD
from firmline.links.serial.ports import port_names, port_with_serial_number
from firmline.links.target import Scheme, Target
from firmline.updater.timeouts import SerialTimeouts, Timeouts

MAX_PRN: Final = 0xFFFF
"""The PRN is a 16-bit number (bootloader spec, section 2.1)."""
MAX_WAIT_S: Final = 3600


@click.command(cls=OnceCommand)
@click.option(
    *("-pkg", "--package"), metavar="FILE", type=FilePath(), required=True, help="The DFU package."
)
@click.option(*("-p", "--port"), metavar="PORT", help="The serial port, e.g. /dev/ttyACM0 or COM3.")
@click.option(
    *("-b", "--baud-rate"),
    metavar="N",
    type=click.IntRange(MIN_BAUD, MAX_BAUD),
    default=DEFAULT_BAUD,
    show_default=True,
    help="Speed of the unit's bootloader.",
)
@click.option(
    *("-fc", "--flow-control"),
    type=click.BOOL,
    default=True,
    metavar="0|1",
    help="Flow control by RTS and CTS.  [default: 1]",
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
    help="Taken, and not waited for: the bootloader is asked until it answers.",
)
@click.option(
    *("-t", "--timeout"),
    metavar="SECONDS",
    type=click.IntRange(1, MAX_WAIT_S),
    help="How long the bootloader may take to answer at all.  [default: 5, and what -cd says]",
)
@click.option(
    *("-snr", "--serial-number"),
    metavar="TEXT",
    help="Instead of a port: the serial number of the USB device whose port it is.",
)
@click.option(*("-v", "--verbose"), count=True, help="Print every event.")
@expect_options
@click.option("--json", "as_json", is_flag=True, help="Print events and result as JSON lines.")
def serial(
    *,
    package: Path,
    port: str | None,
    baud_rate: int,
    flow_control: bool,
    prn: int,
    connect_delay: int | None,
    timeout: int | None,
    serial_number: str | None,
    verbose: int,
    expect: str | None,
    expect_baud: int | None,
    expect_timeout: float | None,
    as_json: bool,
) -> None:
    """Update a unit whose bootloader waits at a serial port.

    nrfutil calls a unit programmed whatever becomes of it. Here the exit code is 5 unless --expect
    names a text that the new application prints, and it was heard.
    """
    expectation = read_expectation(expect, baud=expect_baud, timeout_s=expect_timeout)
    if connect_delay:
        click.echo(
            "note: -cd is not waited for; the bootloader is asked until it answers.", err=True
        )
    usual = SerialTimeouts()
    waits_s = timeout if timeout is not None else usual.bootloader_s + (connect_delay or 0)
    where = port or _port_of(serial_number)
    run_update(
        UpdateRequest(
            package=package,
            target=_target(where, baud_rate=baud_rate, flow_control=flow_control),
            as_json=as_json,
            verbose=verbose > 0,
            prn=prn,
            timeouts=Timeouts(serial=replace(usual, bootloader_s=waits_s)),
            expectation=expectation,
        )
    )


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
