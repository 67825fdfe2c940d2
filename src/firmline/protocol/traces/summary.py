"""What a trace comes to: what was sent, what went wrong, how long it took.

What the last event says of the whole is taken from it. Of a trace without an end the same is
counted from what is there, so that nothing is lost with it. What was held and what was sent is
always counted: the last event of an older firmline does not tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from firmline import events
from firmline.events import Outcome
from firmline.formats.sent_bytes import SentBytes
from firmline.formats.trace import Trace
from firmline.protocol.traces.phases import TRANSFER, PhaseTime, phase_times


class TraceKind(StrEnum):
    """What a trace is of."""

    UPDATE = "update"
    INSPECTION = "inspection"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSummary:
    """What a trace comes to.

    Attributes:
        kind: What it is of.
        update: What was to be sent; ``None``: it does not tell.
        inspection: What was to be read; likewise.
        outcome: How an update ended; ``None``: it is none, or has no end.
        code: The error code it ended with; empty: none.
        message: One sentence; empty: it has no end.
        size: Firmware bytes that the unit accepted.
        held: Firmware bytes that it had of the images from an earlier update.
        sent: Firmware bytes that were sent; what was sent again counts again.
        executed: Firmware bytes that the unit executed, also of an image that it has not whole.
        duration_s: From start to end, or to the last event.
        transfer_s: The part of it in which images were sent.
        phases: Where the time went.
        objects: Data objects that were executed.
        repeats: Objects that were created again.
        refusals: What the unit said no to.
        losses: Connections that were lost.
        unknown: How many events are not known to this version.
    """

    kind: TraceKind
    update: events.UpdateStarted | None
    inspection: events.InspectionStarted | None
    outcome: Outcome | None
    code: str
    message: str
    size: int
    held: int
    sent: int
    executed: int
    duration_s: float
    transfer_s: float
    phases: tuple[PhaseTime, ...]
    objects: int
    repeats: int
    refusals: tuple[events.Refused, ...]
    losses: tuple[events.LinkLost, ...]
    unknown: int


def summarize(trace: Trace) -> TraceSummary:
    """What a trace comes to."""
    heard = trace.events
    update = next((e for e in heard if isinstance(e, events.UpdateStarted)), None)
    inspection = next((e for e in heard if isinstance(e, events.InspectionStarted)), None)
    finished = trace.finished
    phases = phase_times(trace.entries)
    executed = [e for e in heard if isinstance(e, events.ObjectExecuted)]
    of_update = finished if isinstance(finished, events.UpdateFinished) else None
    counted = SentBytes()
    for event in heard:
        counted.hear(event)
    counted_s = sum(time.seconds for time in phases)
    sending_s = sum(time.seconds for time in phases if time.phase in TRANSFER)
    return TraceSummary(
        kind=_kind(update, inspection),
        update=update,
        inspection=inspection,
        outcome=None if of_update is None else of_update.outcome,
        code="" if finished is None else finished.code,
        message="" if finished is None else finished.message,
        size=_sent_size(heard) if of_update is None else of_update.size,
        held=counted.held,
        sent=counted.sent,
        executed=_executed_size(heard),
        duration_s=counted_s if finished is None else finished.duration_s,
        transfer_s=sending_s if of_update is None else of_update.transfer_s,
        phases=phases,
        objects=sum(event.object_type == "data" for event in executed),
        repeats=sum(isinstance(event, events.ObjectRepeated) for event in heard),
        refusals=tuple(event for event in heard if isinstance(event, events.Refused)),
        losses=tuple(event for event in heard if isinstance(event, events.LinkLost)),
        unknown=len(trace.entries) - len(heard),
    )


def _kind(
    update: events.UpdateStarted | None, inspection: events.InspectionStarted | None
) -> TraceKind:
    if update is not None:
        return TraceKind.UPDATE
    return TraceKind.UNKNOWN if inspection is None else TraceKind.INSPECTION


def _sent_size(heard: tuple[events.Event, ...]) -> int:
    return sum(event.size for event in heard if isinstance(event, events.ImageSent))


def _executed_size(heard: tuple[events.Event, ...]) -> int:
    """Bytes of all images that were executed; of each the last that is told counts."""
    done: dict[int, int] = {}
    index = 0
    for event in heard:
        match event:
            case events.ImageStarted():
                index = event.index
            case events.ObjectExecuted(object_type="data", offset=offset):
                done[index] = offset
            case _:
                pass
    return sum(done.values())
