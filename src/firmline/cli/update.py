"""``firmline update``: one package, one unit or several at once."""

from __future__ import annotations

import os
from pathlib import Path

import click

from firmline.cli.btsnoop_file import btsnoop_option
from firmline.cli.expect_options import expect_options, read_expectation
from firmline.cli.output_options import json_option, trace_option
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.recovery_options import recovery_option, recovery_options
from firmline.cli.sending_options import Sending, sending_options
from firmline.cli.update_run import UpdateRequest, run_update
from firmline.links.target import parse_target
from firmline.updater.checkpointing import Spacing
from firmline.updater.timeouts import Timeouts


@click.command(cls=OnceCommand)
@click.argument("package", metavar="ZIP", type=FilePath())
@click.option(
    "--to",
    "target_texts",
    metavar="URI",
    required=True,
    multiple=True,
    help="The unit; given several times, several units at once. ble:ADDRESS or ble:name=NAME is one"
    " that the computer's own Bluetooth reaches."
    " hci:TRANSPORT/ADDRESS is one behind a Bluetooth controller of your own, such as"
    " hci:usb:0/ADDRESS or hci:serial:PORT,1000000/ADDRESS. nrfconn:PORT/ADDRESS is one behind an"
    " nRF Connectivity dongle."
    " serial:PORT is a unit that waits in its bootloader, written as"
    " 'serial:PORT?baud=115200&flow=rtscts' or flow=none. usb:SERIAL is one that is plugged in by"
    " USB, with its serial number; usb: the only one. sim:NAME or sim:FILE.toml is a virtual"
    " one (firmline sim units lists them); written as 'sim:NAME?key=FILE' its bootloader trusts the"
    " key in FILE. FIRMLINE_LINK names the scheme of a URI without one.",
)
@expect_options
@recovery_options
@recovery_option
@sending_options
@trace_option
@btsnoop_option
@json_option
def update(
    *,
    package: Path,
    target_texts: tuple[str, ...],
    expect: str | None,
    expect_baud: int | None,
    expect_timeout: float | None,
    checkpoint_s: Spacing,
    timeouts: Timeouts,
    recovers: bool,
    prn: int,
    most_mtu: int | None,
    pause_s: float | None,
    trace: Path | None,
    btsnoop: Path | None,
    as_json: bool,
) -> None:
    """Send the package ZIP to a unit and see its new application run.

    Says "Updated" only when the unit was seen running another application than before; otherwise
    says what it could not see, and exits with 5. Through a serial port nothing shows which
    application runs, but what it prints: name it with --expect.

    With --to given several times the units are updated at once, over one radio where they are
    behind one; none waits for another, and each has its own --trace (t.jsonl becomes t-1.jsonl,
    t-2.jsonl ..). The exit code is the largest of theirs.
    """
    expectation = read_expectation(expect, baud=expect_baud, timeout_s=expect_timeout)
    scheme = os.environ.get("FIRMLINE_LINK", "")
    targets = [parse_target(text, default_scheme=scheme) for text in target_texts]
    request = UpdateRequest(
        package=package,
        target=targets[0],
        trace=trace,
        btsnoop=btsnoop,
        as_json=as_json,
        expectation=expectation,
        checkpoint_s=checkpoint_s,
        timeouts=timeouts,
        recovers=recovers,
        sending=Sending(prn=prn, most_mtu=most_mtu, pause_s=pause_s),
    )
    if len(targets) == 1:
        run_update(request)
    from firmline.cli.update_many import run_updates  # noqa: PLC0415 - one unit is the usual case

    run_updates(request, targets)
