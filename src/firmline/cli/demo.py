"""``firmline demo``: the main job as one story, told by the real commands."""

from __future__ import annotations

import shlex
import sys
import tempfile
from contextlib import chdir, redirect_stderr
from pathlib import Path
from typing import Final

import click

from firmline.cli.numbers import Amount
from firmline.cli.parameters import OnceCommand
from firmline.cli.style import paint
from firmline.device.synthetic import synthetic_program
from firmline.errors import Code, ExitCode, FirmlineError
from firmline.formats.records import format_intel_hex
from firmline.formats.spans import Span

APPLICATION_SIZE: Final = 150_000
APPLICATION_START: Final = 0x19000
"""Where S112 7.2.0 ends (``data/softdevices.toml``), whose FWID the virtual unit has."""
SPEED: Final = 10
"""The update takes about 45 s on an nRF52832, and nobody waits for that in a demonstration."""


@click.command(cls=OnceCommand)
@click.option(
    "--speed",
    metavar="FACTOR",
    type=Amount(0.1, 1000),
    default=SPEED,
    show_default=True,
    help="How many times faster than real time the virtual unit lives.",
)
def demo(speed: float) -> None:
    """See one update, from a key to a running unit; no hardware is needed.

    Bootloader, application, flash and radio are virtual; the Bluetooth stack between them is a real
    one. Everything happens in a temporary folder, which is removed.
    """
    click.echo(
        "One update over the air, without hardware: a virtual nRF52832 with the SDK 15.3"
        " bootloader,\nand a real Bluetooth stack between it and firmline."
    )
    with tempfile.TemporaryDirectory(prefix="firmline-demo-") as folder, chdir(folder):
        _tell(speed)
    click.echo()
    click.echo(paint("That was the whole job.", bold=True))
    click.echo("Now with your own firmware:  firmline pkg generate --help")
    click.echo("All commands:                firmline --help")


def _tell(speed: float) -> None:
    _say(1, "A signing key; the unit's bootloader holds its public half.")
    _run("keys", "generate", "demo.key")
    _say(2, f"A new application of {APPLICATION_SIZE // 1000} kB, packaged and signed.")
    Path("app.hex").write_text(application_hex(), encoding="ascii")
    _run(
        *("pkg", "generate", "--hw-version", "52", "--sd-req", "0x103"),
        *("--application", "app.hex", "--application-version", "5"),
        *("--key-file", "demo.key", "dfu.zip"),
    )
    _say(3, f"Sent over the air to a unit whose time passes {speed:g} times as fast as ours.")
    _run("update", "dfu.zip", "--to", f"sim:ble-reference?key=demo.key&speed={speed:g}")
    _say(4, "The same package, sent to a unit that has another SoftDevice.")
    _run(
        *("update", "dfu.zip", "--to", "sim:other-softdevice?key=demo.key"),
        expect=ExitCode.REFUSED,
    )


def application_hex() -> str:
    """The application of the demo, as a linker would write it."""
    program = synthetic_program("demo application", APPLICATION_SIZE, base=APPLICATION_START)
    return format_intel_hex([Span(address=APPLICATION_START, data=program)])


def _say(number: int, text: str) -> None:
    click.echo()
    click.echo(paint(f"{number}. {text}", bold=True))


def _run(*arguments: str, expect: ExitCode = ExitCode.DONE) -> None:
    """Run one command of this program as the user would, and see that it ends as it must."""
    from firmline.cli.main import run  # noqa: PLC0415 - main imports this module by name

    click.echo(paint(f"   $ firmline {shlex.join(arguments)}", fg="cyan"))
    with redirect_stderr(sys.stdout):
        code = run(list(arguments))
    if code == expect:
        return
    if code != ExitCode.DONE:  # the command itself has said why
        raise click.exceptions.Exit(code)
    raise FirmlineError(
        Code.DEFECT, f"The demo's command 'firmline {arguments[0]}' worked, but had to be refused."
    )
