"""``firmline line report``: yields, what goes wrong, and what is measured."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from firmline.cli.files import file_to_be, keep_outputs_apart, remember_input
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.style import printable
from firmline.cli.timestamp import Moment
from firmline.errors import Code, InputError, shortened

if TYPE_CHECKING:
    from firmline.line.records.base import RunFilter
    from firmline.line.reporting import LineReport

BY: Final = ("batch", "station", "slot", "hour", "shift", "day")


@click.command(cls=OnceCommand)
@click.option(
    "--db",
    metavar="DATABASE",
    required=True,
    help="A file of records, or postgresql://USER@HOST/DATABASE.",
)
@click.option("--by", type=click.Choice(BY), help="Divide the yields; times are UTC.")
@click.option("--since", type=Moment(), metavar="TIME", help="Runs that began then or later.")
@click.option("--until", type=Moment(), metavar="TIME", help="Runs that began before.")
@click.option("--product", default="", metavar="NAME", help="Units of this product.")
@click.option("--recipe", default="", metavar="NAME", help="Runs by this recipe.")
@click.option("--batch", default="", metavar="NAME", help="Units of this batch.")
@click.option("--station", default="", metavar="NAME", help="Runs at this station.")
@click.option("--slot", type=click.IntRange(1), metavar="N", help="Runs in this slot.")
@click.option(
    "--newest",
    type=click.IntRange(2, 1_000_000),
    default=2_000,
    show_default=True,
    metavar="N",
    help="Runs that charts, indices and the comparison look at.",
)
@click.option(
    "--rules",
    type=click.Choice(("western-electric", "nelson")),
    default="western-electric",
    show_default=True,
    help="Run rules of the control charts.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--csv", metavar="OUT", type=FilePath(), help="Write it as a table: a row a figure.")
@click.option("--parquet", metavar="OUT", type=FilePath(), help="Write the same as Parquet.")
@click.option("--html", metavar="OUT", type=FilePath(), help="Write a page to read and to print.")
def report(
    *,
    db: str,
    by: str | None,
    since: datetime | None,
    until: datetime | None,
    product: str,
    recipe: str,
    batch: str,
    station: str,
    slot: int | None,
    newest: int,
    rules: str,
    as_json: bool,
    csv: Path | None,
    parquet: Path | None,
    html: Path | None,
) -> None:
    """Say what the runs of a line come to: yields, what goes wrong most, and what is measured.

    A unit counts where it was tried first. FAIL is the unit's fault; ERROR, TIMEOUT and ABORTED are
    the station's, and neither count against a unit nor for it. Golden samples are left out. Shares
    have intervals of 95 % (Wilson), as have Cpk and Ppk (Bissell). The newest runs are charted, and
    compared by what the failing units have in common (exact tests, corrected for their number). A
    file that is there already is never written over.
    """
    from firmline.line.records.address import parse_address  # noqa: PLC0415 - not for help
    from firmline.line.records.base import RunFilter  # noqa: PLC0415

    if since is not None and until is not None and since >= until:
        raise InputError(
            Code.OPTION_CONFLICT,
            f"--since {since.isoformat()} is not before --until {until.isoformat()}: no run can"
            " have begun between them.",
            hint="Give the earlier time as --since.",
        )
    outputs = _outputs(csv=csv, parquet=parquet, html=html)
    wanted = RunFilter(
        product=product,
        recipe=recipe,
        batch=batch,
        station=station,
        slot=slot or 0,
        since=since,
        until=until,
    )
    address = parse_address(db)
    if address.path is not None:
        remember_input(address.path)
    told = _read(db, wanted, by, newest=newest, rules=rules)
    where = printable(str(address))
    _write_all(told, outputs, where)
    _print(told, where, as_json=as_json)
    for path in outputs:
        click.echo(f"Written: {printable(shortened(path))}", err=True)


def _outputs(**wanted: Path | None) -> dict[Path, str]:
    """What is to be written, and as what; seen to before any work is done.

    Raises:
        InputError: ``FILE_EXISTS``: it is there already. ``OPTION_CONFLICT``: two are one file.
    """
    found: dict[Path, str] = {}
    for form, path in wanted.items():
        if path is None:
            continue
        for other in found:
            keep_outputs_apart(path, other)
        if path.is_file():
            raise InputError(
                Code.FILE_EXISTS,
                f"{shortened(path)} is already there and was left as it is.",
                hint="Give the report another name.",
            )
        found[path] = form
    return found


def _read(db: str, wanted: RunFilter, by: str | None, *, newest: int, rules: str) -> LineReport:
    from firmline.line.records.address import parse_address  # noqa: PLC0415 - not for help
    from firmline.line.records.open import open_records  # noqa: PLC0415
    from firmline.line.reporting import line_report  # noqa: PLC0415
    from firmline.line.statistics.grouping import By  # noqa: PLC0415
    from firmline.line.statistics.rules import RuleSet  # noqa: PLC0415

    address = parse_address(db)
    with closing(open_records(address, create=False)) as records:
        return line_report(
            records,
            wanted,
            by=None if by is None else By(by),
            newest=newest,
            rules=RuleSet(rules),
            where=printable(str(address)),
        )


def _write_all(told: LineReport, outputs: dict[Path, str], where: str) -> None:
    """Write every form that is wanted: all of them, or none."""
    with ExitStack() as together:
        contents = [(path, _written(told, form, where)) for path, form in outputs.items()]
        for path, content in contents:
            together.enter_context(file_to_be(path, content, replace=False))


def _written(told: LineReport, form: str, where: str) -> bytes:
    if form == "html":
        from firmline import __version__  # noqa: PLC0415 - each form needs parts of its own
        from firmline.cli.line_report.page import page  # noqa: PLC0415

        made_at = datetime.now(UTC)
        return page(told, where=where, made_at=made_at, firmline=__version__).encode()
    from firmline.cli.line_report.table import COLUMNS, rows  # noqa: PLC0415

    if form == "parquet":
        from firmline.cli.line_report.parquet import parquet_table  # noqa: PLC0415

        return parquet_table(rows(told))
    from firmline.cli.csv_text import csv_table, text_cell  # noqa: PLC0415

    cells = (
        ["" if cell is None else text_cell(cell) if isinstance(cell, str) else cell for cell in row]
        for row in rows(told)
    )
    return csv_table(COLUMNS, cells)


def _print(told: LineReport, where: str, *, as_json: bool) -> None:
    if as_json:
        from firmline.cli.line_report.fields import report_fields  # noqa: PLC0415 - one of two

        click.echo(json.dumps({"type": "result", "database": where, **report_fields(told)}))
        return
    from firmline.cli.line_report.text import report_lines  # noqa: PLC0415 - as above

    for line in report_lines(told, where=where):
        click.echo(line)
