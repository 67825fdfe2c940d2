"""Evidence from firmline's own traces: what the stream of events of an update shows.

Rules of this module:

* The events are read as they came, once; what they come to is told at the end. Only what an event
  shows is evidence: what was not tried or not seen stays out, and so does what every trace of
  firmline's shows (the application that runs before the jump, a large MTU, no receipts), of which a
  person would speak only where it matters.
* Where its beginning is missing, what a trace does not show may have happened before: nothing is
  told for it. Where its events are in no order, only those are used that say the same anywhere.
* What firmline looks at in every update, and finds not to be so, is told as looked for in vain.
* firmline tries again by itself. What counts is where it stood when the last row of attempts that
  led nowhere began, which is where a host that gives up at once would have stopped.
* A trace that ended well has evidence of the unit, and of nothing that failed; where it took a
  recovery, of what went wrong last before that, and of what has helped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from firmline.diagnosis.attempt import Attempt, shows_failure
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.trace_reader import Reader, first_back
from firmline.errors import shortened
from firmline.formats.trace import Trace


def explained(traces: Iterable[Trace]) -> Trace | None:
    """The trace of several that is to be explained: the last update that failed.

    ``None``: there is no trace. An update whose end is merely not proven, or not there, is taken
    only where no other failed. Where no update failed, it is the last one, or else the last trace.
    """
    every = tuple(traces)
    updates = [each for each in every if each.is_update]
    failed = [each for each in updates if not each.is_updated]
    shown = [each for each in failed if shows_failure(each)] if len(failed) > 1 else failed
    return next(iter((shown or failed or updates or every)[-1:]), None)


def evidence_of_traces(traces: Iterable[Trace]) -> Incident:
    """What traces of one unit show, the oldest first.

    What differs between them is told of the last one that failed, which is the one that was given
    to be explained; the others of the same unit say how often it fails. Nothing is taken from those
    of other units.
    """
    given = tuple(traces)
    mixed = _is_mixed(given)
    every = [Attempt(Reader(each, is_mixed=mixed)) for each in given]
    trace = explained(each.reader.trace for each in every)
    chosen = [each for each in every if each.reader.trace is trace]
    told = [each for each in every if each.reader.may_be_of(chosen[0].reader.unit)]
    updates = [each for each in told if each.reader.is_update]
    incident = Incident()
    for each in chosen:
        others = {other.reader.unit for other in every} - {other.reader.unit for other in told}
        incident = incident.with_more(each.evidence(), [*each.unused(), *_left_out(others)])
    for each in told:
        incident = incident.with_more(
            fact for fact in each.facts() if fact.field not in incident.by_field()
        )
    well = any(each.has_nothing_to_explain for each in chosen)
    unproven = any(each.is_unproven for each in chosen)
    unseen = any(each.is_failure_unseen for each in chosen)
    part = any(each.is_part for each in chosen)
    incident = incident.with_more(_how_often(updates))
    return replace(incident, ended_well=well, unproven=unproven, failure_unseen=unseen, part=part)


def _is_mixed(traces: Sequence[Trace]) -> bool:
    """Whether what looks like several traces may be the lines of one, in no order.

    Each trace of a file begins with its first line, or those of a command's output with what was to
    be done. Where one does not, and the times of any run backwards, each may have lines of others.
    """
    has_part = any(each.started is None or not each.is_begun for each in traces)
    is_one_of_several = len(traces) > 1 and has_part
    return is_one_of_several and any(first_back(each) is not None for each in traces)


def _left_out(units: Collection[str]) -> Iterator[str]:
    if units:
        names = shortened(", ".join(sorted(units)))
        yield f"Traces of other units: only the last unit that failed is explained, not {names}."


def _how_often(updates: list[Attempt]) -> Iterator[Evidence]:
    """When it fails, of several attempts; what is in no order may be several or one."""
    if not all(each.reader.is_in_order for each in updates):
        return
    ended = [each for each in updates if not each.is_failure_unseen]
    failed = sum(not each.reader.is_updated and not each.is_unproven for each in ended)
    if len(ended) < 2 or not failed:
        return
    value = "always" if failed == len(ended) else "once" if failed == 1 else "intermittent"
    where = f"{failed} of {len(ended)} attempts failed"
    yield Evidence(field="reproducibility", value=value, origin=Origin.TRACE, where=where)
