"""What a file is that tells of a failure, and the evidence in it."""

from __future__ import annotations

import json

from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.logs.reading import read_log
from firmline.diagnosis.report_input import incident_of
from firmline.diagnosis.trace_evidence import evidence_of_traces
from firmline.errors import Code, InputError
from firmline.formats.trace import read_traces


def read_incident(content: bytes, *, name: str) -> Incident:
    """The evidence of a report, of traces of firmline's, or of another tool's log.

    Args:
        content: Of the file.
        name: Of the file, for messages.

    Raises:
        InputError: ``REPORT_MALFORMED``: it is no text, or JSON that is neither;
            ``TRACE_MALFORMED``: a trace is damaged.
    """
    try:
        document = json.loads(content)
    except RecursionError:
        raise _neither(name) from None
    except ValueError:  # no single document; a trace is one a line
        return _of_trace(content, name)
    if isinstance(document, dict) and "type" in document and "evidence" not in document:
        return _of_trace(content, name)
    return incident_of(document, name=name)


def _of_trace(content: bytes, name: str) -> Incident:
    if not content.lstrip().startswith(b"{"):
        return _of_log(content, name)
    return evidence_of_traces(read_traces(content, name=name))


def _of_log(content: bytes, name: str) -> Incident:
    incident = read_log(content)
    if incident is None:
        raise _neither(name)
    return incident


def _neither(name: str) -> InputError:
    return InputError(
        Code.REPORT_MALFORMED,
        f"{name} is neither a trace of firmline's, nor a report of what was seen, nor a log.",
    )
