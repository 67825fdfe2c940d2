"""How sure a cause is, and what could still show that it is another one.

Rules of this module:

* A cause that is likelier than :data:`SURE` is known. It is acted on only where no test is owed.
* Owed is a test that is at hand, destroys less than the fix of that cause, and could show that it
  is another: it has outcomes with which the cause would not be known any more, and does not miss
  most of what it could be instead. Whoever does the fix first will never learn that.
* Owed is likewise a test that destroys nothing and could contradict what somebody says to have
  found, where that is what singles the cause out: who has read a register can have misread it.
* How a failure looks is shared by several causes: by that alone no cause is surer than
  :data:`TRUST`. What the unit answers, what is found on it, and what has helped, is of one of them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from firmline.diagnosis.catalogue import UNKNOWN
from firmline.diagnosis.contradiction_rules import rules
from firmline.diagnosis.evidence import RECORDED, Incident
from firmline.diagnosis.expectation import Look
from firmline.diagnosis.ranking import Ranking

SURE: Final = 0.9
"""A cause that is likelier than this is taken for known; ours."""
TRUST: Final = 0.95
"""How likely a cause is at most, for this, by how its failure looks: of the public failures that
were encoded blind, 20 of the 22 that were ranked above this were right."""
FINDS: Final = 0.1
"""A test that would find less than this of what else it could be is not waited for; ours: of all
that can be tried nearly everything helps now and then."""
OF_THE_UNIT: Final = frozenset({"result_code", "ext_error", "flags", "cured_by"})
"""What is answered by the unit, found on it, or done to it; all else is how a failure looks."""
SINGLES_OUT: Final = math.log(4.0)
"""From that strength on an argument singles a cause out; ours."""


def is_known(ranking: Ranking) -> bool:
    """Whether one cause is sure enough to be taken for known."""
    first = ranking.causes[0]
    return first.slug != UNKNOWN and first.probability >= SURE


def could_be_another(ranking: Ranking, looks: Iterable[Look], likely: Mapping[str, float]) -> bool:
    """Whether a test can come out so that the cause which is known is not known any more.

    Args:
        ranking: Its first cause is the one that is known.
        looks: What the test can show.
        likely: How likely each cause is that is worth telling from others.
    """
    first = ranking.causes[0].slug
    trusted = _trusted(ranking, likely)
    others = 1.0 - trusted[first]
    return any(_found(look, first, trusted) >= FINDS * others > 0 for look in looks)


def could_be_contradicted(ranking: Ranking, incident: Incident, fields: Collection[str]) -> bool:
    """Whether what is in a field could show that somebody has misread what singles the cause out.

    Args:
        ranking: Its first cause is the one that is known.
        incident: What it was ranked by.
        fields: What would be looked at: fields with one value.
    """
    told = {
        (each.field, each.value)
        for each in incident.evidence
        if each.seen and each.field == "flags" and each.origin not in RECORDED
    }
    read = {
        (each.field, value)
        for each in ranking.causes[0].speaks_for
        if each.seen and each.strength >= SINGLES_OUT
        for value in each.values
    }
    return any(
        looked_at.field in fields
        and any(field == other.field and value in other.values for field, value in told & read)
        for rule in rules()
        for looked_at, other in ((rule.one, rule.other), (rule.other, rule.one))
    )


def _found(look: Look, first: str, trusted: Mapping[str, float]) -> float:
    """How likely it is another cause, and the outcome one with which the first is not known."""
    found = 0.0
    for chances in look.outcomes.values():
        whole = sum(trusted[slug] * chances[slug] for slug in trusted)
        own = trusted[first] * chances[first]
        if own < SURE * whole:
            found += whole - own
    return found


def _trusted(ranking: Ranking, likely: Mapping[str, float]) -> dict[str, float]:
    """How likely each cause is, 1 together; the first no likelier than it can be trusted."""
    first = ranking.causes[0]
    others = sum(likely.values()) - likely[first.slug]
    most = 1.0 if _is_singled_out(ranking) else TRUST
    chance = min(first.probability, most) if others else 1.0
    scale = (1.0 - chance) / others if others else 0.0
    return {slug: chance if slug == first.slug else each * scale for slug, each in likely.items()}


def _is_singled_out(ranking: Ranking) -> bool:
    """Whether anything of the unit's own speaks for the first cause, and not only how it looks."""
    return any(
        each.seen and each.field in OF_THE_UNIT and each.strength >= SINGLES_OUT
        for each in ranking.causes[0].speaks_for
    )
