"""Virtual incidents: updates of faulty virtual units, and what their traces alone come to.

A fault may look like several causes: of what a trace shows, nobody could say which. These sets are
in ``data/fault_causes.toml``, each with what such a trace shows, and any cause of the set counts
for each fault that has it. Of three pairs it is tested that they leave the same evidence; the other
sets are argued.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from firmline.device.faults.plan import FaultPlan
from firmline.diagnosis.catalogue import catalogue
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.ranking import Ranking, rank
from firmline.diagnosis.trace_evidence import evidence_of_traces
from firmline.events import Event, Outcome
from firmline.formats.trace import Trace
from firmline.updater.bench.incidents import incidents
from firmline.updater.bench.truths import truth_of
from firmline.updater.fault_matrix.cases import Case
from firmline.updater.fault_matrix.endings import Truth
from firmline.updater.fault_matrix.trial import run_faults


@dataclass(frozen=True, kw_only=True)
class VirtualIncident:
    """An update of a faulty unit that did not succeed, and what its trace alone comes to."""

    case: Case
    code: str
    incident: Incident
    ranking: Ranking

    @property
    def text(self) -> str:
        """The fault and the link, for people."""
        return f"{self.case.subject.link} {self.case.text}"

    @property
    def causes(self) -> frozenset[str]:
        """What it is: one cause, or the set that no trace tells apart."""
        return causes_of(self.case)

    @property
    def first(self) -> str:
        """What is ranked first."""
        return self.ranking.causes[0].slug

    @property
    def is_right(self) -> bool:
        """Whether that is a cause that it is, or cannot be told from it."""
        return self.first in self.causes

    @property
    def is_family_right(self) -> bool:
        """The same of the likeliest family."""
        families = {catalogue()[slug].family.slug for slug in self.causes}
        return next(iter(self.ranking.families)) in families


def causes_of(case: Case) -> frozenset[str]:
    """Which causes its trace can be taken for: of the row with the most of its text."""
    return truth_of(case).accepted_of_traces


def all_cases() -> Iterator[tuple[Case, int]]:
    """Every fault on every link with every SDK, with its seed."""
    yield from ((each.case, each.seed) for each in incidents())


@lru_cache
def virtual_incidents() -> tuple[VirtualIncident, ...]:
    """All that do not succeed, although the unit is not as it should be then."""
    return tuple(found for case, seed in all_cases() if (found := incident_of(case, seed)))


def incident_of(case: Case, seed: int) -> VirtualIncident | None:
    """What comes of a case; ``None``: there is nothing to diagnose."""
    found = trace_of(case, seed)
    if found is None:
        return None
    incident = evidence_of_traces([found])
    code = found.finished.code if found.finished is not None else ""
    return VirtualIncident(case=case, code=code, incident=incident, ranking=rank(incident))


def trace_of(case: Case, seed: int) -> Trace | None:
    """The trace of a case; ``None``: there is nothing to diagnose."""
    if not case.applies:
        return None
    heard: list[Event] = []
    truth, finished = run_faults(case.subject, FaultPlan(faults=(case.fault,), seed=seed), heard)
    if finished.outcome is Outcome.UPDATED or truth is Truth.NEW:
        return None
    return Trace(entries=tuple(heard))
