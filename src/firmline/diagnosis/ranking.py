"""Which cause it is, and how sure that is.

Rules of this module:

* The chances of all causes and of :data:`~firmline.diagnosis.catalogue.UNKNOWN` are 1 together, and
  an unknown cause is never ruled out.
* What speaks for and against a cause is what is more, and less, likely with it than with the others
  that were possible before; against it only what it says something of.
* What was learned from resolved runs comes in as counts, and the ranking says how far they moved
  the chances.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from firmline.diagnosis.breaking_off import not_before
from firmline.diagnosis.catalogue import UNKNOWN, Cause, catalogue
from firmline.diagnosis.consistency import consistent, doubts
from firmline.diagnosis.evidence import OF_AN_UPDATE, Evidence, Incident
from firmline.diagnosis.likelihood import CODES, Weighed, weigh
from firmline.diagnosis.priors import Learned, learned_from, priors

TELLS: Final = 0.3
"""Below that a difference of logarithms (1.35 to 1) speaks neither for a cause nor against it."""

DOUBT: Final = 10
"""How much likelier the cause is not known where a source contradicts itself, by each time: what
else it says may be false as well; ours."""
OF_A_TEXT: Final = 100
"""The same where it is a text and no record: what it tells of may have happened to nobody; ours."""
NO_FAILURE: Final = 0.99
"""How likely it is that none of the causes is at work where an update ended well, or where a log
shows none; ours: it may have been another update that failed."""
NOT_SHOWN: Final = 0.9
"""How likely none of the causes can be named where what was recorded shows no failure: it happened
behind its end, if it did; ours. What is known of unit and host says nothing of that."""

PART: Final = 0.5
"""How likely it is at least, by a part of a record alone, that the cause is none of those that it
suggests: what tells that from another may be in what is missing; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """What an observation says of a cause.

    Attributes:
        field: Of the vocabulary.
        values: What was seen.
        seen: Whether it was seen; else it was looked for in vain.
        strength: The natural logarithm of how much likelier it is with this cause than it was
            before anything was seen.
        because: Why; may be empty.
    """

    field: str
    values: tuple[str, ...]
    seen: bool
    strength: float
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedCause:
    """A cause, and how likely it is.

    Attributes:
        cause: ``None``: none that is known.
        probability: 0 to 1.
        speaks_for: The strongest argument first.
        speaks_against: Likewise.
    """

    cause: Cause | None
    probability: float
    speaks_for: tuple[Argument, ...]
    speaks_against: tuple[Argument, ...]

    @property
    def slug(self) -> str:
        """Of the cause."""
        return UNKNOWN if self.cause is None else self.cause.slug

    @property
    def family(self) -> str:
        """Slug of its family."""
        return UNKNOWN if self.cause is None else self.cause.family.slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """All causes, the likeliest first.

    Attributes:
        causes: Every one of the catalogue, and the unknown one.
        families: How likely each family is, the likeliest first.
        learned: What resolved runs have told, beside the catalogue; ``None``: there were none.
    """

    causes: tuple[RankedCause, ...]
    families: Mapping[str, float]
    learned: Learned | None = None


def rank(incident: Incident, *, resolved: Mapping[str, int] | None = None) -> Ranking:
    """Rank the causes of an incident.

    Args:
        incident: What was seen.
        resolved: How often each cause was found in runs that were resolved
            (:func:`~firmline.diagnosis.priors.priors`).

    Returns:
        The ranking.
    """
    resolved = resolved or {}
    before = priors(resolved)
    if incident.has_nothing_to_explain or incident.shows_nothing:
        before = _of_nothing(before)
        incident = Incident()
    before[UNKNOWN] *= DOUBT ** doubts(incident) * (OF_A_TEXT if incident.prose else 1)
    incident = consistent(not_before(incident))
    weighed = {slug: weigh(catalogue().get(slug), incident) for slug in before}
    chances = _chances(before, weighed)
    if incident.is_undecided_part:
        chances = _of_part(chances, before, incident)
    if incident.has_unseen_failure:
        chances = _of_unseen(chances)
    expected = _expected(before, weighed)
    causes = tuple(
        _ranked(slug, chance, weighed[slug], expected)
        for slug, chance in sorted(chances.items(), key=lambda item: -item[1])
    )
    learned = learned_from(resolved) if any(resolved.values()) else None
    return Ranking(causes=causes, families=_families(causes), learned=learned)


def _of_nothing(priors: Mapping[str, float]) -> dict[str, float]:
    """How likely each cause is of an update that ended well, and of whose failure none is seen."""
    left = (1 - NO_FAILURE) / (1 - priors[UNKNOWN])
    return {
        slug: NO_FAILURE if slug == UNKNOWN else chance * left for slug, chance in priors.items()
    }


def _of_unseen(chances: Mapping[str, float]) -> dict[str, float]:
    """How likely each cause is where the failure is not in what was recorded."""
    unknown = max(NOT_SHOWN, chances[UNKNOWN])
    left = (1.0 - unknown) / (1.0 - chances[UNKNOWN])
    return {slug: unknown if slug == UNKNOWN else chance * left for slug, chance in chances.items()}


def _chances(
    before: Mapping[str, float], weighed: Mapping[str, tuple[Weighed, ...]]
) -> dict[str, float]:
    """How likely each cause is, by what was seen."""
    return _normalised(
        {
            slug: math.log(prior) + sum(each.log_chance for each in weighed[slug])
            for slug, prior in before.items()
        }
    )


def _of_part(
    chances: Mapping[str, float], before: Mapping[str, float], incident: Incident
) -> dict[str, float]:
    """How likely each cause is where a part of the record is missing.

    The doubt is that of the record by itself: what a person or a test tells beside it counts in
    full, and may take it away.
    """
    recorded = replace(incident, evidence=tuple(filter(_is_recorded, incident.evidence)))
    if len(recorded.evidence) < len(incident.evidence):
        alone = _chances(before, {slug: weigh(catalogue().get(slug), recorded) for slug in before})
    else:
        alone = dict(chances)
    unknown = alone[UNKNOWN]
    more = max(1.0, PART / (1.0 - PART) * (1.0 - unknown) / unknown)
    whole = 1.0 + (more - 1.0) * chances[UNKNOWN]
    return {
        slug: chance * (more if slug == UNKNOWN else 1.0) / whole
        for slug, chance in chances.items()
    }


def _is_recorded(evidence: Evidence) -> bool:
    return evidence.origin in OF_AN_UPDATE or evidence.field in CODES


def _normalised(logs: Mapping[str, float]) -> dict[str, float]:
    most = max(logs.values())
    raised = {slug: math.exp(log - most) for slug, log in logs.items()}
    whole = sum(raised.values())
    return {slug: each / whole for slug, each in raised.items()}


def _expected(
    priors: Mapping[str, float], weighed: Mapping[str, tuple[Weighed, ...]]
) -> tuple[float, ...]:
    """The logarithm of how likely each observation was before anything was seen."""
    columns = zip(*weighed.values(), strict=True)
    chances = list(priors.values())
    return tuple(
        math.log(
            sum(p * math.exp(each.log_chance) for p, each in zip(chances, column, strict=True))
        )
        for column in columns
    )


def _ranked(
    slug: str, chance: float, weighed: tuple[Weighed, ...], expected: tuple[float, ...]
) -> RankedCause:
    arguments = [
        Argument(
            field=each.field,
            values=each.values,
            seen=each.seen,
            strength=each.log_chance - anyway,
            because=each.because,
        )
        for each, anyway in zip(weighed, expected, strict=True)
    ]
    arguments.sort(key=lambda argument: -abs(argument.strength))
    return RankedCause(
        cause=catalogue().get(slug),
        probability=chance,
        speaks_for=tuple(each for each in arguments if each.strength >= TELLS),
        speaks_against=tuple(each for each in arguments if _is_against(each)),
    )


def _is_against(argument: Argument) -> bool:
    """Whether an observation speaks against a cause, and is not merely likelier with others.

    Of a cause that says nothing of it, it is as likely as in any report. A code of the unit is
    another thing: who names a reason has that one.
    """
    return argument.strength <= -TELLS and (bool(argument.because) or argument.field in CODES)


def _families(causes: tuple[RankedCause, ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for each in causes:
        found[each.family] = found.get(each.family, 0.0) + each.probability
    return dict(sorted(found.items(), key=lambda item: -item[1]))
