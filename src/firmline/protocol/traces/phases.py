"""Where the time of an update or an inspection went: every moment belongs to one phase.

The time between two events belongs to the phase that the first of them leads into, so the phases of
a trace add up to its length. Events that are not known change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmline import events
from firmline.events import UnitMode
from firmline.formats.trace import Entry, UnknownEvent
from firmline.protocol.codes import ObjectType, Opcode


class Phase(StrEnum):
    """What is waited for."""

    SEARCH = "search"
    CONNECT = "connect"
    APPLICATION = "application"
    RESTART = "restart"
    BOOTLOADER = "bootloader"
    PROBES = "probes"
    INIT_PACKET = "init_packet"
    CREATE = "create"
    DATA = "data"
    CRC = "crc"
    EXECUTE = "execute"
    RECOVER = "recover"
    ACTIVATE = "activate"


TRANSFER: Final = (Phase.INIT_PACKET, Phase.CREATE, Phase.DATA, Phase.CRC, Phase.EXECUTE)
"""The phases in which an image is sent."""
CREATE_DATA: Final = bytes([Opcode.OBJECT_CREATE, ObjectType.DATA])
"""How the request begins that creates a data object (bootloader spec, section 2.1)."""
RESTARTS: Final = ("abort", *events.BUTTONLESS_REQUESTS)
"""Requests that have the unit restart, or say how."""
_REQUESTS: Final = {
    "object_create": Phase.CREATE,
    "crc_get": Phase.CRC,
    "object_execute": Phase.EXECUTE,
    **dict.fromkeys(RESTARTS, Phase.RESTART),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseTime:
    """What one phase took.

    Attributes:
        phase: Which.
        seconds: In all.
        longest_s: The longest time without any event in it.
        times: How often it was entered.
    """

    phase: Phase
    seconds: float
    longest_s: float
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSpan:
    """A stretch of time in one phase; both times as the trace counts them."""

    phase: Phase
    begin_s: float
    end_s: float


class PhaseTracker:
    """Follows the events of one trace.

    Attributes:
        phase: The present one; ``None`` before the first event.
    """

    def __init__(self) -> None:
        self.phase: Phase | None = None
        self._probes = False

    def hear(self, event: events.Event) -> Phase:
        """One event; the phase that it leads into."""
        # What creates objects in an inspection are probes, in an update images.
        self._probes |= isinstance(event, events.InspectionStarted)
        self.phase = _next_phase(self.phase or Phase.SEARCH, event, probes=self._probes)
        return self.phase


def _next_phase(phase: Phase, event: events.Event, *, probes: bool) -> Phase:
    """The phase that an event leads into from another."""
    match event:
        case events.RequestSent() if probes:
            following = _probed(phase, event)
        case events.RequestSent():
            following = _asked(phase, event)
        case events.PortOpened():
            following = Phase.SEARCH
        case events.Searching():
            following = phase if phase in (Phase.RESTART, Phase.ACTIVATE) else Phase.SEARCH
        case events.ImageStarted():
            following = Phase.INIT_PACKET
        case events.ImageSent():
            following = Phase.ACTIVATE
        case _:
            following = _arrived(phase, event)
    return following


def _arrived(phase: Phase, event: events.Event) -> Phase:
    """The phase after something was seen or heard."""
    match event:
        case events.UnitSeen():
            return Phase.CONNECT
        case events.Connected(mode=UnitMode.APPLICATION):
            return Phase.APPLICATION
        case events.Connected() | events.BootloaderAnswered():
            return Phase.BOOTLOADER
        case events.ObjectCreated(object_type="data") | events.Resumed(object_type="data"):
            return Phase.DATA
        case events.ProbeRefused():
            return Phase.PROBES
        case _:
            return phase


def _asked(phase: Phase, sent: events.RequestSent) -> Phase:
    """The phase in which the answer to a request is waited for."""
    creates_data = sent.data.startswith(CREATE_DATA)
    if sent.request == "ping":
        is_at_rest = phase in (Phase.SEARCH, Phase.ACTIVATE, Phase.BOOTLOADER)
        return phase if is_at_rest else Phase.RECOVER
    if phase is Phase.INIT_PACKET and not creates_data:
        return phase
    if sent.request == "object_create" and not creates_data:
        return Phase.INIT_PACKET
    return _REQUESTS.get(sent.request, phase if phase in TRANSFER else Phase.BOOTLOADER)


def _probed(phase: Phase, sent: events.RequestSent) -> Phase:
    """The phase after a request of an inspection."""
    if sent.request in RESTARTS:
        return Phase.RESTART
    if sent.request == "object_create" or phase is Phase.PROBES:
        return Phase.PROBES
    return Phase.BOOTLOADER


def phase_spans(entries: Iterable[Entry]) -> tuple[PhaseSpan, ...]:
    """When each phase began and ended, one after the other; a phase may come again.

    A clock that was set back between two events counts as no time.
    """
    spans: list[PhaseSpan] = []
    tracker = PhaseTracker()
    last_s: float | None = None
    for entry in entries:
        at_s, phase = entry.at_s, tracker.phase
        if at_s is not None:
            if last_s is not None and phase is not None and at_s > last_s:
                _lengthen(spans, PhaseSpan(phase=phase, begin_s=last_s, end_s=at_s))
            last_s = at_s
        if not isinstance(entry, UnknownEvent):
            tracker.hear(entry)
    return tuple(spans)


def _lengthen(spans: list[PhaseSpan], more: PhaseSpan) -> None:
    """Add a span, or lengthen the last one that it continues."""
    if spans and spans[-1].phase is more.phase and spans[-1].end_s == more.begin_s:
        begin_s = spans.pop().begin_s
        more = PhaseSpan(phase=more.phase, begin_s=begin_s, end_s=more.end_s)
    spans.append(more)


def phase_times(entries: Iterable[Entry]) -> tuple[PhaseTime, ...]:
    """What each phase took, in the order in which they were entered first.

    A clock that was set back between two events counts as no time.
    """
    seconds: dict[Phase, float] = {}
    longest: dict[Phase, float] = {}
    times: dict[Phase, int] = {}
    tracker = PhaseTracker()
    last_s: float | None = None
    for entry in entries:
        at_s, phase = entry.at_s, tracker.phase
        if at_s is not None and last_s is not None and phase is not None:
            gap_s = max(0.0, at_s - last_s)
            seconds[phase] = seconds.get(phase, 0.0) + gap_s
            longest[phase] = max(longest.get(phase, 0.0), gap_s)
        last_s = at_s if at_s is not None else last_s
        if not isinstance(entry, UnknownEvent):
            following = tracker.hear(entry)
            if following is not phase:
                times[following] = times.get(following, 0) + 1
    return tuple(
        PhaseTime(phase=phase, seconds=total_s, longest_s=longest[phase], times=times.get(phase, 0))
        for phase, total_s in seconds.items()
        if total_s > 0
    )
