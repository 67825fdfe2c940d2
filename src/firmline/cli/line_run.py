"""``firmline line run``: a station that takes one unit after another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from firmline.cli.forwarding import centre_asked_for
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.station_options import (
    ROADS,
    OwnFile,
    StationOptions,
    station_options,
    station_setup,
)


@click.command(cls=OnceCommand)
@click.argument("recipe", metavar="RECIPE", type=FilePath())
@click.option("--on", "roads", metavar="ROAD", multiple=True, required=True, help=ROADS)
@click.option(
    "--db",
    metavar="FILE",
    type=OwnFile(),
    required=True,
    help="The station's own file of records; it is made where there is none.",
)
@station_options
@click.option(
    "--unattended",
    is_flag=True,
    help="Nobody is there: scans wait for a free slot, and what went wrong is acknowledged.",
)
@click.option("--json", "as_json", is_flag=True, help="Print every change of a slot as JSON.")
def run(
    *,
    recipe: Path,
    roads: tuple[str, ...],
    db: Path,
    unattended: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click hands over the options of a station by name
) -> None:
    """Carry out RECIPE on every unit whose serial number is scanned.

    A barcode scanner is a keyboard: each line on standard input is a serial number, or a word of
    the station (help lists them). No network is needed. Every step is in the records before the
    next one begins; a station that was killed says which unit was half done, and goes on.

    A unit that failed is named until somebody types ok. Exit code 0: the station ended in order,
    whatever became of the units.
    """
    from firmline.cli.line_station import run_station  # noqa: PLC0415 - the help stays fast

    asked = StationOptions(**options)
    setup = station_setup(recipe, roads=roads, db=db, options=asked)
    centre = centre_asked_for(asked.centre, asked.key_file)
    run_station(setup, unattended=unattended, as_json=as_json, centre=centre)
