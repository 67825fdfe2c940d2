"""``firmline line worker``: a station that takes planned work from the queue."""

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
from firmline.errors import Code, InputError


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
@click.option(
    "--queue",
    metavar="ADDRESS",
    required=True,
    help="Where the line's campaigns are: postgresql://USER@HOST/DATABASE.",
)
@station_options
@click.option(
    "--unattended",
    is_flag=True,
    help="Nobody is there: planned units are looked for in the air or on USB and begun by"
    " themselves, and what went wrong is acknowledged.",
)
@click.option("--once", is_flag=True, help="End when no planned work is left for this station.")
@click.option("--json", "as_json", is_flag=True, help="Print every change of a slot as JSON.")
def worker(
    *,
    recipe: Path,
    roads: tuple[str, ...],
    db: Path,
    queue: str,
    unattended: bool,
    once: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click hands over the options of a station by name
) -> None:
    """Run a station that does the planned work of its queue.

    It is the station of firmline line run: what is scanned goes to work, planned or not, also while
    the queue is gone. A planned unit counts for its campaign. With --unattended nobody scans: one
    unit after the other is looked for, and one that is not there is held, not failed.

    Ends with Ctrl-C or SIGTERM; a unit that is half done then is gone on with when this station is
    back.
    """
    from firmline.cli.line_working import run_worker  # noqa: PLC0415 - the help stays fast

    if once and not unattended:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--once ends a station when no planned work is left, and an operator may scan more.",
            hint="Give --unattended as well, or end the station with quit.",
        )
    asked = StationOptions(**options)
    setup = station_setup(recipe, roads=roads, db=db, options=asked)
    centre = centre_asked_for(asked.centre, asked.key_file)
    run_worker(setup, queue=queue, unattended=unattended, once=once, as_json=as_json, centre=centre)
