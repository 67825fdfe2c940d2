"""``firmline diagnose batch``: one unit, or a batch?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from firmline.cli.cohort_fields import cohort_fields
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.style import paint, printable
from firmline.cli.trace_input import name_of, read_file_or_input
from firmline.errors import Code, InputError, shortened

if TYPE_CHECKING:
    from firmline.diagnosis.cohort import Cohort, Comparison
    from firmline.diagnosis.cohort_input import Table

SHOWN: Final = 10
"""Cohorts that people are shown."""
MAX_NAMES: Final = 10_000
"""Units among which one of nearly the same name is looked for."""
LEAST_DIGITS: Final = 5
"""Of a shorter number many units differ in one digit, and none of them is meant; ours."""


@click.command("batch", cls=OnceCommand)
@click.argument("file", metavar="ROWS.csv", type=FilePath(stream=True))
@click.option("--unit", "unit_column", metavar="COLUMN", default="", help="Which names the unit.")
@click.option(
    "--outcome", "outcome_column", metavar="COLUMN", default="", help="Which says how it ended."
)
@click.option(
    "--failing",
    metavar="UNIT",
    default="",
    help="The unit that is asked about: whether it has what stands out.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def batch(
    file: Path, *, unit_column: str, outcome_column: str, failing: str, as_json: bool
) -> None:
    """Say what failing units have in common that the others have not, if anything.

    ROWS.csv has a line for each attempt, the oldest first: a column "unit", a column "outcome"
    (pass or fail), and one for every factor: station, host, fixture, lots, versions, times,
    measured numbers. - reads standard input. Every value of every factor is compared with the rest
    by an exact test, corrected for the number of comparisons (Holm); of numbers and times the best
    place to part them, corrected for the number of places. Units that were tried under several
    conditions are compared with themselves. Outcomes such as ERROR or TIMEOUT are the station's,
    and left out.
    """
    from firmline.diagnosis.cohort_input import read_table  # noqa: PLC0415 - the help stays fast
    from firmline.diagnosis.cohorts import compare_cohorts  # noqa: PLC0415

    table = read_table(
        read_file_or_input(file, what="table"),
        name=name_of(file),
        unit_column=unit_column,
        outcome_column=outcome_column,
    )
    if failing:
        _check_unit(failing, table, name_of(file))
    comparison = compare_cohorts(table.rows)
    of_unit = comparison.verdict_on(failing) if failing else ""
    if as_json:
        fields = _fields(comparison, table) | ({"of_unit": printable(of_unit)} if failing else {})
        click.echo(json.dumps(fields))
        return
    click.echo(paint(printable(comparison.verdict), bold=True))
    if failing:
        click.echo(paint(printable(of_unit), bold=True))
    for line in _lines(comparison, table):
        click.echo(line)


def _check_unit(unit: str, table: Table, name: str) -> None:
    """See that the table has a unit.

    Raises:
        InputError: ``TABLE_MALFORMED``: it has not.
    """
    units = list(dict.fromkeys(row.unit for row in table.rows))
    if unit not in units:
        is_short_number = unit.isdecimal() and len(unit) < LEAST_DIGITS
        near = [] if is_short_number else get_close_matches(unit, units[:MAX_NAMES], n=1)
        raise InputError(
            Code.TABLE_MALFORMED,
            f"{name} has no attempt with the unit {shortened(unit)!r} that came to a verdict.",
            hint=f"Give --failing {shortened(near[0])!r}, if that is meant."
            if near
            else "Add the attempts with this unit to the table, or leave --failing out.",
        )


def _fields(comparison: Comparison, table: Table) -> dict[str, object]:
    return {
        "type": "result",
        "units": comparison.units,
        "failed": comparison.failed,
        "verdict": printable(comparison.verdict),
        "cohorts": [cohort_fields(each) for each in comparison.cohorts],
        "alike": [each.label for each in comparison.alike],
        "beside": [each.label for each in comparison.beside],
        "unused": [printable(each) for each in comparison.unused],
        "left_out": [printable(each) for each in table.left_out],
    }


def _lines(comparison: Comparison, table: Table) -> Iterator[str]:
    shown = comparison.cohorts[:SHOWN]
    if shown:
        names = [printable(shortened(each.label)) for each in shown]
        width = max(map(len, names))
        yield f"  {'':<{width}}   failed with it   without it   by chance"
        for name, each in zip(names, shown, strict=True):
            mine, others = f"{each.failed}/{each.units}", f"{each.other_failed}/{each.other_units}"
            mark = "  stands out" if each.stands_out else ""
            yield f"  {name:<{width}}   {mine:>14}   {others:>10}   {_chance(each)}{mark}"
        left = len(comparison.cohorts) - len(shown)
        if left:
            yield f"  and {left} more"
    for reason in comparison.unused:
        yield f"  not compared: {printable(reason)}"
    for sentence in table.left_out:
        yield f"  not used: {printable(sentence)}"


def _chance(cohort: Cohort) -> str:
    chance = cohort.corrected
    return f"{'< 0.01 %':>9}" if chance < 1e-4 else f"{chance * 100:>7.3g} %"
