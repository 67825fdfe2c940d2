"""What an answer is expected to tell: the mutual information of what is seen and its cause."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

from firmline.diagnosis.catalogue import catalogue
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.likelihood import (
    chance_found,
    chance_of,
    chance_of_help,
    passes_anyway,
)
from firmline.diagnosis.ranking import Ranking
from firmline.diagnosis.vocabulary import vocabulary

NEGLIGIBLE: Final = 1e-4
"""Causes less likely than this do not decide what is asked or tried next; ours."""
PASSES, FAILS = "passes", "fails"
"""The outcomes of an attempt behind an action."""
SEEN, NOT_SEEN = "seen", "not seen"
"""The outcomes of looking for something."""

Outcomes = Mapping[str, Mapping[str, float]]
"""For each outcome, how likely it is with each cause, by its slug."""


def likely_causes(ranking: Ranking) -> dict[str, float]:
    """How likely each cause is that is worth telling from others."""
    return {each.slug: each.probability for each in ranking.causes if each.probability > NEGLIGIBLE}


def outcomes_of_action(action: str, incident: Incident, causes: Iterable[str]) -> Outcomes:
    """Whether the next attempt passes behind an action."""
    anyway = passes_anyway(incident)
    passes = {slug: chance_of_help(catalogue().get(slug), action, anyway) for slug in causes}
    return {PASSES: passes, FAILS: {slug: 1.0 - chance for slug, chance in passes.items()}}


def outcomes_of_field(field: str, causes: Iterable[str]) -> Outcomes:
    """Which of its values a field has."""
    causes = tuple(causes)
    return {
        value: {slug: chance_of(catalogue().get(slug), field, value) for slug in causes}
        for value in vocabulary()[field].meanings
    }


def outcomes_of_looking(field: str, value: str, causes: Iterable[str]) -> Outcomes:
    """Whether something is so, of a field that takes several values."""
    found = {slug: chance_found(catalogue().get(slug), field, value) for slug in causes}
    return {SEEN: found, NOT_SEEN: {slug: 1.0 - chance for slug, chance in found.items()}}


def bits(outcomes: Outcomes, causes: Mapping[str, float]) -> float:
    """How much is expected to be learned about the cause.

    Args:
        outcomes: What there can be to see.
        causes: How likely each cause is.
    """
    told = 0.0
    for chances in outcomes.values():
        whole = sum(causes[slug] * chance for slug, chance in chances.items())
        told += sum(
            causes[slug] * chance * math.log2(chance / whole)
            for slug, chance in chances.items()
            if chance > 0
        )
    return told
