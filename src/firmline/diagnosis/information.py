"""What an answer is expected to tell: the mutual information of what is seen and its cause."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from firmline.diagnosis.catalogue import UNKNOWN, Cause, catalogue
from firmline.diagnosis.cures import chance_of_help_now
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.likelihood import chance_found, chance_of
from firmline.diagnosis.ranking import Ranking
from firmline.diagnosis.vocabulary import vocabulary

NEGLIGIBLE: Final = 1e-4
"""Causes less likely than this do not decide what is asked or tried next; ours."""
LEAST: Final = 6
"""So many are told apart, however unlikely; ours."""
PASSES, FAILS = "passes", "fails"
"""The outcomes of an attempt behind an action."""
SEEN, NOT_SEEN = "seen", "not seen"
"""The outcomes of looking for something."""
FOLLOWS: Final = {
    "result_code": ("failure_kind", frozenset({"error_code"})),
    "ext_error": ("result_code", frozenset({"r0B", "refused"})),
    "progress": ("phase", frozenset({"data_transfer", "final_execute", "activation", "app_start"})),
}
"""Fields that are asked about only where another one, if it is known, has one of these values."""

Outcomes = Mapping[str, Mapping[str, float]]
"""For each outcome, how likely it is with each cause, by its slug."""


def may_apply(name: str, seen: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether there can be anything to say of a field, by what was seen in others."""
    if name not in FOLLOWS:
        return True
    before, values = FOLLOWS[name]
    if before in seen:
        return bool(values & set(seen[before]))
    return may_apply(before, seen)


def likely_causes(ranking: Ranking) -> dict[str, float]:
    """How likely each cause is that is worth telling from others, and a few in any case."""
    return {
        each.slug: each.probability
        for place, each in enumerate(ranking.causes)
        if place < LEAST or each.probability > NEGLIGIBLE
    }


def outcomes_of_action(action: str, incident: Incident, causes: Iterable[str]) -> Outcomes:
    """Whether the next attempt passes behind an action."""
    passes = {slug: chance_of_help_now(catalogue().get(slug), action, incident) for slug in causes}
    return {PASSES: passes, FAILS: {slug: 1.0 - chance for slug, chance in passes.items()}}


def outcomes_of_field(field: str, causes: Iterable[str]) -> Outcomes:
    """Which of its values a field has."""
    causes = tuple(causes)
    return {
        value: {slug: chances[slug] for slug in causes}
        for value, chances in _chances_of(field).items()
    }


@cache
def _chances_of(field: str) -> Outcomes:
    """Of every cause, and of none that is known: which of its values a field has."""
    return {
        value: {slug: chance_of(cause, field, value) for slug, cause in _every_cause()}
        for value in vocabulary()[field].meanings
    }


def outcomes_of_looking(field: str, value: str, causes: Iterable[str]) -> Outcomes:
    """Whether something is so, of a field that takes several values."""
    every = _chances_to_find(field, value)
    found = {slug: every[slug] for slug in causes}
    return {SEEN: found, NOT_SEEN: {slug: 1.0 - chance for slug, chance in found.items()}}


@cache
def _chances_to_find(field: str, value: str) -> Mapping[str, float]:
    """Of every cause, and of none that is known: whether something is found by who looks."""
    return {slug: chance_found(cause, field, value) for slug, cause in _every_cause()}


def _every_cause() -> list[tuple[str, Cause | None]]:
    return [(UNKNOWN, None), *catalogue().items()]


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
