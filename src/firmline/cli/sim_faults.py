"""``firmline sim faults``: the fault matrix, and that there is no false success in it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields

import click

from firmline.cli.parameters import OnceCommand
from firmline.cli.style import printable
from firmline.cli.sweep_jobs import all_cores, result_of
from firmline.device.cuts.flows import Flow
from firmline.device.faults.plan import FAULTS
from firmline.errors import ExitCode
from firmline.updater.fault_matrix.cases import Case, cases
from firmline.updater.fault_matrix.endings import Ending, Verdict
from firmline.updater.fault_matrix.subjects import LinkKind, Sdk, Subject
from firmline.updater.fault_matrix.trial import run_case

FEW = 12
"""Cases that are done before other processes have started."""
NOT_THERE = "-"
NOT_MET = "*"
FAULT_WIDTH, CELL_WIDTH = 50, 25


@click.command(cls=OnceCommand)
@click.option("--fault", type=click.Choice(list(FAULTS)), help="Only this fault.")
@click.option(
    "--link", type=click.Choice([kind.value for kind in LinkKind]), help="Only this link."
)
@click.option(
    "--sdk",
    type=click.Choice([sdk.value for sdk in Sdk]),
    default=Sdk.SDK15_3.value,
    show_default=True,
    help="Whose bootloaders the units have.",
)
@click.option(
    "--flow",
    type=click.Choice([flow.value for flow in Flow]),
    default=Flow.APPLICATION.value,
    show_default=True,
    help="What they are sent.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def faults(fault: str | None, link: str | None, sdk: str, flow: str, as_json: bool) -> None:
    """Update virtual units with every fault there is, on every kind of link.

    Each update ends as recovered (the unit runs the new application), refused or given up with a
    reason, or unverified. What the unit really runs is known and compared: an update that is called
    updated and is not would be a false success, exit code 5.
    """
    links = LinkKind if link is None else (LinkKind(link),)
    todo = cases([Subject(each, Sdk(sdk), Flow(flow)) for each in links], fault=fault)
    endings: dict[Case, Ending] = {}
    for ending in _run([case for case in todo if case.applies], shown=not as_json):
        endings[ending.case] = ending
    if as_json:
        click.echo(json.dumps(_result(list(endings.values()))))
    else:
        _print(todo, endings)
    if any(each.verdict is Verdict.FALSE_SUCCESS for each in endings.values()):
        raise click.exceptions.Exit(ExitCode.UNVERIFIED)


def _run(todo: list[Case], *, shown: bool) -> Iterator[Ending]:
    """Run them all, on all cores where that is worth it, with a bar in a terminal."""
    if len(todo) <= FEW:
        yield from map(run_case, todo)
        return
    with all_cores() as pool:
        futures = [pool.submit(run_case, case) for case in todo]
        endings = map(result_of, futures)
        if not (shown and sys.stdout.isatty()):
            yield from endings
            return
        from rich.progress import track  # noqa: PLC0415 - rich loads for terminals only

        yield from track(endings, "  faults", total=len(todo), transient=True)


def _print(todo: list[Case], endings: dict[Case, Ending]) -> None:
    """A row for each fault, a column for each link; the reasons once, below."""
    links = list(dict.fromkeys(case.link for case in todo))
    rows: dict[str, dict[LinkKind, str]] = {}
    for case in todo:
        ending = endings.get(case)
        shown = NOT_THERE if ending is None else cell(ending)
        rows.setdefault(case.text, {})[case.link] = shown
    click.echo(_line("fault", [link.value for link in links]))
    for row, cells in rows.items():
        click.echo(_line(row, [cells.get(link, NOT_THERE) for link in links]))
    click.echo("")
    if not all(ending.struck for ending in endings.values()):
        click.echo(f"  {NOT_MET} the fault did nothing before the update was done")
    _print_reasons(list(endings.values()))
    counts = Counter(each.verdict for each in endings.values())
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict)
    click.echo(f"{len(endings)} updates of faulty units: {told}.")
    for each in endings.values():
        if each.verdict is Verdict.FALSE_SUCCESS:
            click.echo(
                f"FALSE SUCCESS: {each.case.text} on {each.case.link.value}: called"
                f" updated, and the unit's state is: {each.truth.value}"
            )


def _line(head: str, cells: list[str]) -> str:
    return f"  {head:<{FAULT_WIDTH}}" + "".join(f"{cell:<{CELL_WIDTH}}" for cell in cells).rstrip()


def cell(ending: Ending) -> str:
    """How a case ended, in the table."""
    did_nothing = "" if ending.struck else NOT_MET
    return f"{ending.verdict.value}{did_nothing} {ending.code}".strip()


def _print_reasons(endings: list[Ending]) -> None:
    """One sentence for each code."""
    first: dict[str, str] = {}
    for ending in endings:
        if ending.code:
            first.setdefault(ending.code, ending.message)
    for code, message in sorted(first.items()):
        click.echo(f"  {code}  e.g. {printable(message)}")


def _result(endings: list[Ending]) -> dict[str, object]:
    counts = Counter(each.verdict for each in endings)
    return {
        "type": "result",
        "cases": [_fields(each) for each in endings],
        "recovered": counts[Verdict.RECOVERED],
        "refused": counts[Verdict.REFUSED],
        "unverified": counts[Verdict.UNVERIFIED],
        "false_successes": counts[Verdict.FALSE_SUCCESS],
    }


def _fields(ending: Ending) -> dict[str, object]:
    fault = ending.case.fault
    return {
        "fault": fault.name,
        "settings": {field.name: getattr(fault, field.name) for field in fields(fault)},
        "link": ending.case.link.value,
        "sdk": ending.case.subject.sdk.value,
        "flow": ending.case.subject.flow.value,
        "verdict": ending.verdict.value.replace(" ", "_"),
        "outcome": ending.outcome.value,
        "code": ending.code,
        "message": printable(ending.message),
        "runs": ending.truth.value,
        "struck": ending.struck,
        "steps": list(ending.steps),
        "seconds": round(ending.seconds, 3),
    }
