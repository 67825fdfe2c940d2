"""Of a record that shows no failure: the step that it ends in is not where it failed.

Half a trace or half a log may be of an update that went well. If it did not, it failed in that step
or behind it; a step before it was passed.
"""

from __future__ import annotations

from dataclasses import replace

from firmline.diagnosis.evidence import OF_AN_UPDATE, Evidence, Incident
from firmline.diagnosis.vocabulary import vocabulary


def not_before(incident: Incident) -> Incident:
    """The same; of a record that shows no failure only that it did not fail before its last step.

    Args:
        incident: What is known, whether the failure is in it or not.
    """
    last = [each for each in incident.evidence if _is_last_step(each)]
    if not incident.failure_unseen or not last:
        return incident
    steps = tuple(vocabulary()["phase"].meanings)
    passed = [
        replace(each, value=step, seen=False)
        for each in last
        for step in steps[: steps.index(each.value)]
    ]
    rest = replace(incident, evidence=tuple(each for each in incident.evidence if each not in last))
    return rest.with_more(passed)


def _is_last_step(evidence: Evidence) -> bool:
    return evidence.field == "phase" and evidence.seen and evidence.origin in OF_AN_UPDATE
