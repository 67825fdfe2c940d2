"""What excludes a cause: what was seen, and is never seen with it."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.diagnosis.catalogue import Cause, catalogue
from firmline.diagnosis.evidence import Evidence, Incident


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
    """
    found = []
    for cause in catalogue().values():
        for each in incident.evidence:
            because = cause.excludes.get(each.field, {}).get(each.value)
            if because is not None and each.seen:
                found.append(Exclusion(cause=cause, evidence=each, because=because))
                break
    return tuple(found)
