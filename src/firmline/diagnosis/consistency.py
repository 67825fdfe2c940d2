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

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from firmline.diagnosis.breaking_off import not_before
from firmline.diagnosis.certainty import Contradiction, certainty, is_of_one
from firmline.diagnosis.contradiction_rules import Rule, rules
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.same_field import narrowed, of_one_field, several_reasons

STRANGE: Final[Mapping[str, str]] = {
    "select_refused": "The unit refuses SELECT, which no bootloader of the nRF5 SDK does: it is"
    " another one, and what its codes mean is not known. This one is not used.",
}
"""Flags of answers that are not those of a bootloader that is known, and what that comes to."""


def contradictions(incident: Incident) -> tuple[str, ...]:
    """Where the evidence cannot all be true, one sentence each."""
    incident = narrowed(not_before(incident))
    within, across = tuple(of_one_field(incident)), tuple(_across_fields(incident))
    rest = _without(incident, within).contradictions()
    found = (each.sentence for each in (*within, *across))
    flags = incident.by_field().get("flags", ())
    strange = (told for flag, told in STRANGE.items() if flag in flags)
    several = several_reasons(_without(incident, (*within, *across)))
    return (*rest, *found, *([several] if several else []), *strange)


def consistent(incident: Incident) -> Incident:
    """The same without what is false, or may be, because it contradicts something else."""
    incident = narrowed(incident)
    return _without(incident, tuple(_found_in(incident)))


def doubts(incident: Incident) -> int:
    """How often a source contradicts itself, or a unit what is known of its bootloader."""
    strange = sum(each.seen and each.value in STRANGE for each in incident.evidence)
    return strange + sum(each.is_of_one for each in _found_in(narrowed(incident)))


def _without(incident: Incident, found: Iterable[Contradiction]) -> Incident:
    """The same without what is not used for these."""
    unused = [each for contradiction in found for each in contradiction.unused]
    if not unused:
        return incident
    left = tuple(each for each in incident.evidence if each not in unused)
    return replace(incident, evidence=left)


def _found_in(incident: Incident) -> Iterator[Contradiction]:
    yield from of_one_field(incident)
    yield from _across_fields(incident)


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
    if rule.is_first_used:
        sentence = f"{sides}, but {rule.because}: {rule.one.field} is used."
        return Contradiction(sentence=sentence, unused=tuple(other), is_of_one=False)
    mine, theirs = max(map(certainty, one)), max(map(certainty, other))
    is_same = rule.one.field == rule.other.field
    match (mine > theirs) - (mine < theirs):
        case 1:
            name = _values(one) if is_same else rule.one.field
            used, unused = f"the more certain is used, {name}", tuple(other)
        case -1:
            name = _values(other) if is_same else rule.other.field
            used, unused = f"the more certain is used, {name}", tuple(one)
        case _:
            used, unused = "neither is used", (*one, *other)
    sentence = f"{sides}, but {rule.because}: {used}."
    is_doubtful = is_of_one((*one, *other)) and not _is_slip(rule, unused)
    return Contradiction(sentence=sentence, unused=unused, is_of_one=is_doubtful)


def _is_slip(rule: Rule, unused: tuple[Evidence, ...]) -> bool:
    """Whether somebody has copied an extended error and missed the step that it answers.

    The code says which that is, and nothing else becomes doubtful.
    """
    sides = {rule.one.field, rule.other.field}
    return sides == {"ext_error", "phase"} and {each.field for each in unused} == {"phase"}


def _told(side: list[Evidence]) -> str:
    return f"{side[0].field} is told to be {_values(side)}"


def _values(side: list[Evidence]) -> str:
    return " and ".join(each.value for each in side)
