"""``firmline line sync``: a station's records go to the centre."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firmline.cli.forwarding import KEY_VARIABLE, station_key
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.station_options import OwnFile, station_name
from firmline.errors import ExitCode, FirmlineError

if TYPE_CHECKING:
    from firmline.line.sync.sending import Sender


@click.command(cls=OnceCommand)
@click.option(
    "--db",
    metavar="FILE",
    type=OwnFile(),
    required=True,
    help="The station's own file of records.",
)
@click.option(
    "--to",
    "centre",
    metavar="ADDRESS",
    required=True,
    help="The centre: https://HOST:PORT of its line serve, or postgresql://USER@HOST/DATABASE.",
)
@click.option(
    "--station", default="station-1", show_default=True, metavar="NAME", help="The station's name."
)
@click.option(
    "--key-file",
    metavar="FILE",
    type=FilePath(),
    help=f"Holds the station's key; or give it in {KEY_VARIABLE}.",
)
@click.option(
    "--attachments",
    metavar="FOLDER",
    type=FilePath(),
    help="With postgresql://: the centre's folder of attachments; without it they stay here.",
)
@click.option("--once", is_flag=True, help="End when the centre has everything.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
def sync(
    *,
    db: Path,
    centre: str,
    station: str,
    key_file: Path | None,
    attachments: Path | None,
    once: bool,
    as_json: bool,
) -> None:
    """Send the records of a station to the centre, in their order; nothing is sent twice there.

    Runs beside the station, and may be ended or killed at any time: the centre says up to which
    record it has come. Without --once it goes on until Ctrl-C (exit code 130) or SIGTERM (0), and
    waits longer and longer while the centre is away.
    """
    from firmline.line.records.address import DatabaseAddress  # noqa: PLC0415 - the help stays fast
    from firmline.line.records.attachments import attachments_beside  # noqa: PLC0415
    from firmline.line.records.open import open_records  # noqa: PLC0415
    from firmline.line.sync.open import open_centre  # noqa: PLC0415

    station_name(station)
    with closing(open_records(DatabaseAddress(path=db), create=False)) as records:
        from firmline.line.sync.sending import Sender  # noqa: PLC0415 - SQLAlchemy behind it

        with closing(
            open_centre(centre, key=station_key(key_file), attachments=attachments)
        ) as there:
            sender = Sender(records, attachments_beside(db), station, there)
            if once:
                _once(sender, there.where, as_json=as_json)
            else:
                _follow(sender, there.where)


def _once(sender: Sender, where: str, *, as_json: bool) -> None:
    sent = sender.send()
    if as_json:
        told = {"rows": sent.rows, "attachments": sent.attachments, "newest": sent.newest}
        click.echo(json.dumps({"type": "result", **told, "clock_s": sent.clock_s}))
        return
    click.echo(
        f"{sent.rows} new records and {sent.attachments} attachments went to {where}, which has"
        f" all {sent.newest} now."
    )
    if sent.remark:
        click.echo(sent.remark)


def _follow(sender: Sender, where: str) -> None:
    from firmline.cli.ending import ending_signals  # noqa: PLC0415 - the help stays fast
    from firmline.cli.failures import say  # noqa: PLC0415
    from firmline.line.sync.sending import Following  # noqa: PLC0415

    def told(what: FirmlineError | str | None) -> None:
        if isinstance(what, FirmlineError):
            say(what)
        else:
            click.echo(what or f"Records go to {where} again.")

    with ending_signals() as ending:
        following = Following(sender, told=told)
        click.echo(f"Records go to {where}. Ctrl-C ends it.")
        following.start()
        try:
            asyncio.run(ending.wait())
        finally:
            following.stop()
    if ending.number == signal.SIGINT:
        raise click.exceptions.Exit(ExitCode.INTERRUPTED)
