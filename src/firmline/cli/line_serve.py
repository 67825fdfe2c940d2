"""``firmline line serve``: the pages of a line, and with a recipe those of a station."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

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
from firmline.errors import Code, ExitCode, InputError

if TYPE_CHECKING:
    from firmline.line.sync.centre import Centre

LISTEN: Final = "127.0.0.1:8350"
SERVERS: Final = {"starlette", "uvicorn", "h11", "anyio", "argon2"}
"""What the extra firmline[server] brings."""


@click.command(cls=OnceCommand)
@click.argument("recipe", metavar="[RECIPE]", type=FilePath(), required=False)
@click.option(
    "--db",
    metavar="DATABASE",
    required=True,
    help="A file of records, or postgresql://USER@HOST/DATABASE; a station has a file of its own.",
)
@click.option(
    "--listen",
    default=LISTEN,
    show_default=True,
    metavar="HOST:PORT",
    help="Where the pages are; port 0 is one that is free.",
)
@click.option("--tls-cert", metavar="FILE", type=FilePath(), help="Certificate and chain (PEM).")
@click.option("--tls-key", metavar="FILE", type=FilePath(), help="Its private key (PEM).")
@click.option("--log-json", is_flag=True, help="Tell of requests as JSON on standard error.")
@click.option(
    "--attachments",
    metavar="FOLDER",
    type=FilePath(),
    help="Where traces are kept that stations send; by default beside a file of records, and"
    " nowhere with a server.",
)
@click.option("--on", "roads", metavar="ROAD", multiple=True, help=ROADS)
@station_options
@click.option("--json", "as_json", is_flag=True, help="Print what happens as JSON lines.")
def serve(
    *,
    recipe: Path | None,
    db: str,
    listen: str,
    tls_cert: Path | None,
    tls_key: Path | None,
    log_json: bool,
    attachments: Path | None,
    roads: tuple[str, ...],
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click hands over the options of a station by name
) -> None:
    """Serve the pages of a line to browsers; no page asks another computer for anything.

    With RECIPE and --on it is a station, as firmline line run is one, and units are scanned on the
    operator's page. Without them the records alone are shown, of one station or of many.

    As long as there is no account it is served to this computer alone. With the first one, which
    firmline line accounts add makes, everybody signs in, and --listen may name another address;
    --tls-cert and --tls-key encrypt what passes then.

    The first line says where. Ends with Ctrl-C (exit code 130) or SIGTERM (0); runs are aborted in
    order then.
    """
    if (recipe is None) != (not roads):
        raise InputError(
            Code.OPTION_CONFLICT,
            "A station needs both a RECIPE and --on; without both the records alone are shown.",
            hint="Give both, or none of them.",
        )
    from firmline.cli.ending import ending_signals  # noqa: PLC0415 - the help stays fast
    from firmline.cli.line_serving import Server  # noqa: PLC0415
    from firmline.links.extras import extra_missing  # noqa: PLC0415

    try:
        from firmline.web.tls import tls_of  # noqa: PLC0415

        server = Server(listen, tls=tls_of(tls_cert, tls_key), log_json=log_json, as_json=as_json)
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] not in SERVERS:
            raise
        raise extra_missing("server", f"The pages need {problem.name}") from None
    with ending_signals() as ending:
        asked = StationOptions(**options)
        centre = centre_asked_for(asked.centre, asked.key_file)
        if recipe is None:
            _check_no_centre(centre)
            server.serve_records(db, ending, attachments=attachments)
        else:
            setup = station_setup(
                recipe,
                roads=roads,
                db=OwnFile().convert(db, None, None),
                options=asked,
            )
            server.serve_station(setup, ending, centre=centre)
    if ending.number == signal.SIGINT:
        raise click.exceptions.Exit(ExitCode.INTERRUPTED)


def _check_no_centre(centre: Centre | None) -> None:
    """Records alone are sent nowhere.

    Raises:
        InputError: ``OPTION_CONFLICT``.
    """
    if centre is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--centre is where a station sends its records, and these pages are no station's.",
            hint="Give a RECIPE and --on, or send the records with firmline line sync.",
        )
