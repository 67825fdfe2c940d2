"""What the pages read of the records; everything here is called in threads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from firmline.diagnosis.catalogue import catalogue
from firmline.diagnosis.diagnostic_tests import diagnostic_tests
from firmline.errors import Code, FirmlineError, InputError
from firmline.formats.trace import Trace, read_traces
from firmline.line.doubts import doubts_about
from firmline.line.records.attachments import AttachmentStore
from firmline.line.records.base import Attempt, Records, RunFilter, UnitHistory, name_of
from firmline.line.records.values import Attachment, Diagnosis, Phase
from firmline.line.reporting import LineReport, line_report
from firmline.line.statistics.grouping import By
from firmline.updater.telling.time_line import TROUBLE, time_rows

MOST_TRACES: Final = 20
"""Time lines on the page of a unit; ours."""
MOST_ROWS: Final = 400
"""Lines of a time line; ours."""
CAUSES: Final = 3
"""Causes of a diagnosis that are named; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationRow:
    """A station in the list.

    Attributes:
        name: Its name.
        runs: How many runs it has ended.
        newest: When it last began or ended one; ``None``: never.
        open_runs: Runs that were begun there and have no end: at work, or left.
    """

    name: str
    runs: int
    newest: datetime | None
    open_runs: int


def stations(records: Records) -> tuple[StationRow, ...]:
    """Every station that the records know."""
    runs: Counter[str] = Counter()
    for count in records.ends():
        runs[count.cell.station] += count.runs
    begun = Counter(row.key.station for row in records.half_done())
    return tuple(
        StationRow(
            name=name,
            runs=runs[name],
            newest=records.newest_time(name),
            open_runs=begun[name],
        )
        for name in sorted({*runs, *begun})
    )


def report_or_none(
    records: Records, wanted: RunFilter, by: By | None, where: str
) -> LineReport | None:
    """The report; ``None``: there is no run that was asked for."""
    try:
        return line_report(records, wanted, by=by, where=where)
    except InputError as error:
        if error.code is Code.NO_RUNS:
            return None
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRow:
    """A line of a time line.

    Attributes:
        at: Seconds from its beginning.
        label: A word or two.
        text: The rest.
        is_trouble: Whether something went wrong there.
    """

    at: str
    label: str
    text: str
    is_trouble: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldTrace:
    """A trace that was kept.

    Attributes:
        attachment: Which.
        rows: Its time line.
        problem: Why there is none; empty: there is.
    """

    attachment: Attachment
    rows: tuple[TraceRow, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPhase:
    """A step, with the traces that it has left."""

    phase: Phase
    traces: tuple[ToldTrace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldDiagnosis:
    """Why a run failed, in words.

    Attributes:
        causes: The likeliest, each with how likely it is.
        test: The test to do next; empty: none.
    """

    causes: tuple[tuple[str, float], ...]
    test: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldAttempt:
    """An attempt, with everything that is known of it."""

    attempt: Attempt
    phases: tuple[ToldPhase, ...]
    diagnosis: ToldDiagnosis | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldUnit:
    """A unit, with all its attempts, the newest first, and what speaks against its being one."""

    history: UnitHistory
    attempts: tuple[ToldAttempt, ...]
    doubts: tuple[str, ...]


def units(
    records: Records, attachments: AttachmentStore | None, serial: str
) -> tuple[ToldUnit, ...]:
    """The units with a serial number: mostly one, or none.

    Args:
        records: Where they are.
        attachments: Where their traces are; ``None``: not here.
        serial: The serial number.
    """
    return tuple(
        ToldUnit(
            history=history,
            attempts=_attempts(records, attachments, history.attempts),
            doubts=doubts_about(history),
        )
        for history in records.history(serial)
    )


def _attempts(
    records: Records, attachments: AttachmentStore | None, attempts: Sequence[Attempt]
) -> tuple[ToldAttempt, ...]:
    names = [attempt.name for attempt in attempts]
    phases = records.phases(*names)
    diagnoses = {name_of(row): row.entry for row in records.diagnoses(*names)}
    reader = _Traces(attachments)
    return tuple(
        ToldAttempt(
            attempt=attempt,
            phases=tuple(
                ToldPhase(phase=row.entry, traces=reader.told(row.entry))
                for row in phases
                if name_of(row) == attempt.name
            ),
            diagnosis=_diagnosis(diagnoses.get(attempt.name)),
        )
        for attempt in reversed(attempts)
    )


def _diagnosis(found: Diagnosis | None) -> ToldDiagnosis | None:
    if found is None:
        return None
    known, tests = catalogue(), diagnostic_tests()
    return ToldDiagnosis(
        causes=tuple(
            (known[each.cause].title if each.cause in known else each.cause, each.probability)
            for each in found.causes[:CAUSES]
        ),
        test=tests[found.next_test].title if found.next_test in tests else found.next_test,
    )


class _Traces:
    """Reads traces, the newest attempts' first, and not too many."""

    def __init__(self, attachments: AttachmentStore | None) -> None:
        self._attachments = attachments
        self._left = MOST_TRACES

    def told(self, phase: Phase) -> tuple[ToldTrace, ...]:
        """The time lines of a step."""
        traces = [each for each in phase.attachments if each.name.endswith(".jsonl")]
        return tuple(map(self._told, traces))

    def _told(self, attachment: Attachment) -> ToldTrace:
        if self._attachments is None:
            return ToldTrace(
                attachment=attachment,
                problem="The trace is kept at the station that made it, not here.",
            )
        if self._left <= 0:
            return ToldTrace(attachment=attachment, problem="Too many to be shown on one page.")
        self._left -= 1
        try:
            content = self._attachments.read(attachment.sha256)
            rows = [row for trace in read_traces(content, name="") for row in _rows(trace)]
        except FirmlineError as error:
            return ToldTrace(attachment=attachment, problem=error.message)
        return ToldTrace(attachment=attachment, rows=tuple(rows[:MOST_ROWS]))


def _rows(trace: Trace) -> list[TraceRow]:
    return [
        TraceRow(
            at=f"{row.at_s - trace.begin_s:.3f}",
            label=row.label,
            text=row.text,
            is_trouble=row.label in TROUBLE,
        )
        for row in time_rows(trace)
    ]
