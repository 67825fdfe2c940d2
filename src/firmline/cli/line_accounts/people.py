"""``firmline line accounts add``, ``list``, ``role``, ``password``, ``disable`` and ``enable``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click

from firmline.cli.database_options import database_option, opened
from firmline.cli.line_accounts.shared import me, new_password_for, now, print_result, role_of
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.style import printable

ROLES: Final = click.Choice(("operator", "engineer", "release-manager"))
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
password_option = click.option(
    "--password-file",
    metavar="FILE",
    type=FilePath(),
    help="Read the password from its first line; its owner alone may read it (0600).",
)


@click.command(cls=OnceCommand)
@click.argument("name")
@database_option
@click.option("--role", type=ROLES, required=True, help="What this person is on the line.")
@password_option
@json_option
def add(*, name: str, db: str, role: str, password_file: Path | None, as_json: bool) -> None:
    """Make the account NAME; the password is asked for, or read from a file.

    With the first account everybody has to sign in, at every address that firmline serves. A name
    is given once and never to somebody else, because the audit trail names people by it. Records
    are made where there are none.
    """
    from firmline.line.accounts.hashing import Passwords  # noqa: PLC0415 - not for help
    from firmline.line.accounts.store import Accounts  # noqa: PLC0415
    from firmline.line.accounts.values import checked_name  # noqa: PLC0415

    name = checked_name(name)
    with opened(db, create=True) as database:
        kept = Passwords().hash(new_password_for(name, password_file))
        made = Accounts(database).add(name, role_of(role), kept, by=me(), at=now())
    sentence = f"{made.name} is there, as {made.role.value}."
    print_result(as_json, sentence, account=made.name, role=made.role.value)


@click.command("list", cls=OnceCommand)
@database_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object an account.")
def list_accounts(*, db: str, as_json: bool) -> None:
    """List the accounts with their roles; passwords are nowhere to be listed from."""
    from firmline.line.accounts.store import Accounts  # noqa: PLC0415 - not for help
    from firmline.line.audit.chain import written_time  # noqa: PLC0415

    with opened(db) as database:
        listed = Accounts(database).listed()
        where = printable(database.where)
    for each in listed:
        fields = {"account": each.name, "role": each.role.value, "is_disabled": each.is_disabled}
        made_at = written_time(each.made_at)
        if as_json:
            click.echo(json.dumps({"type": "account", **fields, "made_at": made_at}))
            continue
        state = ", disabled" if each.is_disabled else ""
        click.echo(f"{each.name}: {each.role.value}, since {made_at[:10]}{state}")
    sentence = "There are no accounts." if not listed else f"{len(listed)} in {where}."
    print_result(as_json, sentence, database=where, accounts=len(listed))


@click.command(cls=OnceCommand)
@click.argument("name")
@click.argument("role", type=ROLES)
@database_option
@json_option
def role(*, name: str, role: str, db: str, as_json: bool) -> None:
    """Give the account NAME the role ROLE; whoever uses it has to sign in again."""
    from firmline.line.accounts.store import Accounts  # noqa: PLC0415 - not for help

    with opened(db) as database:
        changed = Accounts(database).set_role(name, role_of(role), by=me(), at=now())
    sentence = f"{changed.name} is {changed.role.value} from now on."
    print_result(as_json, sentence, account=changed.name, role=changed.role.value)


@click.command(cls=OnceCommand)
@click.argument("name")
@database_option
@password_option
@json_option
def password(*, name: str, db: str, password_file: Path | None, as_json: bool) -> None:
    """Give the account NAME another password; its sessions are over."""
    from firmline.line.accounts.hashing import Passwords  # noqa: PLC0415 - not for help
    from firmline.line.accounts.store import Accounts  # noqa: PLC0415
    from firmline.line.accounts.values import checked_name  # noqa: PLC0415

    name = checked_name(name)
    with opened(db) as database:
        kept = Passwords().hash(new_password_for(name, password_file))
        changed = Accounts(database).set_password(name, kept, by=me(), at=now())
    print_result(as_json, f"{changed.name} has another password.", account=changed.name)


@click.command(cls=OnceCommand)
@click.argument("name")
@database_option
@json_option
def disable(*, name: str, db: str, as_json: bool) -> None:
    """Let nobody sign in with the account NAME any more; its sessions are over at once.

    The account stays, because the audit trail names it. With the last one disabled only this
    computer is served, and nobody has to sign in there.
    """
    from firmline.line.accounts.store import Accounts  # noqa: PLC0415 - not for help

    with opened(db) as database:
        changed = Accounts(database).disable(name, by=me(), at=now())
    print_result(as_json, f"{changed.name} is disabled.", account=changed.name)


@click.command(cls=OnceCommand)
@click.argument("name")
@database_option
@json_option
def enable(*, name: str, db: str, as_json: bool) -> None:
    """Let the account NAME be used again, with the password that it had."""
    from firmline.line.accounts.store import Accounts  # noqa: PLC0415 - not for help

    with opened(db) as database:
        changed = Accounts(database).enable(name, by=me(), at=now())
    print_result(as_json, f"{changed.name} can be used again.", account=changed.name)
