"""``firmline line rework``: a unit that has failed too often was mended, and may run again."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import click

from firmline.cli.parameters import OnceCommand
from firmline.cli.station_options import station_name
from firmline.cli.style import printable

if TYPE_CHECKING:
    from firmline.line.records.sql import SqlRecords
    from firmline.line.records.values import Unit


@click.command(cls=OnceCommand)
@click.argument("serial", metavar="SERIAL")
@click.option(
    "--db",
    metavar="DATABASE",
    required=True,
    help="A file of records, or postgresql://USER@HOST/DATABASE.",
)
@click.option("--product", default="", metavar="NAME", help="Its product, where two have SERIAL.")
@click.option(
    "--station",
    default="rework",
    show_default=True,
    metavar="NAME",
    help="The bench where it was mended: a station's name, which no station that runs has.",
)
@click.option("--operator", default="", metavar="NAME", help="Who says so.")
@click.option("--note", default="", metavar="TEXT", help="What was done to it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rework(
    *,
    serial: str,
    db: str,
    product: str,
    station: str,
    operator: str,
    note: str,
    as_json: bool,
) -> None:
    """Record that the unit SERIAL came back from rework.

    What it failed before stays in the records and in the yields, and counts no more as a strike:
    the station takes it again. At a running station, the word rework does the same.
    """
    from firmline.line.records.address import parse_address  # noqa: PLC0415 - the help stays fast
    from firmline.line.records.open import open_records  # noqa: PLC0415
    from firmline.line.station.alone import alone  # noqa: PLC0415
    from firmline.line.station.rework import unit_to_rework  # noqa: PLC0415

    bench = station_name(station)
    address = parse_address(db)
    with ExitStack() as stack:
        records = stack.enter_context(closing(open_records(address, create=False)))
        if address.path is not None:
            stack.callback(alone(address.path, bench).release)
        unit = unit_to_rework(serial, records.history(serial, product=product))
        _keep(records, bench, unit, operator=operator, note=note)
    if as_json:
        told = {"product": unit.product, "serial": unit.serial, "station": bench, "note": note}
        click.echo(json.dumps({"type": "result", **told}))
        return
    click.echo(f"{printable(unit.serial)} is back from rework, and may run again.")


def _keep(records: SqlRecords, bench: str, unit: Unit, *, operator: str, note: str) -> None:
    """Write the record, at a time that is behind all of the bench's."""
    from datetime import UTC, datetime  # noqa: PLC0415 - the help stays fast

    from firmline.line.records.values import Reworked, Row, RowKey  # noqa: PLC0415

    newest = max(
        (
            attempt.began_at
            for history in records.history(unit.serial, product=unit.product)
            for attempt in history.attempts
        ),
    )
    entry = Reworked(unit=unit, at=max(datetime.now(UTC), newest), operator=operator, note=note)
    key = RowKey(station=bench, sequence=records.newest(bench) + 1)
    records.write([Row(key=key, entry=entry)])
