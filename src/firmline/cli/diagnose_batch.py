"""``firmline diagnose batch``: one unit, or a batch?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.style import paint, printable
from firmline.cli.trace_input import name_of, read_trace_file

if TYPE_CHECKING:
    from firmline.diagnosis.cohorts import Cohort, Comparison

SHOWN: Final = 10
"""Cohorts that people are shown."""


@click.command("batch", cls=OnceCommand)
@click.argument("file", metavar="ROWS.csv", type=FilePath(stream=True))
@click.option("--unit", "unit_column", metavar="COLUMN", default="", help="Which names the unit.")
@click.option(
    "--outcome", "outcome_column", metavar="COLUMN", default="", help="Which says how it ended."
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def batch(file: Path, *, unit_column: str, outcome_column: str, as_json: bool) -> None:
    """Say what failing units have in common that the others have not, if anything.

    ROWS.csv has a line for each attempt, the oldest first: a column "unit", a column "outcome"
    (pass or fail), and one for every factor: station, host, fixture, lots, versions. - reads
    standard input. Every value of every factor is compared with the rest by Fisher's exact test,
    corrected for the number of comparisons (Holm).
    """
    from firmline.diagnosis.cohort_input import read_rows  # noqa: PLC0415 - the help stays fast
    from firmline.diagnosis.cohorts import compare_cohorts  # noqa: PLC0415

    rows = read_rows(
        read_trace_file(file),
        name=name_of(file),
        unit_column=unit_column,
        outcome_column=outcome_column,
    )
    comparison = compare_cohorts(rows)
    if as_json:
        click.echo(json.dumps(_fields(comparison)))
        return
    for line in _lines(comparison):
        click.echo(line)


def _fields(comparison: Comparison) -> dict[str, object]:
    return {
        "type": "result",
        "units": comparison.units,
        "failed": comparison.failed,
        "verdict": printable(comparison.verdict),
        "cohorts": [_cohort_fields(each) for each in comparison.cohorts],
        "unused": [printable(each) for each in comparison.unused],
    }


def _cohort_fields(cohort: Cohort) -> dict[str, object]:
    return {
        "factor": cohort.factor,
        "value": cohort.value,
        "failed": cohort.failed,
        "units": cohort.units,
        "other_failed": cohort.other_failed,
        "other_units": cohort.other_units,
        "chance": cohort.chance,
        "corrected": cohort.corrected,
        "stands_out": cohort.stands_out,
    }


def _lines(comparison: Comparison) -> Iterator[str]:
    yield paint(printable(comparison.verdict), bold=True)
    shown = comparison.cohorts[:SHOWN]
    if shown:
        names = [printable(f"{each.factor} = {each.value}") for each in shown]
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


def _chance(cohort: Cohort) -> str:
    chance = cohort.corrected
    return f"{'< 0.01 %':>9}" if chance < 1e-4 else f"{chance * 100:>7.3g} %"
