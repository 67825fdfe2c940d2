"""Why a run failed, as its record keeps it and the operator reads it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from firmline import __version__
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.investigation import fix_waits
from firmline.diagnosis.next_test import Proposal, plan
from firmline.diagnosis.ranking import RankedCause, rank
from firmline.diagnosis.trace_evidence import evidence_of_traces
from firmline.events import Event, UpdateStarted
from firmline.formats.trace import Trace
from firmline.line.records.values import Cause, Diagnosis

CAUSES: Final = 10
"""So many are recorded; ours. The trace is kept, and with it all others."""
LIKELY: Final = 0.3
"""A cause below it is not named at a slot; ours, as behind ``firmline update``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed:
    """What a failed update tells.

    Attributes:
        causes: The likeliest first.
        tests: What to do next, in this order.
        incident: What it was made of.
        done: Tests that were done since, whatever they showed.
        fix_waits: Whether the fix of the likeliest cause would destroy what a test still needs.
    """

    causes: tuple[RankedCause, ...]
    tests: tuple[Proposal, ...]
    incident: Incident
    done: frozenset[str] = frozenset()
    fix_waits: bool = False

    @property
    def fix(self) -> str:
        """What mends the likeliest cause; empty: none is likely."""
        first = self.causes[0].cause
        return first.fix if first is not None and self.cause else ""

    @property
    def cause(self) -> str:
        """The likeliest cause in words; empty: none is likely."""
        first = self.causes[0]
        if first.cause is None or first.probability < LIKELY:
            return ""
        return f"{first.cause.title} ({first.probability:.0%})"

    def record(self, *, run: int, at: datetime) -> Diagnosis:
        """It as a record."""
        return Diagnosis(
            run=run,
            at=at,
            firmline=__version__,
            causes=tuple(
                Cause(cause=each.slug, family=each.family, probability=round(each.probability, 6))
                for each in self.causes[:CAUSES]
            ),
            next_test=self.tests[0].test.slug if self.tests else "",
        )


def diagnosed(heard: Sequence[Event]) -> Diagnosed | None:
    """The diagnosis of an update that failed; ``None``: no update was begun.

    Args:
        heard: Its events.
    """
    if not any(isinstance(event, UpdateStarted) for event in heard):
        return None
    return diagnosis_of(evidence_of_traces([Trace(entries=tuple(heard))]))


def diagnosis_of(incident: Incident, *, done: Collection[str] = ()) -> Diagnosed:
    """What is known of a failure by now.

    Args:
        incident: What was seen.
        done: Tests that were done since, whatever they showed.
    """
    ranking = rank(incident)
    tests = plan(incident, ranking, done=done)
    return Diagnosed(
        causes=ranking.causes,
        tests=tests,
        incident=incident,
        done=frozenset(done),
        fix_waits=fix_waits(incident, ranking, tests),
    )
