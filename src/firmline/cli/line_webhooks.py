"""``firmline line webhooks``: other programs that are told of the ends of runs."""

from __future__ import annotations

import json

import click

from firmline.cli.database_options import database_option, opened
from firmline.cli.lazy import Command, LazyGroup, Section
from firmline.cli.line_accounts.shared import me, now, print_result
from firmline.cli.parameters import OnceCommand
from firmline.cli.style import printable

HERE = "firmline.cli.line_webhooks"
SECTIONS = (
    Section(
        "Commands",
        Command("add", f"{HERE}:add", "Tell an address of runs, from now on."),
        Command("list", f"{HERE}:list_webhooks", "List them, and what has not arrived."),
        Command("remove", f"{HERE}:remove", "Tell an address no more."),
        Command("retry", f"{HERE}:retry", "Send again what was given up."),
    ),
)


@click.group(cls=LazyGroup, sections=SECTIONS)
def webhooks() -> None:
    """Webhooks: firmline line serve tells other programs of the ends of runs, signed."""


@click.command(cls=OnceCommand)
@click.argument("url")
@database_option
@click.option("--only-failed", is_flag=True, help="Runs that did not pass alone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def add(*, url: str, db: str, only_failed: bool, as_json: bool) -> None:
    """Tell the address URL of every run that ends from now on, and print the secret this once.

    The header Firmline-Signature holds a time and HMAC-SHA256 over TIME.BODY with the secret. What
    has not arrived is sent again, for half a day.
    """
    from firmline.line.webhooks.store import Webhooks  # noqa: PLC0415 - not for help

    with opened(db, create=True) as database:
        made, secret = Webhooks(database).add(url, only_failed=only_failed, by=me(), at=now())
    if as_json:
        fields = {"id": made.id, "url": made.url, "wants": made.wants, "secret": secret}
        click.echo(json.dumps({"type": "result", **fields}))
        return
    click.echo(secret)
    click.echo(f"The secret of the webhook {made.id}: it is not shown again.", err=True)


@click.command("list", cls=OnceCommand)
@database_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a webhook.")
def list_webhooks(*, db: str, as_json: bool) -> None:
    """List the webhooks, with what waits to be sent and what was given up."""
    from firmline.line.audit.chain import written_time  # noqa: PLC0415 - not for help
    from firmline.line.webhooks.store import Webhooks  # noqa: PLC0415

    with opened(db) as database:
        listed = Webhooks(database).listed()
        where = printable(database.where)
    for each in listed:
        if as_json:
            fields = {"id": each.id, "url": each.url, "wants": each.wants}
            made_at = written_time(each.made_at)
            left = {"waiting": each.waiting, "dead": each.dead, "problem": each.problem}
            click.echo(json.dumps({"type": "webhook", **fields, "made_at": made_at, **left}))
            continue
        trouble = f" ({each.problem})" if each.problem else ""
        left_words = f"{each.waiting} waiting, {each.dead} given up{trouble}"
        click.echo(printable(f"{each.id}  {each.url}: {each.wants} runs; {left_words}"))
    sentence = "There are no webhooks." if not listed else f"{len(listed)} in {where}."
    print_result(as_json, sentence, database=where, webhooks=len(listed))


@click.command(cls=OnceCommand)
@click.argument("hook", metavar="ID")
@database_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def remove(*, hook: str, db: str, as_json: bool) -> None:
    """Tell the webhook ID no more, nor what it has not heard yet."""
    from firmline.line.webhooks.store import Webhooks  # noqa: PLC0415 - not for help

    with opened(db) as database:
        lost = Webhooks(database).remove(hook, by=me(), at=now())
    print_result(as_json, f"{hook} is told no more; {lost} untold.", id=hook, untold=lost)


@click.command(cls=OnceCommand)
@click.argument("hook", metavar="ID")
@database_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def retry(*, hook: str, db: str, as_json: bool) -> None:
    """Send the webhook ID again what was given up."""
    from firmline.line.webhooks.store import Webhooks  # noqa: PLC0415 - not for help

    with opened(db) as database:
        number = Webhooks(database).revive(hook, by=me(), at=now())
    print_result(as_json, f"{number} are sent to {hook} again.", id=hook, again=number)
