"""``firmline dfu serial``: nrfutil's command, on top of ``firmline update``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from firmline.cli.dfu_options import (
    connect_delay_option,
    output_options,
    package_option,
    prn_option,
    timeout_option,
)
from firmline.cli.expect_options import expect_options, read_expectation
from firmline.cli.numbers import Number
from firmline.cli.parameters import OnceCommand, YesNo
from firmline.cli.update_run import UpdateRequest, run_update
from firmline.errors import Code, InputError
from firmline.links.serial.options import DEFAULT_BAUD, MAX_BAUD, MIN_BAUD
from firmline.links.serial.ports import port_names, port_with_serial_number
from firmline.links.target import Scheme, Target
from firmline.updater.timeouts import SerialTimeouts, Timeouts


@click.command(cls=OnceCommand)
@package_option
@click.option(*("-p", "--port"), metavar="PORT", help="The serial port, e.g. /dev/ttyACM0 or COM3.")
@click.option(
    *("-b", "--baud-rate"),
    metavar="N",
    type=Number(MAX_BAUD, minimum=MIN_BAUD),
    default=DEFAULT_BAUD,
    show_default=True,
    help="Speed of the unit's bootloader.",
)
@click.option(
    *("-fc", "--flow-control"),
    type=YesNo(),
    default=True,
    metavar="0|1",
    help="Flow control by RTS and CTS.  [default: 1]",
)
@prn_option
@connect_delay_option("the bootloader is asked until it answers")
@timeout_option(
    "How long the bootloader may take to answer at all.  [default: 5, and what -cd says]"
)
@click.option(
    *("-snr", "--serial-number"),
    metavar="TEXT",
    help="Instead of a port: the serial number of the USB device whose port it is.",
)
@expect_options
@output_options
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
    trace: Path | None,
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
    usual = SerialTimeouts()
    waits_s = timeout if timeout is not None else usual.bootloader_s + (connect_delay or 0)
    where = port or _port_of(serial_number)
    run_update(
        UpdateRequest(
            package=package,
            target=_target(where, baud_rate=baud_rate, flow_control=flow_control),
            trace=trace,
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
