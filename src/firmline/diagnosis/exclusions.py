"""What excludes a cause: what was seen, and is never seen with it."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.diagnosis.catalogue import Cause, catalogue
from firmline.diagnosis.consistency import consistent
from firmline.diagnosis.evidence import Evidence, Incident
from firmline.diagnosis.same_field import several_bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A cause that something excludes.

    Attributes:
        cause: The cause.
        evidence: What was seen.
        because: Why that is never seen with it.
    """

    cause: Cause
    evidence: Evidence
    because: str


def exclusions(incident: Incident) -> tuple[Exclusion, ...]:
    """Every cause that is excluded, with the first observation that does so.

    Excluded is not impossible: a report may be wrong, and the ranking keeps a rest of its chance.
    What is not used for a contradiction excludes nothing, nor does one of several reset reasons.
    """
    found = []
    incident = consistent(incident)
    unsure = several_bits(incident.by_field().get("flags", ()))
    for cause in catalogue().values():
        for each in incident.evidence:
            because = cause.excludes.get(each.field, {}).get(each.value)
            if because is not None and each.seen and each.value not in unsure:
                found.append(Exclusion(cause=cause, evidence=each, because=because))
                break
    return tuple(found)
