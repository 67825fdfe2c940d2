"""Several files that tell of one failure, as one.

Rules of this module:

* Traces are taken as if they stood behind one another in one file, in the order in which they began
  where all of them say it.
* Of a field with one value, what a file has recorded of another attempt is left out where a trace
  that is at hand says it; where that is of what happened, so is all else that it has recorded of
  what happened there. That is told. What somebody describes is never left out: where it cannot be
  true beside the rest, that is a contradiction.
* How often it fails is what a report says of it, before what the traces at hand come to: whoever
  has kept some of many runs has the failures, or the runs of both of two conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from firmline.diagnosis.evidence import OF_A_FAILURE, OF_AN_UPDATE, Evidence, Incident
from firmline.diagnosis.reading import Kind, Source, told_by
from firmline.diagnosis.vocabulary import vocabulary

if TYPE_CHECKING:
    from firmline.formats.trace import Trace

HOW_OFTEN: Final = "reproducibility"


def joined(sources: Sequence[Source]) -> Source:
    """What several files tell together.

    Args:
        sources: One at least, in the order in which they were given.
    """
    if len(sources) == 1:
        return sources[0]
    kinds = {source.kind for source in sources}
    given = _in_their_order([trace for each in sources for trace in each.traces])
    traces, of_traces = told_by(given)
    incident = of_traces
    others = [each for each in sources if each.kind is not Kind.TRACE]
    for source in others:
        incident = _with(incident, source.incident)
    return Source(
        kind=next(kind for kind in Kind if kind in kinds),
        incident=replace(
            incident,
            ended_well=all(each.incident.ended_well for each in sources),
            failure_unseen=_is_unseen(of_traces, others),
            part=incident.part or any(each.incident.part for each in others),
        ),
        traces=traces,
        done=tuple(dict.fromkeys(slug for source in sources for slug in source.done)),
    )


def _is_unseen(of_traces: Incident, others: Sequence[Source]) -> bool:
    """Whether no record shows a failure, and not all of them a good end.

    What somebody has written down is no record: if it tells of a failure, the evidence shows that.
    """
    told = [each for each in others if each.kind is Kind.LOG or each.incident.failure_unseen]
    records = [of_traces, *(each.incident for each in told)]
    records = [each for each in records if each.evidence or each.unused]
    is_shown = any(not each.failure_unseen and not each.ended_well for each in records)
    return not is_shown and any(each.failure_unseen for each in records)


def _in_their_order(traces: Sequence[Trace]) -> list[Trace]:
    begun = [(trace.time_of(trace.begin_s), trace) for trace in traces]
    known = [(at, trace) for at, trace in begun if at is not None]
    if len(known) < len(traces):
        return list(traces)
    return [trace for _, trace in sorted(known, key=lambda each: each[0])]


def _with(incident: Incident, other: Incident) -> Incident:
    """What is known, with what another file tells."""
    if any(each.field == HOW_OFTEN and each.seen for each in other.evidence):
        kept = tuple(each for each in incident.evidence if not _is_counted(each))
        incident = replace(incident, evidence=kept)
    known = {(each.field, each.value) for each in incident.evidence}
    recorded = {
        each.field
        for each in incident.evidence
        if each.origin in OF_AN_UPDATE and each.seen and not vocabulary()[each.field].many
    }
    new = [each for each in other.evidence if (each.field, each.value) not in known]
    of_another = [each for each in new if each.origin in OF_AN_UPDATE]
    left_out = [each for each in of_another if each.field in recorded]
    if any(each.field in OF_A_FAILURE for each in left_out):  # then all that happened is of that
        left_out = [
            each for each in of_another if each.field in OF_A_FAILURE or each.field in recorded
        ]
    used = [each for each in new if each not in left_out]
    return incident.with_more(used, [*other.unused, *_of_another_attempt(left_out)])


def _is_counted(evidence: Evidence) -> bool:
    return evidence.field == HOW_OFTEN and evidence.origin in OF_AN_UPDATE


def _of_another_attempt(evidence: Iterable[Evidence]) -> Iterable[str]:
    told = ", ".join(f"{each.field} = {each.value}" for each in evidence if each.seen)
    if told:
        yield f"Recorded of another attempt than the trace that is explained, and not used: {told}."
