"""Traces and captures: whole, cut, glued together, of other versions, and such as nobody wrote."""

from __future__ import annotations

import contextlib
import json
import random
import struct

from firmline.cli.style import printable
from firmline.cli.trace_csv import packets_table, traces_table
from firmline.cli.trace_show import fields_of
from firmline.cli.trace_text import header_lines, last_lines, phase_lines, trace_fields
from firmline.cli.trace_timeline import time_line
from firmline.errors import InputError
from firmline.events import Event, stamp
from firmline.formats.hci_capture import (
    Capture,
    CapturedPacket,
    encode_btsnoop,
    encode_pcap,
    read_btsnoop,
)
from firmline.formats.trace import Entry, Trace, encode_event, read_traces
from firmline.protocol.traces.rebuild import rebuild
from firmline.protocol.traces.summary import summarize
from firmline.updater.telling.event_text import full_line
from fuzz.damage import damaged
from fuzz.files import Target
from unit.cli.event_samples import SAMPLES

_TIMES = (0.0, -1.0, 1e-9, 3.5, 100.0, 1e12, -1e12)
_VALUES = (
    *("null", "true", "[]", "{}", '""', '"\\ud800"', '"\\u001b[2J"', '"=1"', '"/dev/x?pin=1"'),
    *("-1", "1e400", "NaN", "9" * 5000, "1e12", "1e13", "[" * 3000, '"' + "6" * 3000 + '"'),
)
_LINES = (
    *("", "{}", "[]", "null", '{"type": "of_tomorrow"}', '{"type": "result", "bytes": 1}'),
    *('{"type": "\\u001b[2J", "at_s": 1e300}', '{"type": "x", "at_s": true, "y": [{}]}', "\0\0"),
    *('{"type": "trace_started", "trace_format": 7}', '{"type": "packets_sent", "at_s": 1}'),
)


def _draw(rng: random.Random) -> bytes:
    lines = [_line(rng) for _ in range(rng.choice([1, 2, 5, 20, 30]))]
    if rng.random() < 0.7:
        lines.insert(0, encode_event(SAMPLES[0]))
    if rng.random() < 0.2:
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(_LINES) + "\n")
    if rng.random() < 0.2:
        at = rng.randrange(len(lines))
        lines[at] = _with_value(rng, lines[at])
    content = "".join(lines).encode("utf-8", "surrogatepass")
    match rng.randrange(8):
        case 0:
            return content[: rng.randrange(len(content) + 1)] + bytes(rng.choice([0, 0, 1, 600]))
        case 1:
            return content[: rng.randrange(len(content) + 1)] + content
        case 2:
            return content.replace(b"\n", rng.choice([b"\r\n", b"\n\n", b"\r", b" \n"]))
        case 3:
            return damaged(rng, [content])
        case 4:
            return rng.choice([b"\xef\xbb\xbf", b"\xff\xfe", b" ", b"\n"]) + content
    return content


def _line(rng: random.Random) -> str:
    return encode_event(stamp(rng.choice(SAMPLES), rng.choice(_TIMES)))


def _with_value(rng: random.Random, line: str) -> str:
    """The line with another value for one of its fields, or with a field less or more."""
    fields = json.loads(line) if line.startswith("{") else {}
    if not isinstance(fields, dict) or not fields:
        return line
    name = rng.choice([*fields])
    match rng.randrange(3):
        case 0:
            del fields[name]
            return json.dumps(fields) + "\n"
        case 1:
            fields["of_tomorrow"] = rng.random()
            return json.dumps(fields) + "\n"
    fields[name] = "@value@"
    return json.dumps(fields).replace('"@value@"', rng.choice(_VALUES)) + "\n"


def _check(_content: bytes, traces: tuple[Trace, ...]) -> None:
    for trace in traces:
        assert trace.entries
        _check_that_it_is_shown(trace)
        _check_that_it_is_kept(trace)
    assert traces_table(traces).count(b"\n") > len(traces)
    with contextlib.suppress(InputError):
        packets = rebuild(traces, name="t")
        assert read_btsnoop(encode_btsnoop(packets), name="t").packets == packets
        assert encode_pcap(packets)


def _check_that_it_is_shown(trace: Trace) -> None:
    summary = summarize(trace)
    assert sum(time.seconds for time in summary.phases) >= 0
    json.dumps(trace_fields(trace, summary), allow_nan=False)
    lines = [*header_lines(trace, summary), *time_line(trace, 0.0), *phase_lines(summary)]
    lines += last_lines(trace, summary, _full)
    for line in lines:
        plain = line.replace("\x1b[", "")  # our own colours
        assert printable(plain) == plain


def _full(entry: Entry) -> str:
    return full_line(fields_of(entry), at_s=entry.at_s)


def _check_that_it_is_kept(trace: Trace) -> None:
    """What was written once is read and written as it is: secrets went the first time."""
    told = [entry for entry in trace.entries if isinstance(entry, Event)]
    if not told:
        return
    written = "".join(map(encode_event, told))
    again = read_traces(written.encode(), name="again")
    assert "".join(encode_event(e) for found in again for e in found.events) == written


def _draw_capture(rng: random.Random) -> bytes:
    packets = [
        CapturedPacket(
            time_us=rng.choice([0, 1_772_368_200_000_000, -(2**61), 2**61]),
            from_controller=rng.random() < 0.5,
            data=data,
            size=len(data) + rng.choice([0, 0, 0, 300]),
        )
        for data in (rng.randbytes(rng.choice([0, 1, 7, 251])) for _ in range(rng.randrange(9)))
    ]
    content = encode_btsnoop(packets)
    match rng.randrange(6):
        case 0:
            return content[: rng.randrange(len(content) + 1)]
        case 1:
            return damaged(rng, [content])
        case 2:
            at = 16 + 24 * rng.randrange(3)
            number = rng.choice([0, 1, 70_000, 70_001, 2**31, 2**32 - 1])
            return content[:at] + struct.pack(">I", number) + content[at + 4 :]
        case 3:
            link = rng.choice([0, 1001, 1002, 1003, 2001])
            return content[:8] + struct.pack(">II", rng.choice([1, 1, 2]), link) + content[16:]
    return content


def _check_capture(_content: bytes, capture: Capture) -> None:
    assert packets_table(capture.packets).count(b"\n") == len(capture.packets) + 1
    assert encode_pcap(capture.packets)
    again = read_btsnoop(encode_btsnoop(capture.packets), name="again")
    assert again.packets == capture.packets


TRACE = Target(
    name="trace",
    draw=_draw,
    read=lambda content: read_traces(content, name="t.jsonl"),
    check=_check,
)
CAPTURE = Target(
    name="btsnoop",
    draw=_draw_capture,
    read=lambda content: read_btsnoop(content, name="t.btsnoop"),
    check=_check_capture,
)
