"""``firmline trace convert``: a trace or a capture for another program."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import click

from firmline.cli.files import write_file
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.style import printable
from firmline.cli.trace_csv import packets_table, traces_table
from firmline.cli.trace_input import (
    STANDARD_OUTPUT,
    check_standard_output,
    name_of,
    read_trace_file,
)
from firmline.errors import Code, InputError
from firmline.formats.hci_capture import encode_btsnoop, encode_pcap, is_btsnoop, read_btsnoop
from firmline.formats.trace import read_traces
from firmline.protocol.traces.rebuild import rebuild


class TraceFormat(StrEnum):
    """What can be written."""

    BTSNOOP = "btsnoop"
    PCAP = "pcap"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Converted:
    """What is to be written.

    Attributes:
        content: The file.
        rows: Packets or events in it.
        rebuilt: Whether they are packets that were made of events.
        cut: Whether the end of what was read was cut off.
    """

    content: bytes
    rows: int
    rebuilt: bool
    cut: bool


@click.command(cls=OnceCommand)
@click.argument("file", metavar="FILE", type=FilePath(stream=True))
@click.option(
    "--to",
    "wanted",
    type=click.Choice([member.value for member in TraceFormat]),
    required=True,
    help="btsnoop and pcap open in Wireshark, csv in a spreadsheet.",
)
@click.argument("out", metavar="OUT", type=FilePath(stream=True))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def convert(file: Path, *, wanted: str, out: Path, as_json: bool) -> None:
    """Write the trace or btsnoop capture FILE as OUT, in another format.

    A capture keeps every packet. A trace does not: its Bluetooth packets are rebuilt from its
    events, which the packets say of themselves, and no data packet is made up; csv has every event.
    FILE may be - for standard input, and OUT - for standard output.
    """
    to = TraceFormat(wanted)
    is_sent = out == STANDARD_OUTPUT
    if is_sent:
        check_standard_output(is_text=to is TraceFormat.CSV, as_json=as_json)
    content, name = read_trace_file(file), name_of(file)
    converted = _capture(content, name, to) if is_btsnoop(content) else _trace(content, name, to)
    if is_sent:
        output = sys.stdout.buffer
        output.write(converted.content)
        output.flush()
    else:
        write_file(out, converted.content)
    with suppress(BrokenPipeError):
        _say(converted, out, to, as_json=as_json)


def _capture(content: bytes, name: str, to: TraceFormat) -> _Converted:
    capture = read_btsnoop(content, name=name)
    match to:
        case TraceFormat.BTSNOOP:
            raise InputError(
                Code.TRACE_NOT_CONVERTIBLE,
                f"{name} is a btsnoop capture already.",
                hint="Convert it to pcap or csv, or open it as it is.",
            )
        case TraceFormat.PCAP:
            written = encode_pcap(capture.packets)
        case TraceFormat.CSV:
            written = packets_table(capture.packets)
    rows = len(capture.packets)
    return _Converted(content=written, rows=rows, rebuilt=False, cut=capture.is_cut)


def _trace(content: bytes, name: str, to: TraceFormat) -> _Converted:
    traces = read_traces(content, name=name)
    is_cut = traces[-1].is_cut
    if to is TraceFormat.CSV:
        rows = sum(len(trace.entries) for trace in traces)
        return _Converted(content=traces_table(traces), rows=rows, rebuilt=False, cut=is_cut)
    packets = rebuild(traces, name=name)
    encode = encode_pcap if to is TraceFormat.PCAP else encode_btsnoop
    return _Converted(content=encode(packets), rows=len(packets), rebuilt=True, cut=is_cut)


def _say(converted: _Converted, out: Path, to: TraceFormat, *, as_json: bool) -> None:
    if as_json:
        fields = {
            "file": printable(out),
            "format": to.value,
            "rows": converted.rows,
            "rebuilt": converted.rebuilt,
            "cut": converted.cut,
        }
        click.echo(json.dumps({"type": "result", **fields}))
        return
    how = ", rebuilt from events; no data packets" if converted.rebuilt else ""
    cut = "; the end of what was read is cut off" if converted.cut else ""
    rows = "rows" if to is TraceFormat.CSV else "packets"
    said = f"Written: {printable(out)} ({converted.rows:,} {rows}{how}{cut})"
    click.echo(said, err=out == STANDARD_OUTPUT)
