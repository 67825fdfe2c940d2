"""What a test is expected to show, in words: which outcome speaks for which cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from firmline.diagnosis.catalogue import UNKNOWN
from firmline.diagnosis.information import FAILS, NOT_SEEN, PASSES, SEEN, Outcomes
from firmline.diagnosis.vocabulary import vocabulary

SHOWN: Final = 3
"""Outcomes or causes that are named; ours."""
AMONG: Final = 6
"""So many of the likeliest causes are looked at to see with which of them an action helps; ours."""
HELPS: Final = 0.5
"""From this chance on an action is said to help; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One thing that a test shows.

    Attributes:
        what: The field or the flag that is looked at, or the action that is tried.
        outcomes: How likely each outcome is with each cause.
    """

    what: str
    outcomes: Outcomes


def because_of_looking(look: Look, likely: Mapping[str, float]) -> str:
    """Which outcome speaks for which cause, the likeliest outcomes first.

    Args:
        look: What is looked at.
        likely: How likely each cause is now.
    """
    told: dict[str, list[str]] = {}
    for value in _likeliest(look.outcomes, likely):
        told.setdefault(_favoured(look.outcomes[value], likely), []).append(value)
    parts: list[str] = []
    for slug, values in list(told.items())[:SHOWN]:
        verb = "for" if parts else "speaks for"
        shown = " or ".join(_outcome(look.what, value) for value in values[:2])
        parts.append(f"{shown} {verb} {_named(slug)}")
    whole = "; ".join(parts)
    return f"{whole[0].upper()}{whole[1:]}."


def because_of_trying(look: Look, likely: Mapping[str, float]) -> str:
    """With which causes an action is expected to help, and with which it is not.

    Args:
        look: What is tried.
        likely: How likely each cause is now.
    """
    passes = look.outcomes[PASSES]
    among = sorted(likely, key=lambda slug: -likely[slug])[:AMONG]
    helped = [slug for slug in among if passes[slug] >= HELPS]
    others = [slug for slug in among if passes[slug] < HELPS]
    favoured = _favoured(passes, likely)
    if favoured in helped and others:
        return f"It helps with {_listed(helped)}, and not with {_listed(others)}."
    return (
        f"If it helps, that speaks for {_named(favoured)}; if it does not, for"
        f" {_named(_favoured(look.outcomes[FAILS], likely))}."
    )


def _likeliest(outcomes: Outcomes, likely: Mapping[str, float]) -> Iterator[str]:
    """The outcomes, the likeliest first; what is seen before that it is not."""
    if SEEN in outcomes:
        yield from (SEEN, NOT_SEEN)
        return
    chances = {
        value: sum(likely[slug] * chance for slug, chance in of_causes.items())
        for value, of_causes in outcomes.items()
    }
    yield from sorted(chances, key=lambda value: -chances[value])


def _favoured(chances: Mapping[str, float], likely: Mapping[str, float]) -> str:
    """The cause that an outcome makes more of than of any other."""
    whole = sum(likely[slug] * chance for slug, chance in chances.items())
    return max(likely, key=lambda slug: likely[slug] * (chances[slug] / whole - 1.0))


def _outcome(what: str, value: str) -> str:
    """An outcome, in the words of the vocabulary."""
    if value in (SEEN, NOT_SEEN):
        meaning = vocabulary()["flags"].meanings[what]
        return f'"{meaning}"' if value == SEEN else "its absence"
    return f'"{vocabulary()[what].meanings[value]}"'


def _listed(slugs: list[str]) -> str:
    names = [_named(slug) for slug in slugs[:SHOWN]]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _named(slug: str) -> str:
    return "another cause" if slug == UNKNOWN else slug
