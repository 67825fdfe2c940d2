"""``firmline sim diagnose``: why virtual units fail, found out by tests on a bench, and judged."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.sim_diagnose_text import incident_lines, result_fields, total_lines
from firmline.cli.sim_diagnose_unit import diagnose_unit
from firmline.cli.sweep_jobs import all_cores, result_of
from firmline.device.faults.plan import FAULTS
from firmline.diagnosis.investigation import Order
from firmline.errors import Code, InputError
from firmline.updater.bench.incidents import Seeded, Verdict, incidents, verdict_of
from firmline.updater.fault_matrix.subjects import LinkKind, Sdk

ALL = "all"
FEW = 8
"""Incidents that are done before other processes have started."""


@dataclass(frozen=True, slots=True)
class Job:
    """One incident in one order of tests."""

    incident: Seeded
    order: Order


def run_job(job: Job) -> Verdict | None:
    """The same job always comes to the same verdict."""
    return verdict_of(job.incident, job.order)


@click.command(cls=OnceCommand)
@click.argument("fault", type=click.Choice([ALL, *FAULTS]), default=ALL, metavar="[FAULT|all]")
@click.option(
    "--link", type=click.Choice([kind.value for kind in LinkKind]), help="Only this link."
)
@click.option(
    "--sdk",
    type=click.Choice([*(sdk.value for sdk in Sdk), ALL]),
    default=Sdk.SDK15_3.value,
    show_default=True,
    help="Whose bootloaders the units have.",
)
@click.option(
    "--checklist/--no-checklist",
    "compares",
    default=True,
    show_default=True,
    help="Whether the same is done by a fixed checklist, to compare the minutes.",
)
@click.option(
    "--unit",
    metavar="NAME|FILE.toml",
    help="Instead, one virtual unit, updated by a host that ends at the first fault.",
)
@click.option(
    "--report",
    type=FilePath(),
    metavar="FILE",
    help="With --unit: what is known of its failure, as firmline diagnose reads it; else the trace"
    " of a first attempt.",
)
@click.option(
    "--lacks",
    metavar="NAME",
    multiple=True,
    help="With --unit: equipment that is not at hand, as of firmline diagnose.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def diagnose(
    *,
    fault: str,
    link: str | None,
    sdk: str,
    compares: bool,
    unit: str | None,
    report: Path | None,
    lacks: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find out why virtual units fail, test by test, and see whether that is right.

    Every update of a faulty unit that does not succeed is diagnosed from its trace; then the first
    test of the plan is done on that unit, as on a real one, and the next one planned, until the
    cause is sure or no test would tell more. FAULT is one of those of sim faults. Its verdict is
    compared with what is wrong with the unit, and its minutes with those of a checklist.
    """
    if unit is not None:
        _check_alone(fault, link)
        diagnose_unit(unit, report, lacks=lacks, as_json=as_json)
        return
    if report is not None or lacks:
        raise InputError(
            Code.USAGE,
            "--report and --lacks are of one unit, and there is no --unit.",
            hint="Name the unit with --unit, or leave them out.",
        )
    todo = list(
        incidents(
            links=LinkKind if link is None else (LinkKind(link),),
            sdks=Sdk if sdk == ALL else (Sdk(sdk),),
            fault=None if fault == ALL else fault,
        )
    )
    orders = tuple(Order) if compares else (Order.PLAN,)
    found: list[tuple[Verdict, Verdict | None]] = []
    for verdicts in _run(todo, orders, shown=not as_json):
        if verdicts[0] is None:
            continue
        pair = (verdicts[0], verdicts[1] if compares else None)
        found.append(pair)
        if not as_json:
            for line in incident_lines(*pair):
                click.echo(line)
    if as_json:
        click.echo(json.dumps(result_fields(found)))
        return
    for line in total_lines(found):
        click.echo(line)


def _check_alone(fault: str, link: str | None) -> None:
    """See that no fault is named beside a unit, which has its own."""
    if fault != ALL or link is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--unit names a unit with faults and a link of its own.",
            hint="Leave FAULT and --link out, or --unit.",
        )


def _run(
    todo: list[Seeded], orders: tuple[Order, ...], *, shown: bool
) -> Iterator[tuple[Verdict | None, ...]]:
    """Run them all in every order, on all cores where that is worth it."""
    jobs = [[Job(each, order) for order in orders] for each in todo]
    if len(todo) <= FEW:
        yield from (tuple(map(run_job, row)) for row in jobs)
        return
    with all_cores() as pool:
        rows = [[pool.submit(run_job, job) for job in row] for row in jobs]
        results = (tuple(map(result_of, row)) for row in rows)
        if not (shown and sys.stdout.isatty()):
            yield from results
            return
        from rich.progress import track  # noqa: PLC0415 - rich loads for terminals only

        yield from track(results, "  units", total=len(todo), transient=True)
