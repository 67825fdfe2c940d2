"""``firmline line accounts key add``, ``list`` and ``revoke``."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

from firmline.cli.database_options import database_option, opened
from firmline.cli.line_accounts.shared import me, now, print_result, role_of
from firmline.cli.parameters import OnceCommand
from firmline.cli.style import printable

if TYPE_CHECKING:
    from firmline.line.accounts.values import Key

HOLDERS: Final = click.Choice(("station", "operator", "engineer", "release-manager"))


@click.command(cls=OnceCommand)
@click.argument("name")
@database_option
@click.option(
    "--role",
    type=HOLDERS,
    required=True,
    help="station: it sends the records of the station NAME. Others: what a program may do.",
)
@click.option("--days", type=click.IntRange(1, 3650), metavar="N", help="It ends after so long.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def add(*, name: str, db: str, role: str, days: int | None, as_json: bool) -> None:
    """Make a key for the station or the program NAME, and print it: this once, and never again.

    A program shows it in the header "Authorization: Bearer KEY". Give every station and every
    program a key of its own, so that one can be revoked alone.
    """
    from firmline.line.accounts.keys import Keys  # noqa: PLC0415 - not for help
    from firmline.line.audit.chain import written_time  # noqa: PLC0415

    at = now()
    ends = None if days is None else at + timedelta(days=days)
    with opened(db, create=True) as database:
        made, written = Keys(database).add(name, role_of(role), by=me(), at=at, expires_at=ends)
    if as_json:
        fields = {"id": made.id, "name": made.name, "role": made.role.value, "key": written}
        until = None if ends is None else written_time(ends)
        click.echo(json.dumps({"type": "result", **fields, "expires_at": until}))
        return
    click.echo(written)
    until = "" if ends is None else f", until {written_time(ends)[:10]}"
    click.echo(f"The key {made.id} of {printable(name)} ({made.role.value}){until}.", err=True)
    click.echo("Keep it where only its holder reads it: it is not shown again.", err=True)


@click.command("list", cls=OnceCommand)
@database_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a key.")
def list_keys(*, db: str, as_json: bool) -> None:
    """List the keys: whose they are, and which of them open nothing any more."""
    from firmline.line.accounts.keys import Keys  # noqa: PLC0415 - not for help

    with opened(db) as database:
        listed = Keys(database).listed()
        where = printable(database.where)
    for each in listed:
        click.echo(json.dumps(_fields(each)) if as_json else _line(each))
    sentence = "There are no keys." if not listed else f"{len(listed)} in {where}."
    print_result(as_json, sentence, database=where, keys=len(listed))


@click.command(cls=OnceCommand)
@click.argument("key_id", metavar="ID")
@database_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def revoke(*, key_id: str, db: str, as_json: bool) -> None:
    """Let the key with the number ID, as the list tells it, open nothing from now on."""
    from firmline.line.accounts.keys import Keys  # noqa: PLC0415 - not for help

    with opened(db) as database:
        revoked = Keys(database).revoke(key_id, by=me(), at=now())
    sentence = f"The key {revoked.id} of {revoked.name} opens nothing any more."
    print_result(as_json, sentence, id=revoked.id, name=revoked.name)


def _fields(key: Key) -> dict[str, object]:
    from firmline.line.audit.chain import written_time  # noqa: PLC0415 - not for help

    times = {"made_at": key.made_at, "expires_at": key.expires_at, "revoked_at": key.revoked_at}
    return {
        "type": "key",
        "id": key.id,
        "name": key.name,
        "role": key.role.value,
        **{name: None if time is None else written_time(time) for name, time in times.items()},
    }


def _line(key: Key) -> str:
    if key.revoked_at is not None:
        state = f", revoked {key.revoked_at:%Y-%m-%d}"
    elif key.expires_at is not None:
        is_over = key.expires_at <= now()
        state = f", {'ended' if is_over else 'until'} {key.expires_at:%Y-%m-%d}"
    else:
        state = ""
    return printable(f"{key.id}  {key.name}: {key.role.value}, since {key.made_at:%Y-%m-%d}{state}")
