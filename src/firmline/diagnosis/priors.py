"""How likely each cause is before anything was seen: by the catalogue, and by a line's own runs.

A line meets some causes often and most of them never, which no catalogue can know. Counts of its
resolved runs come in as plain values, and how far they move the chances can be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from firmline.diagnosis.catalogue import UNKNOWN, catalogue

UNKNOWN_PRIOR: Final = 0.08
"""How likely a failure is none of the catalogue's, before anything was seen; ours."""
CATALOGUE_RUNS: Final = 100.0
"""How many resolved runs the frequencies of the catalogue count for, against a line's own; ours."""
MOST_LEARNED: Final = 900.0
"""How many runs a line's own count for at most, so that the catalogue always has a tenth of the
say; ours: who resolves runs resolves those that can be, and tomorrow's fault may be another."""


def priors(resolved: Mapping[str, int]) -> dict[str, float]:
    """How likely each cause is before anything was seen; the unknown one among them.

    The catalogue's frequencies count for :data:`CATALOGUE_RUNS` runs, a line's own for as many as
    there are, but for :data:`MOST_LEARNED` at most.

    Args:
        resolved: How often each cause was found in runs that were resolved, by its slug; what the
            catalogue does not have counts as unknown.
    """
    weights = {slug: cause.frequency.value for slug, cause in catalogue().items()}
    scale = (1.0 - UNKNOWN_PRIOR) * CATALOGUE_RUNS / sum(weights.values())
    counts = {slug: weight * scale for slug, weight in weights.items()}
    counts[UNKNOWN] = UNKNOWN_PRIOR * CATALOGUE_RUNS
    runs = sum(resolved.values())
    weight = MOST_LEARNED / runs if runs > MOST_LEARNED else 1.0
    for slug, count in resolved.items():
        counts[slug if slug in counts else UNKNOWN] += weight * count
    whole = sum(counts.values())
    return {slug: count / whole for slug, count in counts.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """How far the chance of one cause was moved, before anything was seen.

    Attributes:
        slug: Of the cause.
        runs: Resolved runs in which it was found.
        before: By the catalogue alone, 0 to 1.
        after: With the line's own runs.
    """

    slug: str
    runs: int
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What resolved runs have told.

    Attributes:
        runs: How many there are.
        weight: For how many they count; the catalogue counts for a hundred.
        moved: The causes that were found, the most frequent first.
        others: By what the chance of every other cause was multiplied.
    """

    runs: int
    weight: float
    moved: tuple[Moved, ...]
    others: float


def learned_from(resolved: Mapping[str, int]) -> Learned:
    """How far counts of resolved runs move the chances.

    Args:
        resolved: As for :func:`priors`.
    """
    before, after = priors({}), priors(resolved)
    found: dict[str, int] = {}
    for slug, runs in resolved.items():
        if runs:
            known = slug if slug in before else UNKNOWN
            found[known] = found.get(known, 0) + runs
    moved = [
        Moved(slug=slug, runs=runs, before=before[slug], after=after[slug])
        for slug, runs in sorted(found.items(), key=lambda item: -item[1])
    ]
    runs = sum(found.values())
    other = next((slug for slug in before if slug not in found), None)
    return Learned(
        runs=runs,
        weight=min(float(runs), MOST_LEARNED),
        moved=tuple(moved),
        others=1.0 if other is None else after[other] / before[other],
    )
