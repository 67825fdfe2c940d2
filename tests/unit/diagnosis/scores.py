"""How good a ranking is, over cases whose cause is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from firmline.diagnosis.catalogue import catalogue
from unit.diagnosis.cases import Case


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Shares of the cases, 0 to 1; of the Brier score, less is better (0 to 2)."""

    top1: float
    top3: float
    family: float
    brier: float


def score(cases: Iterable[Case], ranked: Callable[[Case], dict[str, float]]) -> Scores:
    """Score what says how likely each cause is."""
    cases = list(cases)
    top1 = top3 = family = brier = 0.0
    for case in cases:
        chances = ranked(case)
        order = sorted(chances, key=lambda slug: -chances[slug])
        top1 += order[:1] == [case.cause]
        top3 += case.cause in order[:3]
        family += best_family(chances) == family_of(case.cause)
        slugs = {*chances, case.cause}
        brier += sum((chances.get(slug, 0.0) - (slug == case.cause)) ** 2 for slug in slugs)
    number = len(cases)
    return Scores(
        top1=top1 / number, top3=top3 / number, family=family / number, brier=brier / number
    )


def best_family(chances: dict[str, float]) -> str:
    """The likeliest family of these causes."""
    families: dict[str, float] = {}
    for slug, chance in chances.items():
        families[family_of(slug)] = families.get(family_of(slug), 0.0) + chance
    return max(families, key=lambda name: families[name])


def family_of(slug: str) -> str:
    """The family of a cause; the unknown one is its own."""
    return catalogue()[slug].family.slug if slug in catalogue() else slug
