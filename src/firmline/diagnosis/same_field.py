"""What contradicts itself in one field: two values where one can be, and what is so and is not.

Rules of this module:

* Of a field of which one failure of one unit has one value (``one_value`` in
  ``data/contradictions.toml``), two that were told are a contradiction. A value that takes in the
  other (``wider``) is none: who does not know the type of a chip says nRF52 of any.
* Of others both count, each in part: the step or the first sign of a failure is named by who looks
  at it, and two who look see it differently.
* What a trace of firmline's own has recorded is true of the time of its event.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from firmline.diagnosis.certainty import Contradiction, certainty, is_of_one
from firmline.diagnosis.contradiction_rules import group, one_value, wider
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.vocabulary import vocabulary


def narrowed(incident: Incident) -> Incident:
    """The same without what says less than another value of its field, and nothing else."""
    seen = incident.by_field()
    left = tuple(each for each in incident.evidence if not _takes_in(each, seen))
    return incident if len(left) == len(incident.evidence) else replace(incident, evidence=left)


def of_one_field(incident: Incident) -> Iterator[Contradiction]:
    """Every contradiction in one field."""
    seen = [each for each in incident.evidence if each.seen]
    for name in vocabulary():
        if name in one_value():
            yield from _two_values([each for each in seen if each.field == name])
    for one in seen:
        denials = [each for each in incident.evidence if _denies(each, one)]
        if denials:
            yield _judged([one], denials, f"{one.value} is told to be so, and not to be so")


def several_bits(flags: Collection[str]) -> tuple[str, ...]:
    """Those of flags that are bits of RESETREAS, where they are several; else none.

    Its bits add up until a program clears them or the power goes (nRF52832 product specification,
    POWER): at most one of them is of the last reset.
    """
    bits = tuple(each for each in flags if each in group("bit_set"))
    return bits if len(bits) > 1 else ()


def several_reasons(incident: Incident) -> str:
    """That a register holds the reasons of several resets, as a sentence; empty: it does not."""
    bits = several_bits(incident.by_field().get("flags", ()))
    if not bits:
        return ""
    return (
        f"{' and '.join(bits)}: the bits of RESETREAS add up until a program clears them or the"
        " power goes, so that not each is of the last reset, and nobody knows which is. They count"
        " as one."
    )


def _two_values(told: list[Evidence]) -> Iterator[Contradiction]:
    """What was told of a field, where it is more than one thing."""
    values = list(dict.fromkeys(each.value for each in told))
    if len(values) < 2 or {each.origin for each in told} == {Origin.TRACE}:
        return
    most = max(map(certainty, told))
    used = [each for each in told if certainty(each) == most]
    sentence = f"{told[0].field} is told to be {' and '.join(values)}, and can be one of them"
    if len({each.value for each in used}) > 1:
        yield _neither(told, sentence)
    else:
        unused = tuple(each for each in told if each not in used)
        yield Contradiction(
            sentence=f"{sentence}: the more certain is used, {used[0].value}.",
            unused=unused,
            is_of_one=False,
        )


def _judged(one: list[Evidence], other: list[Evidence], sentence: str) -> Contradiction:
    """Which of two sides is used."""
    mine, theirs = (max(map(certainty, side)) for side in (one, other))
    if mine == theirs:
        return _neither([*one, *other], sentence)
    unused, why = (other, "it is") if mine > theirs else (one, "it is not")
    return Contradiction(
        sentence=f"{sentence}: the more certain is used, that {why}.",
        unused=tuple(unused),
        is_of_one=False,
    )


def _neither(told: list[Evidence], sentence: str) -> Contradiction:
    return Contradiction(
        sentence=f"{sentence}: neither is used.", unused=tuple(told), is_of_one=is_of_one(told)
    )


def _takes_in(evidence: Evidence, seen: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether it says less than another one, and nothing else."""
    narrower = wider().get((evidence.field, evidence.value), frozenset())
    return evidence.seen and not narrower.isdisjoint(seen.get(evidence.field, ()))


def _denies(evidence: Evidence, one: Evidence) -> bool:
    """Whether it says of one of several that it is not so."""
    is_same = (evidence.field, evidence.value) == (one.field, one.value)
    return is_same and not evidence.seen and vocabulary()[one.field].many
