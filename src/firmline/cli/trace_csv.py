"""Traces and captures as tables: comma-separated values for spreadsheets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from firmline.cli.csv_text import csv_table, text_cell
from firmline.events import Event
from firmline.formats.event_json import event_to_json, event_type
from firmline.formats.hci_capture import CapturedPacket
from firmline.formats.trace import Entry, Trace
from firmline.protocol.traces.phases import PhaseTracker
from firmline.updater.telling.event_text import describe

TRACE_COLUMNS: Final = ("trace", "utc", "seconds", "phase", "type", "text", "fields")
PACKET_COLUMNS: Final = ("number", "utc", "seconds", "direction", "packet", "size", "data")
PACKETS: Final = {1: "command", 2: "acl", 3: "sco", 4: "event", 5: "iso"}
"""Types in front of a packet (Core spec, Vol 4, Part A, 2)."""


def traces_table(traces: Sequence[Trace]) -> bytes:
    """One row for each event, with the phase that it leads into."""
    return csv_table(
        TRACE_COLUMNS,
        (row for number, trace in enumerate(traces, 1) for row in _trace_rows(number, trace)),
    )


def _trace_rows(number: int, trace: Trace) -> Iterable[tuple[object, ...]]:
    begin_s = next((entry.at_s for entry in trace.entries if entry.at_s is not None), 0.0)
    tracker = PhaseTracker()
    for entry in trace.entries:
        if isinstance(entry, Event):
            tracker.hear(entry)
        time = None if entry.at_s is None else trace.time_of(entry.at_s)
        yield (
            number,
            "" if time is None else _utc(time),
            "" if entry.at_s is None else f"{entry.at_s - begin_s:.6f}",
            "" if tracker.phase is None else tracker.phase.value,
            *_told(entry),
        )


def _told(entry: Entry) -> tuple[str, str, str]:
    """Type, words, and the fields as JSON."""
    if not isinstance(entry, Event):
        return text_cell(entry.type), "", json.dumps(entry.fields)
    words = describe(entry)
    text = "" if words is None else f"{words[0]}: {words[1]}"
    return event_type(entry), text_cell(text), json.dumps(event_to_json(entry))


def packets_table(packets: Sequence[CapturedPacket]) -> bytes:
    """One row for each packet of a controller; ``seconds`` since the first."""
    begin_us = packets[0].time_us if packets else 0
    return csv_table(
        PACKET_COLUMNS,
        (
            (
                number,
                _utc_of_us(packet.time_us),
                f"{(packet.time_us - begin_us) / 1_000_000:.6f}",
                "from controller" if packet.from_controller else "to controller",
                PACKETS.get(packet.data[0], "unknown") if packet.data else "empty",
                packet.size,
                packet.data.hex(),
            )
            for number, packet in enumerate(packets, 1)
        ),
    )


def _utc_of_us(time_us: int) -> str:
    try:
        return _utc(datetime.fromtimestamp(time_us / 1_000_000, UTC))
    except (ValueError, OverflowError, OSError):
        return ""


def _utc(time: datetime) -> str:
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")
