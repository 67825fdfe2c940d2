"""What to ask a person next: the question whose answer is expected to tell most.

Rules of this module:

* A question is about one field with one value, about one observation that is there or not, or about
  one action that has helped or not. "Don't know" is always an answer, and says nothing.
* What people mostly know is asked before what they mostly do not: what an answer would tell counts
  as much as it is likely to be given (:data:`KNOWN`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.information import (
    FOLLOWS,
    bits,
    likely_causes,
    may_apply,
    outcomes_of_action,
    outcomes_of_field,
    outcomes_of_looking,
)
from firmline.diagnosis.ranking import Ranking
from firmline.diagnosis.vocabulary import vocabulary

WORTH_BITS: Final = 0.03
"""A question that is expected to tell less is not asked; ours."""
KNOWN: Final = {"field": 0.9, "flag": 0.5, "change": 0.6, "action": 0.25}
"""How likely a person can answer, by what is asked about; ours: an action must have been tried."""


class Kind(Enum):
    """What can be answered to a question."""

    CHOICE = "choice"
    """One of the values."""
    YES_NO = "yes or no"
    """Whether it is so."""
    HELPED = "helped or not"
    """Whether an action that was taken has helped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask.

    Attributes:
        key: Its name; who has been asked is not asked again.
        field: Of the vocabulary.
        value: What is asked about; empty: which value the field has.
        kind: What can be answered.
        text: As it is put to a person.
        choices: Values and what they mean, the likeliest first; of a choice.
        bits: How much the answer is expected to tell.
    """

    key: str
    field: str
    value: str
    kind: Kind
    text: str
    choices: tuple[tuple[str, str], ...]
    bits: float

    def answered(self, answer: str) -> Evidence:
        """What an answer says.

        Args:
            answer: One of the choices' values; ``yes`` or ``no`` of the other kinds.

        Raises:
            ValueError: It is none of them.
        """
        match self.kind:
            case Kind.CHOICE if answer in dict(self.choices):
                return Evidence(field=self.field, value=answer, origin=Origin.PERSON)
            case Kind.YES_NO if answer in ("yes", "no"):
                seen = answer == "yes"
                return Evidence(field=self.field, value=self.value, origin=Origin.PERSON, seen=seen)
            case Kind.HELPED if answer in ("yes", "no"):
                field = "cured_by" if answer == "yes" else "not_cured_by"
                return Evidence(field=field, value=self.value, origin=Origin.PERSON)
            case _:
                problem = f"no answer to this question: {answer[:40]!r}"
                raise ValueError(problem)


def next_question(
    incident: Incident, ranking: Ranking, *, asked: Collection[str] = ()
) -> Question | None:
    """The question to ask next; ``None``: no answer would tell more.

    Nobody is asked for an extended error before the result that it belongs to: what a question
    follows is asked first.

    Args:
        incident: What is known.
        ranking: Of that.
        asked: Questions that were asked already, by their keys.
    """
    causes = likely_causes(ranking)
    best = max(
        (each for each in _questions(incident, causes, asked) if each.bits >= WORTH_BITS),
        key=lambda question: question.bits,
        default=None,
    )
    seen = incident.by_field()
    while best is not None and best.field in FOLLOWS:
        before, _ = FOLLOWS[best.field]
        if before in seen or before in asked:
            break
        best = _about_field(before, causes)
    return best


def _questions(
    incident: Incident, causes: dict[str, float], asked: Collection[str]
) -> Iterator[Question]:
    """Every question whose answer is not known, of those that were not asked."""
    seen, in_vain = incident.by_field(), incident.looked_for_in_vain()
    tried = (*seen.get("cured_by", ()), *seen.get("not_cured_by", ()))
    for field in vocabulary().values():
        match field.name:
            case "not_cured_by":
                continue
            case "cured_by":
                for action in field.meanings:
                    if action not in tried and _key("cured_by", action) not in asked:
                        yield _about_action(action, incident, causes)
            case _ if field.many:
                known = (*seen.get(field.name, ()), *in_vain.get(field.name, ()))
                for value in field.meanings:
                    if value not in known and _key(field.name, value) not in asked:
                        yield _about_value(field.name, value, causes)
            case name if name not in seen and name not in asked and may_apply(name, seen):
                yield _about_field(field.name, causes)


def _key(field: str, value: str) -> str:
    """The name of a question about one of several values."""
    return f"{field}={value}"


def _about_field(name: str, causes: dict[str, float]) -> Question:
    field = vocabulary()[name]
    outcomes = outcomes_of_field(name, causes)
    likely = {
        value: sum(causes[slug] * chance for slug, chance in chances.items())
        for value, chances in outcomes.items()
    }
    order = sorted(field.meanings, key=lambda value: -likely[value])
    return Question(
        key=name,
        field=name,
        value="",
        kind=Kind.CHOICE,
        text=field.question,
        choices=tuple((value, field.meanings[value]) for value in order),
        bits=KNOWN["field"] * bits(outcomes, causes),
    )


def _about_value(name: str, value: str, causes: dict[str, float]) -> Question:
    meaning = vocabulary()[name].meanings[value]
    changed = name == "changed_since_last_good"
    asks = "Has this changed since it last worked" if changed else "Is it so"
    told = bits(outcomes_of_looking(name, value, causes), causes)
    return Question(
        key=_key(name, value),
        field=name,
        value=value,
        kind=Kind.YES_NO,
        text=f"{asks}: {meaning}?",
        choices=(),
        bits=KNOWN["change" if changed else "flag"] * told,
    )


def _about_action(action: str, incident: Incident, causes: dict[str, float]) -> Question:
    meaning = vocabulary()["cured_by"].meanings[action]
    told = bits(outcomes_of_action(action, incident, causes), causes)
    return Question(
        key=_key("cured_by", action),
        field="cured_by",
        value=action,
        kind=Kind.HELPED,
        text=f"If it was tried, has it helped: {meaning}?",
        choices=(),
        bits=KNOWN["action"] * told,
    )
