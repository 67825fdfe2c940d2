"""The part of ``firmline line audit`` that compares records with their digests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from firmline.cli.style import printable
from firmline.errors import Code, VerifyError

if TYPE_CHECKING:
    from firmline.line.records.database import Database
    from firmline.line.records.proving import AlteredRow


@dataclass(slots=True)
class ComparedRecords:
    """What comparing them came to.

    Attributes:
        rows: How many were compared.
        altered: How many are not what was written.
        first: The first of these.
    """

    rows: int = 0
    altered: int = 0
    first: AlteredRow | None = field(default=None)

    @property
    def holds(self) -> bool:
        """Whether each is what was written."""
        return not self.altered

    @property
    def fields(self) -> dict[str, object]:
        """For programs."""
        return {"compared": self.rows, "altered": self.altered}

    @property
    def sentence(self) -> str:
        """That all of them are."""
        if not self.rows:
            return "There are no records."
        return f"{_records(self.rows).capitalize()}, each as it was written."

    def problem(self, where: str) -> VerifyError | None:
        """What is wrong with them; ``None``: nothing."""
        if self.first is None:
            return None
        more = f" {self.altered:,} of {_records(self.rows)} are so." * (self.altered > 1)
        key = self.first.key
        return VerifyError(
            Code.RECORDS_ALTERED,
            f"{_named(self.first)} in {where} {WORDS[self.first.difference.value]}.{more}",
            station=key.station,
            sequence=key.sequence,
            altered=self.altered,
        )


WORDS = {
    "changed": "is not what was written",
    "unreadable": "is no record any more",
    "missing": "was taken out since it was written",
}


def compared(database: Database, *, as_json: bool) -> ComparedRecords:
    """Compare every record with its digest; those that differ are printed one by one."""
    from firmline.line.records.proving import proven_rows  # noqa: PLC0415 - not for help

    told = ComparedRecords()
    for some in proven_rows(database):
        told.rows += some.rows
        for each in some.altered:
            told.altered += 1
            told.first = told.first or each
            if as_json:
                click.echo(json.dumps(_fields(each)))
            else:
                click.echo(f"{_named(each)} {WORDS[each.difference.value]}.")
    return told


def _named(row: AlteredRow) -> str:
    """Which record; and of which unit, where it says so."""
    unit = getattr(row.entry, "unit", None)
    of = "" if unit is None else f" (of the unit {printable(unit.serial)})"
    return f"Record {row.key.sequence} of the station {printable(row.key.station)}{of}"


def _fields(row: AlteredRow) -> dict[str, object]:
    return {
        "type": "altered_record",
        "station": printable(row.key.station),
        "sequence": row.key.sequence,
        "difference": row.difference.value,
    }


def _records(number: int) -> str:
    return f"{number:,} {'record' if number == 1 else 'records'}"
