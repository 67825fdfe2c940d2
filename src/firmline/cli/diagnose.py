"""``firmline diagnose``: why an update failed, and which test to do next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from firmline.cli.lazy import Command
from firmline.cli.parameters import FilePath
from firmline.cli.trace_input import STANDARD_INPUT, name_of, read_trace_file
from firmline.cli.with_subcommands import WithSubcommands
from firmline.errors import Code, InputError

if TYPE_CHECKING:
    from firmline.cli.concluded import Concluded
    from firmline.cli.report.writing import Wanted
    from firmline.diagnosis.evidence import Incident
    from firmline.diagnosis.reading import Source

SUBCOMMANDS: Final = (
    Command("batch", "firmline.cli.diagnose_batch:batch", "Say whether it is one unit or a batch."),
    Command(
        "compare",
        "firmline.cli.diagnose_compare:compare",
        "Run two conditions in turn, and say whether they differ.",
    ),
    Command(
        "margin",
        "firmline.cli.diagnose_margin:margin",
        "Find the voltage or resistance at which an update stops working.",
    ),
)

WITHOUT_KEY: Final = (
    "Take the key out of a copy and diagnose that, since what was diagnosed is sent along; and ask"
    " yourself who else has seen it."
)


@click.command(cls=WithSubcommands, subcommands=SUBCOMMANDS)
@click.argument("files", metavar="[FILE]...", type=FilePath(stream=True), nargs=-1)
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
    " new-cell, probe, good-unit, good-package, reset-pin, oscilloscope or sources. May be given"
    " more than once.",
)
@click.option(
    "--done",
    metavar="TEST",
    multiple=True,
    help="A test that was done already and has shown nothing, or cannot be done, by its name in the"
    " plan. May be given more than once.",
)
@click.option(
    "--result",
    "results",
    metavar="TEST=OUTCOME",
    multiple=True,
    help="What a test of the plan has shown, as the plan says it: app-restart=helped,"
    " see-end=back_in_app, read-reset-reason=none. May be given more than once.",
)
@click.option(
    "--dump",
    "dumps",
    metavar="DUMP",
    type=FilePath(),
    multiple=True,
    help="A dump of the unit's flash, which says more than a trace (firmline autopsy).",
)
@click.option(
    "--resolved",
    "resolved_path",
    metavar="COUNTS",
    type=FilePath(),
    help="How often each cause was found in runs of your own that were resolved: a table (CSV) with"
    " the columns cause and count, or a JSON object.",
)
@click.option(
    "--report",
    "report_path",
    metavar="OUT",
    type=FilePath(),
    help="Write a report that can be sent to somebody: a page (OUT.html) that prints well and needs"
    " no network, or JSON (OUT.json).",
)
@click.option(
    "--attach",
    metavar="FILE",
    type=FilePath(),
    multiple=True,
    help="Send a file along in the report: a photograph, a plot, a log. May be given more than"
    " once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the diagnosis as JSON.")
def diagnose(
    files: tuple[Path, ...],
    *,
    asks: bool,
    lacks: tuple[str, ...],
    done: tuple[str, ...],
    results: tuple[str, ...],
    dumps: tuple[Path, ...],
    resolved_path: Path | None,
    report_path: Path | None,
    attach: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Say why an update failed, how sure that is, and which test to do next.

    FILE is a trace of firmline's (--trace, --json), of one attempt or of several behind one
    another; a log of pc-nrfutil, of nRF Connect or an app with the DFU library on Android or iOS,
    of MCUboot's console or of an SMP client such as mcumgr; what --json has printed; or a report:
    JSON with an object "evidence", whose fields and values are on the page on evidence. - reads
    standard input. Several files tell of one failure together, such as a trace and what somebody
    has seen besides; traces are taken in the order in which they began. The tests that would
    destroy evidence come last: do them in their order, leave the cell where it is until then, and
    give back what they have shown with --result.
    """
    from firmline.cli.concluded import Concluded  # noqa: PLC0415
    from firmline.cli.diagnosis_options import known_equipment, known_tests  # noqa: PLC0415
    from firmline.cli.learned_text import resolved_runs  # noqa: PLC0415
    from firmline.diagnosis.next_test import plan  # noqa: PLC0415 - the help stays fast
    from firmline.diagnosis.outcomes import result_of  # noqa: PLC0415
    from firmline.diagnosis.ranking import rank  # noqa: PLC0415

    lacks, done = known_equipment(lacks), known_tests(done)
    shown = [result_of(each) for each in results]
    _check_source(files, asks=asks, dumps=dumps, results=results)
    resolved = resolved_runs(resolved_path)
    wanted = _wanted(report_path, attach, files)
    read = [_read(each, is_sent=wanted is not None) for each in files]
    source, told = _together([each for *_, each in read])
    told = told.with_more(each for _, evidence in shown for each in evidence)
    before = () if source is None else source.done
    done = tuple(dict.fromkeys((*before, *done, *(test.slug for test, _ in shown))))
    incident, used = _with_dumps(told, source, dumps)
    incident = _with_answers(incident, resolved) if asks else incident
    ranking = rank(incident, resolved=resolved)
    concluded = Concluded(
        incident=incident,
        ranking=ranking,
        plan=plan(incident, ranking, lacks=lacks, done=done),
        done=done,
        lacks=lacks,
        asked=asks,
        dumps=used,
    )
    _print(concluded, as_json=as_json)
    if wanted is not None:
        from firmline.cli.report.attachments import File  # noqa: PLC0415 - reports only
        from firmline.cli.report.writing import write_report  # noqa: PLC0415 - likewise

        sent = [(File(name=file.name, content=content), each) for file, content, each in read]
        write_report(wanted, source, concluded, diagnosed=sent)


def _together(read: list[Source]) -> tuple[Source | None, Incident]:
    """What several files tell; nothing, where there are none."""
    from firmline.diagnosis.evidence import Incident  # noqa: PLC0415
    from firmline.diagnosis.joining import joined  # noqa: PLC0415

    if not read:
        return None, Incident()
    source = joined(read)
    return source, source.incident


def _wanted(path: Path | None, attach: tuple[Path, ...], files: tuple[Path, ...]) -> Wanted | None:
    """The report that is asked for; ``None``: none is, and nothing of it is loaded."""
    if path is None and not attach:
        return None
    from firmline.cli.report.writing import wanted_report  # noqa: PLC0415 - reports only

    return wanted_report(path, attach, diagnosed=files)


def _read(file: Path, *, is_sent: bool) -> tuple[Path, bytes, Source]:
    """What is going to be diagnosed, and whether it may get into a report.

    Raises:
        InputError: ``USAGE``: it holds a private key. Else as
            :func:`~firmline.cli.trace_input.read_trace_file`, and
            :func:`~firmline.diagnosis.reading.read_source`.
    """
    from firmline.diagnosis.reading import read_source  # noqa: PLC0415

    content, name = read_trace_file(file), name_of(file)
    if is_sent:
        from firmline.cli.report.attachments import refuse_private_key  # noqa: PLC0415

        refuse_private_key(content, name=name, hint=WITHOUT_KEY)
    return file, content, read_source(content, name=name)


def _print(concluded: Concluded, *, as_json: bool) -> None:
    """The diagnosis, for people or for programs."""
    from firmline.cli.diagnosis_text import result_fields, text_lines  # noqa: PLC0415

    told = (concluded.incident, concluded.ranking, concluded.plan)
    left = concluded.undecided
    if as_json:
        click.echo(json.dumps(result_fields(*told, done=concluded.done, undecided=left)))
    else:
        click.echo("\n".join(text_lines(*told, left)))


def _with_dumps(
    incident: Incident, source: Source | None, dumps: tuple[Path, ...]
) -> tuple[Incident, int]:
    """What is known, with what dumps of the unit's flash tell, and of how many of them."""
    if not dumps:
        return incident, 0
    from firmline.cli.autopsy_input import read_dump_file  # noqa: PLC0415
    from firmline.diagnosis.autopsy.examination import combined, examine  # noqa: PLC0415
    from firmline.diagnosis.same_unit import of_the_unit  # noqa: PLC0415
    from firmline.diagnosis.trace_evidence import explained  # noqa: PLC0415

    read = [examine(read_dump_file(each)) for each in dumps]
    used, notes = of_the_unit(read, None if source is None else explained(source.traces))
    return combined(incident, used).with_more((), notes), len(used)


def _with_answers(incident: Incident, resolved: Mapping[str, int]) -> Incident:
    """What is known, with what a person answers: who has seen it fail, whatever was recorded."""
    from firmline.cli.diagnose_ask import ask  # noqa: PLC0415
    from firmline.diagnosis.breaking_off import not_before  # noqa: PLC0415

    known = replace(not_before(incident), ended_well=False, unproven=False, failure_unseen=False)
    return ask(known, resolved)


def _check_source(
    files: tuple[Path, ...], *, asks: bool, dumps: tuple[Path, ...], results: tuple[str, ...]
) -> None:
    """See that there is something to diagnose.

    Raises:
        InputError: ``USAGE`` or ``OPTION_CONFLICT``.
    """
    if not files and not asks and not dumps and not results:
        raise InputError(
            Code.USAGE,
            "There is nothing to diagnose: no FILE, and no --ask.",
            hint="Give a trace, a log or a report, a dump with --dump, or --ask to be asked what"
            " was seen.",
        )
    if asks and STANDARD_INPUT in files:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--ask reads answers from standard input, which - names as the file.",
            hint="Give the file by its name.",
        )
    if files.count(STANDARD_INPUT) > 1:
        raise InputError(
            Code.OPTION_CONFLICT,
            "- is given twice, and standard input can be read once.",
            hint="Name the files, or send them together: cat FILE FILE | firmline diagnose -",
        )
