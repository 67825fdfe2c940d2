"""The time line of a trace: few lines for what went well, one for everything that did not.

Objects that were sent one after the other are one line, with their speed, and so are probes. It
ends at whatever comes between them: a repetition, a refusal, a lost connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from firmline import events
from firmline.events import Event, UnitMode
from firmline.formats.trace import Trace
from firmline.links.hci_reasons import reason_in_words
from firmline.updater.telling.event_text import describe
from firmline.updater.telling.trace_words import refusal_in_words

TROUBLE = ("refused", "lost", "repeats", "goes on", "not seen", "starts", "damaged")
"""Labels of what went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line.

    Attributes:
        at_s: When, as the trace counts.
        label: One word or two.
        text: The rest.
    """

    at_s: float
    label: str
    text: str


def time_rows(trace: Trace) -> tuple[Row, ...]:
    """What the lines say."""
    drawn = _TimeLine()
    for event in trace.events:
        drawn.hear(event)
    drawn.close()
    return tuple(drawn.rows)


@dataclass(slots=True)
class _Run:
    """Data objects that were sent one after the other."""

    begin_s: float
    begin: int
    end_s: float
    end: int
    objects: int = 0


class _TimeLine:
    """Hears the events of a trace, and keeps the rows."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._run: _Run | None = None
        self._object_type = "command"
        self._size = 0
        self._asked_s = 0.0
        self._unanswered: events.RequestSent | None = None
        self._probes: list[float] = []
        self._search: events.Searching | None = None

    def hear(self, event: Event) -> None:
        """One event."""
        if self._search is not None and not isinstance(event, events.UnitSeen):
            self._not_seen(self._search, event.at_s)
        self._search = event if isinstance(event, events.Searching) else None
        self._follow(event)
        described = self._described(event)
        if described is not None:
            self._close_run()
            self.rows.append(Row(at_s=event.at_s, label=described[0], text=described[1]))

    def close(self) -> None:
        """There is nothing more."""
        self._close_run()

    def _not_seen(self, search: events.Searching, at_s: float) -> None:
        self._close_run()
        where = "" if search.expected_mode is None else f" as {search.expected_mode.value}"
        text = f"{search.address or 'the unit'}{where} for {at_s - search.at_s:.1f} s"
        self.rows.append(Row(at_s=at_s, label="not seen", text=text))

    def _follow(self, event: Event) -> None:
        """Keep what later lines need."""
        match event:
            case events.ImageStarted(size=size):
                self._object_type, self._size = "command", size
            case events.RequestSent():
                self._asked_s, self._unanswered = event.at_s, event
            case events.AnswerReceived():
                self._unanswered = None
            case events.ProbeRefused():
                self._probes.append(event.at_s)
            case events.ObjectCreated(object_type="data", offset=offset):
                self._object_type = "data"
                if self._run is None:
                    self._run = _Run(
                        begin_s=self._asked_s, begin=offset, end_s=event.at_s, end=offset
                    )
            case events.ObjectCreated(object_type=object_type):
                self._object_type = object_type
            case events.ObjectExecuted(object_type="data", offset=offset) if self._run is not None:
                self._run.objects += 1
                self._run.end_s, self._run.end = event.at_s, offset
            case _:
                pass

    def _close_run(self) -> None:
        self._close_probes()
        run, self._run = self._run, None
        if run is None or not run.objects:
            return
        seconds = run.end_s - run.begin_s
        rate = f", {(run.end - run.begin) / seconds / 1000:.1f} kB/s" if seconds > 0 else ""
        text = (
            f"{run.objects} {'object' if run.objects == 1 else 'objects'} to {run.end:,} of"
            f" {self._size:,} bytes in {seconds:.1f} s{rate}"
        )
        self.rows.append(Row(at_s=run.begin_s, label="sends", text=text))

    def _close_probes(self) -> None:
        probes, self._probes = self._probes, []
        if not probes:
            return
        many = f"{len(probes)} probes" if len(probes) > 1 else "1 probe"
        text = f"{many} in {probes[-1] - probes[0]:.1f} s, each refused as it has to be"
        self.rows.append(Row(at_s=probes[0], label="probed", text=text))

    def _described(self, event: Event) -> tuple[str, str] | None:
        match event:
            case events.UpdateStarted() | events.InspectionStarted() | events.TraceStarted():
                described = None  # stands above the time line
            case events.Refused():
                words = refusal_in_words(event, object_type=self._object_type)
                described = ("refused", f"{event.request}: {words}")
            case events.LinkLost(expected=True):
                why = reason_in_words(event.hci_reason)
                described = ("dropped", f"the connection by its restart: {why}")
            case events.LinkLost():
                described = ("lost", self._loss(event))
            case events.Connected(mode=UnitMode.APPLICATION) | events.SignalMeasured():
                described = _met(event)
            case events.ImageStarted():
                kind = event.kind.value.replace("_", " + ")
                text = f"{kind}: init packet {event.init_packet_size} bytes, image {event.size:,}"
                described = ("image", text)
            case events.ObjectExecuted(object_type="command"):
                waited = f"{event.at_s - self._asked_s:.2f} s"
                described = ("accepted", f"the init packet, {waited} after EXECUTE")
            case events.CrcChecked() if _is_damaged(event):
                described = ("damaged", _damage(event))
            case events.UpdateFinished() | events.InspectionFinished():
                described = _ended(event)
            case _:
                described = describe(event)
        return described

    def _loss(self, lost: events.LinkLost) -> str:
        """Why a connection went, and what the unit was to answer then."""
        text = f"the connection: {reason_in_words(lost.hci_reason)}"
        if self._unanswered is None:
            return text
        waited = f"{lost.at_s - self._unanswered.at_s:.1f} s"
        return f"{text}, {waited} after {self._unanswered.request}, which was not answered"


def _met(event: events.Connected | events.SignalMeasured) -> tuple[str, str]:
    """What only a trace tells of a connection."""
    match event:
        case events.Connected():
            return "connected", f"to its application, MTU {event.mtu}"
        case events.SignalMeasured():
            return "hears", f"the unit at {event.rssi_dbm} dBm"
        case _:
            assert_never(event)


def _is_damaged(checked: events.CrcChecked) -> bool:
    return (checked.offset, checked.crc) != (checked.expected_offset, checked.expected_crc)


def _damage(checked: events.CrcChecked) -> str:
    missing = checked.expected_offset - checked.offset
    if missing:
        return f"{missing:,} of the bytes up to {checked.expected_offset:,} did not arrive"
    return f"the bytes up to {checked.offset:,} arrived with another CRC"


def _ended(event: events.UpdateFinished | events.InspectionFinished) -> tuple[str, str]:
    code = f" [{event.code}]" if event.code else ""
    label = "read" if not event.code else "failed"
    if isinstance(event, events.UpdateFinished):
        label = event.outcome.value
    return label, f"{event.message}{code}"
