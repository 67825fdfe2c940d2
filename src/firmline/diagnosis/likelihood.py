"""How likely what was seen is, were this or that the cause.

The model is a naive Bayesian one with four corrections, each for a way in which reports are not
independent draws:

* What follows from another field says nothing of its own (:mod:`~firmline.diagnosis.implied`): an
  extended error comes with result ``0B`` whatever the cause.
* Fields that tell of the same moment are given less than their full weight (:data:`WEIGHTS`).
* Reasons of several resets that a register holds at once are one observation: one of them may be of
  this failure (:func:`~firmline.diagnosis.same_field.several_bits`).
* Actions that were taken together are judged together, and so are those that failed alike
  (:mod:`~firmline.diagnosis.cures`).

Where a cause says nothing of a field, a value is as likely as in any report; what is left of the
chances that it does give is shared among the other values in the same way. Nothing is impossible:
a report may be wrong (:data:`WRONG`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from firmline.diagnosis.catalogue import Cause, Seen
from firmline.diagnosis.cures import (
    chance_of_no_help,
    chance_of_some_help,
    observed_failures,
    passes_anyway,
)
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.implied import telling
from firmline.diagnosis.same_field import several_bits
from firmline.diagnosis.vocabulary import vocabulary

WEIGHTS: Final = {
    "transport": 0.5,
    "bootloader": 0.5,
    "sdk": 0.5,
    "chip": 0.4,
    "host_tool": 0.6,
    "supply": 0.6,
    "host_code": 0.9,
    "failure_kind": 0.7,
    "progress": 0.6,
    "time_to_failure": 0.6,
    "end_state": 0.8,
    "phase": 0.9,
}
"""Of the logarithm of a chance; 1 where a field is not named, and of what a cause excludes. What
describes the product and the host is mostly the same for all failures of one maker, and where, how,
how far and with which code of the host something failed is one moment; ours."""
WRONG: Final = 0.03
"""How likely a report of what somebody saw says something that is not so; ours."""
SELDOM_WRONG: Final = 0.004
"""Of a code that the unit answered, and of what firmline itself has recorded: it is copied, not
described; ours."""
CODES: Final = frozenset({"result_code", "ext_error"})
NOT_ITS_CODE: Final = {"result_code": 0.05, "ext_error": 0.003}
"""How much less likely a code of the unit is with a cause that says nothing of it: who names
a reason of its own has not lost supply or link; ours."""
ANOTHER_CODE: Final = 0.01
"""The same with a cause that names codes, of which it is none; ours."""
UNKNOWN_CODE: Final = {"result_code": 0.3, "ext_error": 0.05}
"""The same where the cause is not known."""
SLIPS: Final = 0.25
"""How often somebody who has copied a code of the unit names another step than the one that it
answers: a host shows the code, and the step behind its own words; ours."""
LOOKED_FOR: Final = 2.5
"""How much likelier something is found by looking for it, than told of in a report; ours."""
MOST_FOUND: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One observation, and how likely it is.

    Attributes:
        field: Of the vocabulary.
        values: What was seen, more than one where they are one observation.
        log_chance: The weighted natural logarithm of the chance.
        because: Why it is as likely as that; empty: the cause says nothing of it.
        seen: Whether it was seen; else it was looked for in vain.
    """

    field: str
    values: tuple[str, ...]
    log_chance: float
    because: str = ""
    seen: bool = True


def weigh(cause: Cause | None, incident: Incident) -> tuple[Weighed, ...]:
    """How likely each observation is, one after the other in the order of the vocabulary.

    The observations are the same, in the same order, for every cause.

    Args:
        cause: The cause; ``None``: none that is known.
        incident: What was seen.
    """
    seen, in_vain = incident.by_field(), incident.looked_for_in_vain()
    anyway, recorded = passes_anyway(incident), incident.recorded()
    weighed: list[Weighed] = []
    for field in vocabulary():
        if field == "not_cured_by":
            failed = observed_failures(incident)
            weighed += (_weigh_failed_cures(cause, each, anyway) for each in failed)
        elif field in seen and (values := telling(field, seen[field], seen)):
            is_recorded = field in recorded
            slips = SLIPS if field == "phase" and not is_recorded and "result_code" in seen else 0.0
            weighed += _weigh_field(
                cause, field, values, anyway, is_recorded=is_recorded, slips=slips
            )
        if field in in_vain:
            weighed += _weigh_denied(cause, field, in_vain[field])
    return tuple(weighed)


def _weigh_field(
    cause: Cause | None,
    field: str,
    values: tuple[str, ...],
    anyway: float,
    *,
    is_recorded: bool,
    slips: float,
) -> Iterator[Weighed]:
    about = None if cause is None else cause.about(field)
    match field:
        case "cured_by":
            yield _weigh_cures(cause, values, anyway)
        case _ if vocabulary()[field].many:
            bits = several_bits(values)
            if bits:
                yield _weighed(cause, about, field, bits, _chance_of_one_of(cause, field, bits))
            for each in values:
                if each not in bits:
                    chance = _chance_of_many(cause, field, each)
                    yield _weighed(cause, about, field, (each,), chance)
        case _:
            wrong = SELDOM_WRONG if is_recorded else WRONG
            chances = [chance_of(cause, field, each, wrong) for each in values]
            chance = sum(chances) / len(chances)
            yield _weighed(cause, about, field, values, _with_slips(chance, field, values, slips))


def _with_slips(chance: float, field: str, values: tuple[str, ...], slips: float) -> float:
    """How likely values are told where another one is meant so often."""
    anyway = vocabulary()[field].chances
    return (1.0 - slips) * chance + slips * sum(anyway[each] for each in values) / len(values)


def _weigh_denied(cause: Cause | None, field: str, values: tuple[str, ...]) -> Iterator[Weighed]:
    """What was looked for, and is not so.

    Of several that a unit may show, each is a search of its own. Of a field with one value it is
    one observation: the value is among those that are left.
    """
    if vocabulary()[field].many:
        for each in values:
            yield _denied(cause, field, (each,), chance_found(cause, field, each))
    else:
        chance = sum(chance_of(cause, field, each) for each in values)
        yield _denied(cause, field, values, min(chance, MOST_FOUND))


def _denied(cause: Cause | None, field: str, values: tuple[str, ...], chance: float) -> Weighed:
    about = None if cause is None else cause.about(field)
    told = about is not None and any(each in about.chances for each in values)
    return Weighed(
        field=field,
        values=values,
        log_chance=WEIGHTS.get(field, 1.0) * math.log(1.0 - chance),
        because=about.because if about is not None and told else "",
        seen=False,
    )


def _weighed(
    cause: Cause | None, about: Seen | None, field: str, values: tuple[str, ...], chance: float
) -> Weighed:
    excluded = {} if cause is None else cause.excludes.get(field, {})
    because = "" if about is None or not _is_meant(about, values, chance) else about.because
    for each in values:
        because = excluded.get(each, because)
    # What cannot be is no matter of how much the moment was told of already.
    weight = 1.0 if set(values) & set(excluded) else WEIGHTS.get(field, 1.0)
    return Weighed(
        field=field,
        values=values,
        log_chance=weight * math.log(chance),
        because=because,
    )


def _is_meant(about: Seen, values: tuple[str, ...], chance: float) -> bool:
    """Whether the reason of a field is one for these values, or against them."""
    anyway = vocabulary()[about.field].chances
    is_told = any(each in about.chances for each in values)
    return is_told or chance < sum(anyway[each] for each in values) / len(values)


def chance_of(
    cause: Cause | None, field: str, value: str, wrong_where_excluded: float = WRONG
) -> float:
    """Of a field with one value: how likely a report that fills it in says this one; 0 to 1.

    Args:
        cause: The cause; ``None``: none that is known.
        field: The field.
        value: One of its values.
        wrong_where_excluded: How likely it is told although it is not so, where the cause excludes
            it: less where a program has recorded it.
    """
    about = None if cause is None else cause.about(field)
    anyway = vocabulary()[field].chances
    wrong = SELDOM_WRONG if field in CODES else WRONG
    if cause is not None and value in cause.excludes.get(field, {}):
        return min(wrong, wrong_where_excluded) * anyway[value]
    if about is None:
        return anyway[value] * _of_code(cause, field)
    told = about.chances
    if value in told:
        chance = told[value]
    else:
        rest = sum(chance for other, chance in anyway.items() if other not in told)
        chance = (1.0 - sum(told.values())) * anyway[value] / rest
        if field in CODES:  # it would name one of its own
            chance = min(chance, anyway[value] * ANOTHER_CODE)
    return (1.0 - wrong) * chance + wrong * anyway[value]


def _of_code(cause: Cause | None, field: str) -> float:
    """What is left of the chance of a code where the cause says nothing of codes."""
    if field not in CODES:
        return 1.0
    return (UNKNOWN_CODE if cause is None else NOT_ITS_CODE)[field]


def chance_found(cause: Cause | None, field: str, value: str) -> float:
    """Of a field that takes several: how likely this is found by somebody who looks; 0 to 1."""
    return min(MOST_FOUND, LOOKED_FOR * _chance_of_many(cause, field, value))


def _chance_of_many(cause: Cause | None, field: str, value: str) -> float:
    """Of a field that takes several: how likely a report says this one among others."""
    anyway = vocabulary()[field].chances[value]
    if cause is not None and value in cause.excludes.get(field, {}):
        return WRONG * anyway
    about = None if cause is None else cause.about(field)
    return anyway if about is None else about.chances.get(value, anyway)


def _chance_of_one_of(cause: Cause | None, field: str, values: tuple[str, ...]) -> float:
    """The same of bits that add up: one of them is of this failure, the others of any before it."""
    anyway = [vocabulary()[field].chances[each] for each in values]
    shares = (
        _chance_of_many(cause, field, each) / usual
        for each, usual in zip(values, anyway, strict=True)
    )
    return math.prod(anyway) * sum(shares) / len(values)


def _weigh_cures(cause: Cause | None, actions: tuple[str, ...], anyway: float) -> Weighed:
    """At least one of the actions that were taken together has helped."""
    return Weighed(
        field="cured_by",
        values=actions,
        log_chance=math.log(chance_of_some_help(cause, actions, anyway)),
        because=_because_of_cures(cause, actions),
    )


def _weigh_failed_cures(cause: Cause | None, actions: tuple[str, ...], anyway: float) -> Weighed:
    """None of the actions that do the same has helped."""
    excluded = {} if cause is None else cause.excludes.get("not_cured_by", {})
    failing = chance_of_no_help(cause, actions, anyway)
    why = next((excluded[each] for each in actions if each in excluded), "")
    return Weighed(
        field="not_cured_by",
        values=actions,
        log_chance=math.log(WRONG * failing if why else failing),
        because=why or _because_of_cures(cause, actions),
    )


def _because_of_cures(cause: Cause | None, actions: Iterable[str]) -> str:
    about = None if cause is None else cause.about("cured_by")
    told = about is not None and any(each in about.chances for each in actions)
    return about.because if about is not None and told else ""
