"""``firmline line audit``: who changed what, and whether that was changed since."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from firmline.cli.audited_records import ComparedRecords, compared
from firmline.cli.database_options import database_option, opened
from firmline.cli.failures import say
from firmline.cli.parameters import OnceCommand
from firmline.cli.style import printable
from firmline.cli.timestamp import Moment
from firmline.errors import Code, InputError, VerifyError

if TYPE_CHECKING:
    from firmline.line.audit.chain import AuditEntry, Verified

DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class NotedDigest(click.ParamType[str]):
    """A digest that was noted down: 64 hexadecimal digits."""

    name = "digest"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,  # noqa: ARG002 - click's signature
        ctx: click.Context | None,  # noqa: ARG002 - click's signature
    ) -> str:
        """Parse the text of an option."""
        digest = str(value).strip().lower()
        if not DIGEST.fullmatch(digest):
            raise InputError(
                Code.NUMBER_MALFORMED,
                f"--anchor {digest[:80]!r} is not a digest of 64 hexadecimal digits.",
                hint="Give the whole digest that firmline line audit printed as the head.",
            )
        return digest


@click.command(cls=OnceCommand)
@database_option
@click.option("--since", type=Moment(), metavar="TIME", help="Print the entries since then.")
@click.option(
    "--anchor",
    "anchors",
    type=NotedDigest(),
    metavar="DIGEST",
    multiple=True,
    help="A head that was noted down before; it has to be in the chain. May be repeated.",
)
@click.option(
    "--records", "with_records", is_flag=True, help="Compare every record with its digest as well."
)
@click.option("--json", "as_json", is_flag=True, help="Print every entry as JSON, and the result.")
def audit(
    *,
    db: str,
    since: datetime | None,
    anchors: tuple[str, ...],
    with_records: bool,
    as_json: bool,
) -> None:
    """Verify the audit trail of a line: every entry follows from the one before it.

    The whole chain is verified, whatever is printed of it. The head is the digest of the last
    entry: note it down where whoever owns the database cannot write, and give it as --anchor later.
    Then it is proven that no entry up to it was changed or taken out since.

    Runs are no entries of it. Each of their records is kept with a digest of what it told when it
    was written, and --records compares them: a record that somebody changed or took out since is
    named, unless he made its digest anew as well.

    Exit code 5: an entry or a record was changed or is missing, or no entry has the digest of an
    anchor.
    """
    from firmline.line.audit.chain import written_time  # noqa: PLC0415 - not for help
    from firmline.line.audit.sql import SqlAudit  # noqa: PLC0415

    from_when = "" if since is None else written_time(since)
    with opened(db) as database:
        where = printable(database.where)
        found = _verified(SqlAudit(database), anchors, from_when, shown=_shown(since, as_json))
        records = compared(database, as_json=as_json) if with_records else None
    if as_json:
        told = {"records": None if records is None else records.fields}
        click.echo(json.dumps({"type": "result", "database": where, **_fields(found), **told}))
    else:
        _say(found, records, anchors)
    _end(_problem(found, where), None if records is None else records.problem(where))


def _shown(since: datetime | None, as_json: bool) -> str:
    if as_json:
        return "json"
    return "" if since is None else "words"


def _verified(trail: Any, anchors: tuple[str, ...], from_when: str, *, shown: str) -> Verified:  # noqa: ANN401 - loads late
    from firmline.line.audit.base import every_entry  # noqa: PLC0415 - not for help
    from firmline.line.audit.chain import Verifier  # noqa: PLC0415

    verifier = Verifier(anchors)
    for entry in every_entry(trail):
        verifier.follow(entry)
        if shown and entry.deed.at >= from_when:
            fields = {"type": "entry", **entry.fields}
            click.echo(json.dumps(fields) if shown == "json" else _line(entry))
    return verifier.verified()


def _line(entry: AuditEntry) -> str:
    done = entry.deed
    time = done.at.replace("T", " ").partition(".")[0]
    details = "" if done.details == "{}" else f"  {done.details}"
    told = f"{time}Z  {done.actor.name} ({done.actor.role})  {done.action}  {done.subject}{details}"
    return f"{entry.sequence:>6}  {printable(told)}"


def _fields(found: Verified) -> dict[str, object]:
    return {
        "holds": found.holds,
        "entries": found.head.sequence,
        "head": found.head.digest,
        "broken_at": found.broken_at or None,
        "fault": None if found.fault is None else found.fault.value,
        "missing_anchors": list(found.missing),
        "earlier_times": found.earlier,
    }


def _problem(found: Verified, where: str) -> VerifyError | None:
    from firmline.line.audit.chain import Fault  # noqa: PLC0415 - not for help

    if found.fault is not None:
        what = {
            Fault.MISSING: "is missing or stands elsewhere",
            Fault.CHANGED: "was changed since it was written",
            Fault.CUT_FROM_THE_ONE_BEFORE: "does not follow from the one before it",
        }[found.fault]
        return VerifyError(
            Code.AUDIT_BROKEN,
            f"Entry {found.broken_at} of the audit trail in {where} {what};"
            f" {_counted(found.head.sequence)} before it {_holds(found.head.sequence)}.",
            entry=found.broken_at,
        )
    if found.missing:
        return VerifyError(
            Code.AUDIT_CUT,
            f"No entry of the audit trail in {where} has the digest {found.missing[0]} that was"
            f" noted down; its {_counted(found.head.sequence)} follow from each other.",
            anchor=found.missing[0],
        )
    return None


def _end(*problems: VerifyError | None) -> None:
    """Say what is wrong, if anything is, and end with its exit code."""
    told = [problem for problem in problems if problem is not None]
    for problem in told:
        say(problem)
    if told:
        raise click.exceptions.Exit(told[0].exit_code)


def _say(found: Verified, records: ComparedRecords | None, anchors: tuple[str, ...]) -> None:
    """What holds."""
    if found.holds:
        _say_chain(found, anchors)
    if records is not None and records.holds:
        click.echo(records.sentence)


def _say_chain(found: Verified, anchors: tuple[str, ...]) -> None:
    number = found.head.sequence
    if not number:
        click.echo("The audit trail is empty.")
        return
    held = f", with {_plural(len(set(anchors)), 'noted digest')} among them" if anchors else ""
    click.echo(f"{_counted(number).capitalize()}, each follows from the one before{held}.")
    if found.earlier:
        times = _plural(found.earlier, "time")
        click.echo(f"{times}, an entry is older than the one before it: a clock was set back.")
    click.echo(f"Head: {found.head.digest}")
    click.echo("Note the head down elsewhere: with --anchor it proves later what stood here today.")


def _holds(number: int) -> str:
    return "holds" if number == 1 else "hold"


def _counted(number: int) -> str:
    return _plural(number, "entry", "entries")


def _plural(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
