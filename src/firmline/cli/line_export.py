"""``firmline line export``: what the records of a line hold."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firmline.cli.files import remember_input, write_file
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.style import printable
from firmline.errors import Code, InputError

if TYPE_CHECKING:
    from firmline.line.outcomes import StepOutcome
    from firmline.line.records.base import RunFilter
    from firmline.line.records.exporting import ExportedRun
    from firmline.line.records.sql import SqlRecords
    from firmline.line.records.values import Row, RunBegan, Unit

STANDARD_OUTPUT = Path("-")


class _Seen:
    """What has gone by: for the last line."""

    def __init__(self) -> None:
        self.units: set[Unit] = set()
        self.outcomes: Counter[StepOutcome] = Counter()
        self.half_done = 0

    def runs(self, runs: Iterator[ExportedRun]) -> Iterator[ExportedRun]:
        """The same runs, counted."""
        for told in runs:
            self.units.add(told.run.unit)
            self.outcomes[told.run.outcome] += 1
            yield told

    def left(self, rows: list[Row[RunBegan]]) -> list[Row[RunBegan]]:
        """The same rows, counted."""
        self.units |= {row.entry.unit for row in rows}
        self.half_done += len(rows)
        return rows


@click.command(cls=OnceCommand)
@click.option(
    "--db",
    metavar="DATABASE",
    required=True,
    help="A file of records, or postgresql://USER@HOST/DATABASE.",
)
@click.option("--serial", default="", metavar="N", help="Units with this serial number, in full.")
@click.option("--product", default="", metavar="NAME", help="Units of this product.")
@click.option("--batch", default="", metavar="NAME", help="Units of this batch.")
@click.option("--station", default="", metavar="NAME", help="Runs at this station.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a run, in full.")
@click.option(
    "--csv", metavar="OUT", type=FilePath(stream=True), help="Write a table, one row a run."
)
def export(
    *,
    db: str,
    serial: str,
    product: str,
    batch: str,
    station: str,
    as_json: bool,
    csv: Path | None,
) -> None:
    """Print the runs that the records of a line hold, in the order in which they began.

    Each is told with its unit, the number of the attempt on it and its outcome, in UTC; with
    --serial or --json also with its phases, what was measured against which limits, and the
    diagnosis. Records are only read; tables of an older firmline are brought up to date first.
    """
    from firmline.line.records.address import parse_address  # noqa: PLC0415 - not for help
    from firmline.line.records.base import RunFilter  # noqa: PLC0415
    from firmline.line.records.open import open_records  # noqa: PLC0415

    if as_json and csv is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--json prints the runs, and --csv writes them as a table.",
            hint="Give one of them.",
        )
    wanted = RunFilter(product=product, serial=serial, batch=batch, station=station)
    address = parse_address(db)
    if address.path is not None:
        remember_input(address.path)  # --csv does not take its place
    with closing(open_records(address, create=False)) as records:
        if csv is not None:
            _write_table(records, wanted, csv)
        elif as_json:
            _print_json(records, wanted, database=str(address))
        else:
            _print_words(records, wanted)


def _print_words(records: SqlRecords, wanted: RunFilter) -> None:
    from firmline.cli.records_text import (  # noqa: PLC0415
        half_done_line,
        rework_line,
        run_lines,
        summary,
    )
    from firmline.line.records.exporting import (  # noqa: PLC0415
        exported,
        left_half_done,
        reworks,
    )

    seen = _Seen()
    for told in seen.runs(exported(records, wanted)):
        for line in run_lines(told, in_full=bool(wanted.serial)):
            click.echo(line)
    for row in seen.left(left_half_done(records, wanted)):
        click.echo(half_done_line(row))
    for back in reworks(records, wanted):
        click.echo(rework_line(back))
    click.echo(summary(len(seen.units), seen.outcomes, seen.half_done))


def _print_json(records: SqlRecords, wanted: RunFilter, *, database: str) -> None:
    from firmline.line.records.exporting import (  # noqa: PLC0415
        exported,
        left_half_done,
        reworks,
    )
    from firmline.line.records.fields import (  # noqa: PLC0415
        half_done_fields,
        rework_fields,
        run_fields,
    )

    seen = _Seen()
    for told in seen.runs(exported(records, wanted)):
        click.echo(json.dumps(run_fields(told)))
    for row in seen.left(left_half_done(records, wanted)):
        click.echo(json.dumps(half_done_fields(row)))
    for back in reworks(records, wanted):
        click.echo(json.dumps(rework_fields(back)))
    counted = {outcome.value: number for outcome, number in sorted(seen.outcomes.items())}
    fields = {
        "database": printable(database),
        "units": len(seen.units),
        "runs": seen.outcomes.total(),
        "outcomes": counted,
        "half_done": seen.half_done,
    }
    click.echo(json.dumps({"type": "result", **fields}))


def _write_table(records: SqlRecords, wanted: RunFilter, out: Path) -> None:
    from firmline.cli.records_text import runs_table  # noqa: PLC0415
    from firmline.line.records.exporting import exported  # noqa: PLC0415

    seen = _Seen()
    table = runs_table(seen.runs(exported(records, wanted)))
    is_sent = out == STANDARD_OUTPUT
    if is_sent:
        sys.stdout.buffer.write(table)
        sys.stdout.buffer.flush()
    else:
        write_file(out, table)
    click.echo(f"Written: {printable(out)} ({seen.outcomes.total():,} rows)", err=is_sent)
