"""``firmline trace show``: a trace as a time line, for somebody with little time."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import click

from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.style import paint
from firmline.cli.trace_input import name_of, read_trace_file
from firmline.cli.trace_text import header_lines, last_lines, phase_lines, trace_fields
from firmline.cli.trace_timeline import time_line
from firmline.errors import Code, InputError
from firmline.events import Event
from firmline.formats.event_json import event_to_json
from firmline.formats.hci_capture import is_btsnoop
from firmline.formats.trace import Entry, Trace, read_traces
from firmline.protocol.traces.summary import summarize
from firmline.updater.telling.event_text import full_line


@click.command(cls=OnceCommand)
@click.argument("file", metavar="FILE", type=FilePath(stream=True))
@click.option("--all", "every", is_flag=True, help="Print every event with all its fields.")
@click.option("--json", "as_json", is_flag=True, help="Print what the traces come to, as JSON.")
def show(file: Path, *, every: bool, as_json: bool) -> None:
    """Draw the trace FILE as a time line: what happened when, and where the time went.

    FILE may hold several traces, and its last line may be cut off; - reads standard input. What
    update --json and inspect --json print is a trace, too.
    """
    content = read_trace_file(file)
    if is_btsnoop(content):
        raise InputError(
            Code.TRACE_MALFORMED,
            f"{name_of(file)} is a btsnoop capture: packets, and no events that could be shown.",
            hint="Open it in Wireshark, or make a table of it: firmline trace convert FILE --to csv"
            " OUT.",
        )
    traces = read_traces(content, name=name_of(file))
    with suppress(BrokenPipeError):
        if as_json:
            _print_json(traces, every=every)
        else:
            _print_text(traces, every=every)


def _print_json(traces: tuple[Trace, ...], *, every: bool) -> None:
    for trace in traces:
        if every:
            for entry in trace.entries:
                click.echo(json.dumps(fields_of(entry)))
        click.echo(json.dumps({"type": "trace", **trace_fields(trace, summarize(trace))}))
    click.echo(json.dumps({"type": "result", "traces": len(traces)}))


def _print_text(traces: tuple[Trace, ...], *, every: bool) -> None:
    for number, trace in enumerate(traces, 1):
        if number > 1:
            click.echo()
        if len(traces) > 1:
            click.echo(paint(f"Trace {number} of {len(traces)}", bold=True))
        for line in _text(trace, every=every):
            click.echo(line)


def _text(trace: Trace, *, every: bool) -> list[str]:
    summary = summarize(trace)
    begin_s = trace.begin_s
    lines = header_lines(trace, summary)
    if every:
        lines += ["", paint("Every event, seconds from the beginning", bold=True)]
        lines += [_full(entry, begin_s) for entry in trace.entries]
    else:
        lines += ["", paint("Time line, seconds from the beginning", bold=True)]
        lines += time_line(trace, begin_s)
    lines += phase_lines(summary)
    if not every:
        lines += last_lines(trace, summary, lambda entry: _full(entry, begin_s))
    return lines


def _full(entry: Entry, begin_s: float) -> str:
    at_s = None if entry.at_s is None else entry.at_s - begin_s
    return full_line(fields_of(entry), at_s=at_s)


def fields_of(entry: Entry) -> dict[str, object]:
    """An entry as it stands in the trace."""
    return event_to_json(entry) if isinstance(entry, Event) else entry.fields
