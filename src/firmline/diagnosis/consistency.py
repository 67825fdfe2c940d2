"""What of the evidence cannot all be true, and what of it is used all the same.

Rules of this module:

* A contradiction is told, always. What is not used for it is not used in silence.
* A trace of firmline's own is true as it is: of an update that is tried again it tells how far the
  image came, and that the unit was not reached any more.
* Of two that cannot both be true the more certain one is used: what a unit or firmline's own trace
  has recorded before what a log of another tool shows, that before what somebody has written down
  or says; of the same origin, a code that was copied before what was described. Where nothing makes
  one more certain, neither is used: one of them is false, and nobody knows which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from firmline.diagnosis.breaking_off import not_before
from firmline.diagnosis.contradiction_rules import Rule, group, rules
from firmline.diagnosis.evidence import Evidence, Incident, Origin

CERTAINTY: Final = {
    Origin.UNIT: 4,
    Origin.TRACE: 4,
    Origin.LOG: 2,
    Origin.REPORT: 0,
    Origin.PERSON: 0,
}
"""How certain what each of them says is, beside the others; of two that are the same, equally."""
COPIED: Final = frozenset({"result_code", "ext_error", "host_code"})
"""Fields whose values are read off, not described: one step more certain than others."""
STRANGE: Final[Mapping[str, str]] = {
    "select_refused": "The unit refuses SELECT, which no bootloader of the nRF5 SDK does: it is"
    " another one, and what its codes mean is not known. This one is not used.",
}
"""Flags of answers that are not those of a bootloader that is known, and what that comes to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """What cannot all be true.

    Attributes:
        sentence: Which, why, and what is used of it.
        unused: Evidence that is not used for it.
        is_of_one: Whether the same source says both, so that what else it says is doubtful, too.
    """

    sentence: str
    unused: tuple[Evidence, ...]
    is_of_one: bool


def contradictions(incident: Incident) -> tuple[str, ...]:
    """Where the evidence cannot all be true, one sentence each."""
    incident = not_before(incident)
    across = (each.sentence for each in _across_fields(incident))
    flags = incident.by_field().get("flags", ())
    strange = (told for flag, told in STRANGE.items() if flag in flags)
    return (*incident.contradictions(), *across, *strange)


def consistent(incident: Incident) -> Incident:
    """The same without what is false, or may be, because it contradicts something else."""
    unused = [each for found in _across_fields(incident) for each in found.unused]
    if not unused:
        return incident
    left = tuple(each for each in incident.evidence if each not in unused)
    return replace(incident, evidence=left)


def doubts(incident: Incident) -> int:
    """How often a source contradicts itself, or a unit what is known of its bootloader."""
    strange = sum(each.seen and each.value in STRANGE for each in incident.evidence)
    return strange + sum(each.is_of_one for each in _across_fields(incident))


def _across_fields(incident: Incident) -> Iterator[Contradiction]:
    for rule in rules():
        one, other = rule.one.found_in(incident), rule.other.found_in(incident)
        if one and other and {each.origin for each in (*one, *other)} != {Origin.TRACE}:
            yield _judged(rule, one, other)
    yield from _of_cures(incident)


def _of_cures(incident: Incident) -> Iterator[Contradiction]:
    """What the same source says to have helped and not to have: it says nothing.

    Of two sources both may be true: to try again may fail first, and pass later.
    """
    seen = [each for each in incident.evidence if each.seen]
    helped = [each for each in seen if each.field == "cured_by"]
    for one in helped:
        both = [
            each
            for each in seen
            if each.field == "not_cured_by" and (each.value, each.origin) == (one.value, one.origin)
        ]
        if both:
            yield Contradiction(
                sentence=f"{one.value} is told to have helped, and not to have: neither is used.",
                unused=(one, *both),
                is_of_one=True,
            )


def _judged(rule: Rule, one: list[Evidence], other: list[Evidence]) -> Contradiction:
    """Which side is used."""
    sides = f"{_told(one)}, and {_told(other)}"
    mine, theirs = max(map(_certainty, one)), max(map(_certainty, other))
    match (mine > theirs) - (mine < theirs):
        case 1:
            used, unused = f"the more certain is used, {rule.one.field}", tuple(other)
        case -1:
            used, unused = f"the more certain is used, {rule.other.field}", tuple(one)
        case _:
            used, unused = "neither is used", (*one, *other)
    sentence = f"{sides}, but {rule.because}: {used}."
    is_of_one = len({each.origin for each in (*one, *other)}) == 1 and not _is_slip(rule, unused)
    return Contradiction(sentence=sentence, unused=unused, is_of_one=is_of_one)


def _is_slip(rule: Rule, unused: tuple[Evidence, ...]) -> bool:
    """Whether somebody has copied an extended error and missed the step that it answers.

    The code says which that is, and nothing else becomes doubtful.
    """
    sides = {rule.one.field, rule.other.field}
    return sides == {"ext_error", "phase"} and {each.field for each in unused} == {"phase"}


def _told(side: list[Evidence]) -> str:
    values = " and ".join(each.value for each in side)
    return f"{side[0].field} is told to be {values}"


def _certainty(evidence: Evidence) -> int:
    is_copied = evidence.field in COPIED or evidence.value in group("bit_set")
    return CERTAINTY[evidence.origin] + is_copied
