"""``firmline demo``: a shift at a production line as one story, told by the real commands."""

from __future__ import annotations

import shlex
import sys
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from itertools import takewhile
from pathlib import Path
from typing import Final

import click

from firmline.cli.demo.gallery import COUNT, ODD, ORIGIN, serial_number
from firmline.cli.numbers import Amount
from firmline.cli.parameters import OnceCommand
from firmline.cli.style import paint
from firmline.errors import ExitCode

SLOTS: Final = 8
SPEED: Final = 20
"""Forty units take a quarter of an hour of their own time, and nobody waits for that."""
DATABASE: Final = "shift.db"


@click.command(cls=OnceCommand)
@click.option(
    "--speed",
    metavar="FACTOR",
    type=Amount(0.1, 1000),
    default=SPEED,
    show_default=True,
    help="How many times faster than real time the virtual units live.",
)
@click.option(
    "--listen",
    default="127.0.0.1:0",
    show_default=True,
    metavar="HOST:PORT",
    help="Where the operator's page is; port 0 is one that is free.",
)
def demo(*, speed: float, listen: str) -> None:
    """See a shift at a production line; no hardware is needed.

    A station with 8 slots updates 40 virtual units over a virtual radio, while its page can be
    watched. Some of them have what goes wrong on real lines, and are diagnosed. Bootloaders,
    flash, cells and radio are virtual; the Bluetooth stack between them is a real one.

    What it leaves, the records, the traces and the units, stays in a temporary folder, which it
    names.
    """
    click.echo(
        f"A shift at a production line, without hardware: {COUNT} virtual nRF52832 units with the"
        f" SDK 15.3\nbootloader, {SLOTS} slots, and a real Bluetooth stack between them and"
        " firmline."
    )
    folder = Path(tempfile.mkdtemp(prefix="firmline-demo-"))
    with chdir(folder):
        _tell(speed, listen)
    _say_where_to_look(folder)


def _tell(speed: float, listen: str) -> None:
    from firmline.cli.demo.making import (  # noqa: PLC0415 - the help stays fast
        RECIPE,
        application_hex,
        write_units,
    )

    _say(1, "A signing key, a new application, signed as a package, and a recipe that names it.")
    _run("keys", "generate", "demo.key")
    Path("app.hex").write_text(application_hex(), encoding="ascii")
    _run(
        *("pkg", "generate", "--hw-version", "52", "--sd-req", "0x103"),
        *("--application", "app.hex", "--application-version", "5"),
        *("--key-file", "demo.key", "dfu.zip"),
    )
    Path("recipe.toml").write_text(RECIPE, encoding="utf-8")
    there = write_units(Path("units"), Path("demo.key"))
    _say(2, f"The shift: {COUNT} units are scanned, and live {speed:g} times as fast as we do.")
    click.echo(
        f"   {there} of them are there, and {len(ODD) - 1} of those are not as they should be."
    )
    _work(speed, listen)
    _say(3, "What the records say of it.")
    _run("line", "report", "--db", DATABASE, until="What is measured")
    click.echo("   ... and what was measured, control charts, and whether it is a batch.")
    _say(4, f"{ORIGIN.serial}: {ORIGIN.told}. Which tests tell that, in which order?")
    click.echo("   The virtual unit takes them: what destroys the evidence comes last.")
    _run("sim", "diagnose", "--unit", f"units/{ORIGIN.serial}.toml")


def _work(speed: float, listen: str) -> None:
    """Run the station, and scan every unit."""
    from firmline.cli.demo.shift import Telling, scan_all  # noqa: PLC0415 - the help stays fast
    from firmline.cli.ending import ending_signals  # noqa: PLC0415
    from firmline.cli.line_serving import Server  # noqa: PLC0415
    from firmline.cli.station_options import StationOptions, station_setup  # noqa: PLC0415

    road = f"{SLOTS}xsim:units?speed={speed:g}"
    _show("line", "serve", "recipe.toml", "--on", road, "--db", DATABASE)
    options = StationOptions(
        station="demo", operator="", batch="", lots=(), golden=(), label_command=None
    )
    setup = station_setup(Path("recipe.toml"), roads=(road,), db=Path(DATABASE), options=options)
    serials = [serial_number(number) for number in range(1, COUNT + 1)]
    server = Server(listen, as_json=False, printer=Telling())
    with ending_signals() as ending:
        server.serve_station(setup, ending, work=lambda station: scan_all(station, serials))
    if ending.number is not None:
        raise click.exceptions.Exit(ExitCode.INTERRUPTED)


def _say_where_to_look(folder: Path) -> None:
    database = shlex.quote(str(folder / DATABASE))
    click.echo()
    click.echo(paint("That was a shift. Where to look now:", bold=True))
    click.echo(f"  its pages      firmline line serve --db {database}")
    click.echo(f"  one unit       firmline line export --db {database} --serial {ORIGIN.serial}")
    click.echo(f"  one page       firmline line report --db {database} --html report.html")
    click.echo(f"  the virtual units, the package and the recipe: {folder}")
    click.echo("  your firmware  firmline pkg generate --help")
    click.echo("  all commands   firmline --help")


def _say(number: int, text: str) -> None:
    click.echo()
    click.echo(paint(f"{number}. {text}", bold=True))


def _show(*arguments: str) -> None:
    click.echo(paint(f"   $ firmline {shlex.join(arguments)}", fg="cyan"))


def _run(*arguments: str, until: str = "") -> None:
    """Run one command of this program as the user would, and see that it works.

    Args:
        arguments: Its words.
        until: What the first line begins with that is not shown; empty: all is.
    """
    from firmline.cli.main import run  # noqa: PLC0415 - main imports this module by name

    _show(*arguments)
    told = StringIO()
    with redirect_stderr(sys.stdout), redirect_stdout(told if until else sys.stdout):
        code = run(list(arguments))
    for line in takewhile(lambda line: not line.startswith(until), told.getvalue().splitlines()):
        click.echo(line)
    if code != ExitCode.DONE:  # the command itself has said why
        raise click.exceptions.Exit(code)
