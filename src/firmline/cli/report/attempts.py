"""The attempts of a failure as their traces tell them: how each ended, and what happened when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from firmline import events
from firmline.cli.report.cleaning import MAX_SENTENCE, clean
from firmline.cli.trace_text import PHASES
from firmline.errors import uri_without_secrets
from firmline.formats.trace import Trace
from firmline.protocol.traces.phases import TRANSFER, Phase, PhaseSpan, phase_spans
from firmline.protocol.traces.summary import TraceSummary, summarize
from firmline.updater.telling.time_line import TROUBLE, time_rows

MAX_ROWS: Final = 80
"""Lines of a time line that are shown, from its beginning and its end; ours: two printed pages."""
MAX_EXCHANGES: Final = 16
"""Requests before the end that are shown with their bytes; ours."""
MAX_BYTES: Final = 24
"""Bytes of a request or an answer that are shown: the longest answer of a bootloader has 15."""
MAX_DETAILED: Final = 6
"""Attempts whose phases and time lines are told; ours."""
MAX_ATTEMPTS: Final = 50
"""Attempts that are listed; ours."""
SENDING: Final = "sending the image"
"""What the phases are called together in which an image is sent: they change too often to draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the time line.

    Attributes:
        at_s: Seconds from the beginning of the attempt.
        utc: The same by the clock; empty: the trace does not tell.
        label: One word or two.
        text: The rest.
        is_trouble: Whether something went wrong there.
    """

    at_s: float
    utc: str
    label: str
    text: str
    is_trouble: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Time in which one thing was waited for; seconds from the beginning of the attempt."""

    what: str
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request, and what the unit answered.

    Attributes:
        at_s: When it was sent, seconds from the beginning of the attempt.
        request: Its name.
        sent: Its bytes, hexadecimal.
        answered: The bytes of the answer; empty: there was none.
        after_s: How long that took; ``None``: there was none.
    """

    at_s: float
    request: str
    sent: str
    answered: str
    after_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt.

    Attributes:
        number: Which of those in the file, from 1.
        is_explained: Whether it is the one that the ranking explains.
        kind: ``update`` or ``inspection``.
        began: By the clock, UTC; empty: the trace does not tell.
        seconds: From beginning to end, or to the last that is there.
        ended: One word.
        code: The error code; may be empty.
        message: How it ended, in a sentence; of a trace without an end, that it has none.
        executed: Firmware bytes that the unit executed.
        phases: What was waited for, one after the other; empty where it is only listed.
        rows: The time line; likewise.
        rows_left_out: Lines in the middle of it that are left out.
        exchanges: The last requests before the end; likewise.
        is_cut: Whether the last line of the trace is cut off.
        unknown_events: Lines of it that this version does not know.
    """

    number: int
    is_explained: bool
    kind: str
    began: str
    seconds: float
    ended: str
    code: str
    message: str
    executed: int
    phases: tuple[Stretch, ...] = ()
    rows: tuple[Row, ...] = ()
    rows_left_out: int = 0
    exchanges: tuple[Exchange, ...] = ()
    is_cut: bool = False
    unknown_events: int = 0


NO_END: Final = "The trace has no end: what wrote it was stopped, or the end is missing."


def of_the_same_unit(traces: Sequence[Trace], explained: Trace) -> tuple[Trace, ...]:
    """Those of one unit, as far as they say of which they are; the others tell nothing of it."""
    unit = _unit_of(explained)
    return tuple(each for each in traces if not unit or _unit_of(each) in ("", unit))


def _unit_of(trace: Trace) -> str:
    kinds = events.UpdateStarted | events.InspectionStarted
    named = (event.unit for event in trace.entries if isinstance(event, kinds))
    return next(named, "").partition("?")[0]


def name_of_unit(trace: Trace) -> str:
    """What the user called it, cleaned; empty: the trace does not tell."""
    return clean(uri_without_secrets(_unit_of(trace)))


def attempts_of(traces: Sequence[Trace], explained: Trace) -> tuple[Attempt, ...]:
    """The last attempts; the explained one and those nearest to the end with their time lines."""
    numbered = list(enumerate(traces, 1))
    kept = [each for each in numbered if each[1] is explained]
    others = [each for each in numbered if each[1] is not explained]
    kept += others[-(MAX_ATTEMPTS - 1) :]
    detailed = {kept[0][0], *(number for number, _ in others[-(MAX_DETAILED - 1) :])}
    return tuple(
        _attempt(trace, number, is_explained=trace is explained, with_details=number in detailed)
        for number, trace in sorted(kept, key=lambda each: each[0])
    )


def _attempt(trace: Trace, number: int, *, is_explained: bool, with_details: bool) -> Attempt:
    summary = summarize(trace)
    rows = tuple(_rows(trace)) if with_details else ()
    shown = rows if len(rows) <= MAX_ROWS else (*rows[: MAX_ROWS // 2], *rows[-MAX_ROWS // 2 :])
    return Attempt(
        number=number,
        is_explained=is_explained,
        kind=summary.kind.value,
        began=_clock(trace.time_of(trace.begin_s), "seconds"),
        seconds=round(summary.duration_s, 3),
        ended=_ended(summary),
        code=clean(summary.code),
        message=clean(summary.message, MAX_SENTENCE) or NO_END,
        executed=summary.executed,
        phases=_stretches(phase_spans(trace.entries), trace.begin_s) if with_details else (),
        rows=shown,
        rows_left_out=len(rows) - len(shown),
        exchanges=_exchanges(trace) if with_details else (),
        is_cut=trace.is_cut,
        unknown_events=summary.unknown,
    )


def _ended(summary: TraceSummary) -> str:
    if not summary.message:
        return "no end"
    if summary.outcome is None:
        return "failed" if summary.code else "read"
    return summary.outcome.value


def _rows(trace: Trace) -> Iterator[Row]:
    for row in time_rows(trace):
        yield Row(
            at_s=round(row.at_s - trace.begin_s, 3),
            utc=_clock(trace.time_of(row.at_s), "milliseconds"),
            label=row.label,
            text=clean(row.text, MAX_SENTENCE),
            is_trouble=row.label in TROUBLE,
        )


def _clock(time: datetime | None, precision: str) -> str:
    return "" if time is None else time.isoformat(sep=" ", timespec=precision)[: -len("+00:00")]


def _stretches(spans: Iterable[PhaseSpan], begin_s: float) -> tuple[Stretch, ...]:
    """The spans, of which those that follow one another and are called the same are one."""
    found: list[Stretch] = []
    for span in spans:
        what = SENDING if span.phase in _SENT else PHASES[span.phase]
        begin, end = span.begin_s - begin_s, span.end_s - begin_s
        if found and found[-1].what == what:
            begin = found.pop().begin_s
        found.append(Stretch(what=what, begin_s=round(begin, 6), end_s=round(end, 6)))
    return tuple(found)


_SENT: Final = tuple(each for each in TRANSFER if each is not Phase.INIT_PACKET)


def _exchanges(trace: Trace) -> tuple[Exchange, ...]:
    """The last requests, each with the first answer behind it."""
    found: list[tuple[events.RequestSent, events.AnswerReceived | None]] = []
    for event in trace.entries:
        match event:
            case events.RequestSent():
                found.append((event, None))
            case events.AnswerReceived() if found and found[-1][1] is None:
                found[-1] = (found[-1][0], event)
            case _:
                pass
    return tuple(
        Exchange(
            at_s=round(sent.at_s - trace.begin_s, 3),
            request=clean(sent.request),
            sent=_hex(sent.data),
            answered="" if answer is None else _hex(answer.data),
            after_s=None if answer is None else round(answer.at_s - sent.at_s, 3),
        )
        for sent, answer in found[-MAX_EXCHANGES:]
    )


def _hex(data: bytes) -> str:
    more = f" ... ({len(data)} bytes)" if len(data) > MAX_BYTES else ""
    return data[:MAX_BYTES].hex(" ").upper() + more
