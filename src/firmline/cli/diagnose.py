"""``firmline diagnose``: why an update failed, and which test to do next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click

from firmline.cli.lazy import Command
from firmline.cli.parameters import FilePath
from firmline.cli.trace_input import STANDARD_INPUT, name_of, read_trace_file
from firmline.cli.with_subcommands import WithSubcommands
from firmline.errors import Code, InputError

SUBCOMMANDS: Final = (
    Command("batch", "firmline.cli.diagnose_batch:batch", "Say whether it is one unit or a batch."),
)


@click.command(cls=WithSubcommands, subcommands=SUBCOMMANDS)
@click.argument("file", metavar="[FILE]", type=FilePath(stream=True), required=False)
@click.option(
    "--ask",
    "asks",
    is_flag=True,
    help="Ask what was seen, the most telling question first, until no answer would tell more; with"
    " FILE, only what that does not tell.",
)
@click.option(
    "--lacks",
    metavar="NAME",
    multiple=True,
    help="Equipment that is not at hand, so that no test needs it: second-host, bench-supply,"
    " new-cell, probe, good-unit, good-package, reset-pin, multimeter or sources. May be given more"
    " than once.",
)
@click.option(
    "--done",
    metavar="TEST",
    multiple=True,
    help="A test that was done already, by its name in the plan. May be given more than once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the diagnosis as JSON.")
def diagnose(
    file: Path | None, *, asks: bool, lacks: tuple[str, ...], done: tuple[str, ...], as_json: bool
) -> None:
    """Say why an update failed, how sure that is, and which test to do next.

    FILE is a trace of firmline's (--trace, --json), of one attempt or of several behind one
    another; a log of pc-nrfutil, of nRF Connect or an app with the DFU library on Android or iOS,
    of MCUboot's console or of an SMP client such as mcumgr; or a report: JSON with an object
    "evidence", whose fields and values are on the page on evidence. - reads standard input. The
    tests that would destroy evidence come last: do them in their order, and leave the cell where it
    is until then.
    """
    from firmline.cli.diagnosis_options import known_equipment, known_tests  # noqa: PLC0415
    from firmline.cli.diagnosis_text import result_fields, text_lines  # noqa: PLC0415
    from firmline.diagnosis.evidence import Incident  # noqa: PLC0415
    from firmline.diagnosis.next_test import plan  # noqa: PLC0415 - the help stays fast
    from firmline.diagnosis.ranking import rank  # noqa: PLC0415
    from firmline.diagnosis.reading import read_incident  # noqa: PLC0415

    lacks, done = known_equipment(lacks), known_tests(done)
    if file is None and not asks:
        raise InputError(
            Code.USAGE,
            "There is nothing to diagnose: no FILE, and no --ask.",
            hint="Give a trace, a log or a report, or --ask to be asked what was seen.",
        )
    if asks and file == STANDARD_INPUT:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--ask reads answers from standard input, which - names as the file.",
            hint="Give the file by its name.",
        )
    incident = Incident()
    if file is not None:
        incident = read_incident(read_trace_file(file), name=name_of(file))
    if asks:
        from firmline.cli.diagnose_ask import ask  # noqa: PLC0415

        incident = ask(incident)
    ranking = rank(incident)
    proposals = plan(incident, ranking, lacks=lacks, done=done)
    if as_json:
        click.echo(json.dumps(result_fields(incident, ranking, proposals)))
        return
    for line in text_lines(incident, ranking, proposals):
        click.echo(line)
