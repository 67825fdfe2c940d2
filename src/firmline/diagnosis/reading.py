"""What a file is that tells of a failure, and the evidence in it."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.logs.lines import encoding_of, without_halves
from firmline.diagnosis.report_input import done_tests_of, incident_of, load_json
from firmline.errors import Code, InputError, shortened

if TYPE_CHECKING:
    from firmline.formats.trace import Trace

RUNS: Final = b'{"type": "experiment"'
"""How the file of an experiment's runs begins (``--log``)."""

A_TEXT: Final = "It reads like a text that somebody has written, not like a log."

EVENT: Final = b'\n{"type": "'
"""How a line of a trace begins."""
REPORT: Final = b'"evidence"'
"""What stands in every report, and in no trace: there a quote in a text is escaped."""
FRONT: Final = 64 * 1024
"""Bytes at the front in which such a line stands, if those before it are damaged; ours."""


class Kind(StrEnum):
    """What tells of a failure."""

    TRACE = "trace"
    """Of firmline's, one or several."""
    LOG = "log"
    """Of another tool."""
    REPORT = "report"
    """JSON, as somebody or a program has written it down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What was read.

    Attributes:
        kind: What it is.
        incident: The evidence in it.
        traces: Those that it holds, the oldest first; none of a log or a report.
        done: Slugs of the tests that were done by then, where ``firmline diagnose --json`` says so.
    """

    kind: Kind
    incident: Incident
    traces: tuple[Trace, ...] = ()
    done: tuple[str, ...] = ()


def read_incident(content: bytes, *, name: str) -> Incident:
    """The evidence of a report, of traces of firmline's, or of another tool's log.

    Args:
        content: Of the file.
        name: Of the file, for messages.

    Raises:
        InputError: As :func:`read_source`.
    """
    return read_source(content, name=name).incident


def read_source(content: bytes, *, name: str) -> Source:
    """What a file is that tells of a failure, and what it tells.

    Args:
        content: Of the file.
        name: Of the file, for messages.

    Raises:
        InputError: ``REPORT_MALFORMED``: it is no text, a log in which nothing is known, or JSON
            that is neither;
            ``TRACE_MALFORMED``: a trace is damaged.
    """
    content = _in_utf_8(content)
    if content.startswith(RUNS):
        raise InputError(
            Code.REPORT_MALFORMED,
            f"{name} holds the runs of an experiment, and tells of no failure by itself.",
            hint="Give one of the traces that were kept beside it; or run the same command again"
            " with --evidence FILE, which runs nothing that was run already, and give that file.",
        )
    try:
        document = load_json(content)
    except RecursionError:
        raise _neither(name) from None
    except ValueError as problem:  # no single document; a trace is one a line
        try:
            return _of_trace(content, name)
        except InputError:
            if REPORT not in content:
                raise
        raise InputError(
            Code.REPORT_MALFORMED,
            f"{name} is a report that is damaged: {shortened(problem)}.",
            hint="Write one JSON object, and see that every bracket of it is closed.",
        ) from None
    if isinstance(document, dict) and "type" in document and "evidence" not in document:
        return _of_trace(content, name)
    incident = incident_of(document, name=name)
    if not incident.evidence:  # of which nothing can be told
        incident = replace(incident, failure_unseen=not incident.ended_well)
    return Source(kind=Kind.REPORT, incident=incident, done=done_tests_of(document))


def _in_utf_8(content: bytes) -> bytes:
    """The same text in UTF-8: Windows PowerShell's ``>`` writes UTF-16."""
    encoding = encoding_of(content)
    if encoding is None or encoding == "utf-8":
        return without_halves(content).removeprefix(codecs.BOM_UTF8)
    return content.decode(encoding, "replace").lstrip("\ufeff\ufffe").encode()


def _of_trace(content: bytes, name: str) -> Source:
    is_trace = content.lstrip().startswith(b"{")
    if not is_trace and EVENT not in content[:FRONT]:
        return _of_log(content, name)
    from firmline.formats.trace import read_traces  # noqa: PLC0415 - a report needs no events

    try:
        given = read_traces(content, name=name, around_damage=True)
    except InputError:
        if is_trace:
            raise
        return _of_log(content, name)
    traces, incident = told_by(given)
    return Source(kind=Kind.TRACE, incident=incident, traces=traces)


def told_by(given: Sequence[Trace]) -> tuple[tuple[Trace, ...], Incident]:
    """What traces tell, the oldest first; one that is there more than once counts once."""
    if not given:
        return (), Incident()
    from firmline.diagnosis.trace_evidence import evidence_of_traces  # noqa: PLC0415 - likewise

    traces = _each_once(given)
    incident = evidence_of_traces(traces)
    copies = len(given) - len(traces)
    if copies:
        told = "A trace is" if copies == 1 else f"{copies} traces are"
        same = f"{told} the same as another, event by event: each attempt counts once."
        incident = incident.with_more((), [same])
    return traces, incident


def _each_once(traces: Iterable[Trace]) -> tuple[Trace, ...]:
    """The last of each: no two attempts have the same events at the same times."""
    kept: dict[int, list[Trace]] = {}
    found = []
    for trace in reversed(list(traces)):
        alike = kept.setdefault(hash(tuple(map(_hash_of, trace.entries))), [])
        if all(trace.entries != other.entries for other in alike):
            alike.append(trace)
            found.append(trace)
    return tuple(reversed(found))


def _hash_of(told: object) -> int:
    """The same of what is equal; what lies deeper than in an event's own mappings is left out."""
    try:
        return hash(told)
    except TypeError:  # there is a mapping or a list in it
        pass
    if isinstance(told, Mapping):
        flat = ((key, each) for key, each in told.items() if isinstance(each, str | int | float))
        return hash(frozenset(flat))
    if is_dataclass(told):
        return hash(tuple(_hash_of(getattr(told, each.name)) for each in fields(told)))
    return 0


def _of_log(content: bytes, name: str) -> Source:
    from firmline.diagnosis.logs.reading import read_log  # noqa: PLC0415 - nor any tool's words

    incident = read_log(content)
    if incident is None:
        raise _neither(name)
    tells_nothing = incident.shows_nothing and incident.prose
    if tells_nothing or (not incident.evidence and not incident.ended_well):
        why = A_TEXT if tells_nothing else " ".join(incident.unused[:1])
        raise InputError(
            Code.REPORT_MALFORMED,
            f"{name} tells nothing of an update, and without that there is no diagnosis. {why}",
        )
    return Source(kind=Kind.LOG, incident=incident)


def _neither(name: str) -> InputError:
    return InputError(
        Code.REPORT_MALFORMED,
        f"{name} is neither a trace of firmline's, nor a report of what was seen, nor a log.",
    )
