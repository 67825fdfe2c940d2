"""``firmline line campaign``: planned work on many units."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firmline.cli.campaign_people import By, by_option, identified
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.errors import Code, InputError, shortened

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmline.line.accounts.roles import Permission
    from firmline.line.queue.campaigns import CampaignBook

DB = click.option(
    "--db",
    metavar="ADDRESS",
    required=True,
    help="The line's server: postgresql://USER@HOST/DATABASE.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
NAME = click.argument("name", metavar="CAMPAIGN")
WHY = click.option("--why", default="", metavar="TEXT", help="Why; it is kept.")


@click.group()
def campaign() -> None:
    """Planned work on many units: a canary first, then group after group.

    A campaign is a TOML file. One person makes it, another one releases it; each group opens when
    the one before it has succeeded, and rules abort it. Where the line has accounts, --by is one of
    them, and its password is asked for.
    """


@campaign.command(cls=OnceCommand)
@click.argument("file", metavar="FILE", type=FilePath())
@DB
@by_option
@JSON
def make(*, file: Path, db: str, by: By, as_json: bool) -> None:
    """Keep the campaign of FILE. Nothing is begun before somebody else releases it."""
    from firmline.cli.line_campaign_text import say_done  # noqa: PLC0415
    from firmline.line.accounts.roles import Permission  # noqa: PLC0415
    from firmline.line.queue.making import load_campaign  # noqa: PLC0415

    document, planned = _read(file)
    with closing(open_book(db)) as opened:
        book, who = identified(opened, by, Permission.PLAN)
        units = load_campaign(book, planned, beside=file.parent, read=_reader())
        book.make(planned, units, document=document, who=who)
        say_done(book, planned.name, as_json=as_json)
        if not as_json:
            click.echo(
                f"Next: somebody else than {who} looks at it and types firmline line campaign"
                f" release {planned.name} --by NAME"
            )


@campaign.command(cls=OnceCommand)
@NAME
@DB
@by_option
@JSON
def release(*, name: str, db: str, by: By, as_json: bool) -> None:
    """Say that a campaign may be started: another person than the one who made it."""
    from firmline.line.accounts.roles import Permission  # noqa: PLC0415 - the help stays fast

    _do(
        db,
        name,
        by,
        lambda book, who: book.release(name, who=who),
        as_json=as_json,
        permission=Permission.RELEASE,
    )


@campaign.command(cls=OnceCommand)
@NAME
@DB
@by_option
@JSON
def start(*, name: str, db: str, by: By, as_json: bool) -> None:
    """Open the canary of a campaign that was released."""
    _do(db, name, by, lambda book, who: book.start(name, who=who), as_json=as_json)


@campaign.command(cls=OnceCommand)
@NAME
@DB
@by_option
@WHY
@JSON
def pause(*, name: str, db: str, by: By, why: str, as_json: bool) -> None:
    """Begin no unit any more; those at work come to their end."""
    _do(db, name, by, lambda book, who: book.pause(name, who=who, why=why), as_json=as_json)


@campaign.command(cls=OnceCommand)
@NAME
@DB
@by_option
@JSON
def resume(*, name: str, db: str, by: By, as_json: bool) -> None:
    """Go on with a campaign that was paused."""
    _do(db, name, by, lambda book, who: book.resume(name, who=who), as_json=as_json)


@campaign.command(cls=OnceCommand)
@NAME
@DB
@by_option
@WHY
@JSON
def abort(*, name: str, db: str, by: By, why: str, as_json: bool) -> None:
    """End a campaign for good; units at work come to their end."""
    _do(db, name, by, lambda book, who: book.abort(name, who=who, why=why), as_json=as_json)


@campaign.command(cls=OnceCommand)
@NAME
@click.argument("serials", metavar="SERIAL...", nargs=-1, required=True)
@click.option("--to", "station", metavar="STATION", required=True, help="Where they go.")
@DB
@by_option
@JSON
def move(
    *, name: str, serials: tuple[str, ...], station: str, db: str, by: By, as_json: bool
) -> None:
    """Bind units that wait to another station; all of them, or none."""
    from firmline.line.campaigns.reading import STATION_NAME  # noqa: PLC0415

    if not STATION_NAME.fullmatch(station):
        raise InputError(
            Code.USAGE,
            f"{shortened(station)!r} cannot be the name of a station.",
            hint="firmline line campaign list shows the stations of the line.",
        )
    _do(
        db,
        name,
        by,
        lambda book, who: book.move(name, serials, to=station, who=who),
        as_json=as_json,
    )


@campaign.command(cls=OnceCommand)
@NAME
@click.argument("serials", metavar="SERIAL...", nargs=-1, required=True)
@DB
@by_option
@WHY
@JSON
def cancel(
    *, name: str, serials: tuple[str, ...], db: str, by: By, why: str, as_json: bool
) -> None:
    """Take units out of a campaign; one that was begun only if its station is offline."""
    _do(
        db,
        name,
        by,
        lambda book, who: book.cancel(name, serials, who=who, why=why),
        as_json=as_json,
    )


@campaign.command(cls=OnceCommand)
@NAME
@click.argument("serials", metavar="[SERIAL...]", nargs=-1)
@DB
@by_option
@JSON
def again(*, name: str, serials: tuple[str, ...], db: str, by: By, as_json: bool) -> None:
    """Queue units again that are held: they were not there, or their station had trouble."""
    _do(db, name, by, lambda book, who: book.again(name, serials, who=who), as_json=as_json)


@campaign.command(cls=OnceCommand)
@NAME
@DB
@click.option("--units", is_flag=True, help="Every unit, too.")
@click.option("--events", is_flag=True, help="Everything that happened, too.")
@JSON
def show(*, name: str, db: str, units: bool, events: bool, as_json: bool) -> None:
    """Show how far a campaign has come, and what it waits for."""
    from firmline.cli.line_campaign_text import say_campaign  # noqa: PLC0415

    with closing(open_book(db)) as book:
        say_campaign(book, name, units=units, events=events, as_json=as_json)


@campaign.command("list", cls=OnceCommand)
@DB
@JSON
def list_(*, db: str, as_json: bool) -> None:
    """List all campaigns and the stations of the line."""
    from firmline.cli.line_campaign_text import say_all  # noqa: PLC0415

    with closing(open_book(db)) as book:
        say_all(book, as_json=as_json)


def open_book(db: str) -> CampaignBook:
    """The campaigns of a line."""
    from firmline.line.queue.open import open_campaigns  # noqa: PLC0415
    from firmline.line.records.address import parse_address  # noqa: PLC0415

    return open_campaigns(parse_address(db))


def _do(
    db: str,
    name: str,
    by: By,
    action: Callable[[CampaignBook, str], object],
    *,
    as_json: bool,
    permission: Permission | None = None,
) -> None:
    from firmline.cli.line_campaign_text import say_done  # noqa: PLC0415
    from firmline.line.accounts.roles import Permission  # noqa: PLC0415

    with closing(open_book(db)) as opened:
        book, who = identified(opened, by, permission or Permission.PLAN)
        action(book, who)
        say_done(book, name, as_json=as_json)


def _read(file: Path) -> tuple[str, Any]:
    from firmline.formats.toml_text import decode_toml  # noqa: PLC0415
    from firmline.line.campaigns.keys import CAMPAIGN_FILE  # noqa: PLC0415
    from firmline.line.campaigns.reading import read_campaign  # noqa: PLC0415

    where = shortened(file)
    document = decode_toml(_reader()(file, what="campaign"), where=where, form=CAMPAIGN_FILE)
    return document, read_campaign(document, where=where)


def _reader() -> Any:  # noqa: ANN401 - see firmline.cli.files.read_file
    from firmline.cli.files import read_file  # noqa: PLC0415

    return read_file
