"""Which test to do next: the most that can be learned per minute, before anything is destroyed.

Rules of this module:

* What a test is worth is how much its outcome is expected to narrow the causes down (the mutual
  information of outcome and cause, in bits), by the same model that ranks them.
* What takes the power away comes last: only where no other test that is at hand tells anything
  more. What destroys less costs more than its minutes, by weights (``data/``), so that it comes
  first only where it tells that much more than what destroys nothing; never where a test that
  destroys nothing tells as much per minute.
* Where a cause is known, and its fix destroys more than a test that could still show another cause,
  that test is owed; one that destroys nothing comes before all others then
  (:mod:`~firmline.diagnosis.sureness`).
* An attempt that passes ends the failure. As long as there is something to see that only a unit
  shows that fails, an attempt counts only as far as it is expected not to pass.
* A test is not proposed twice, nor one whose outcome is known, nor one that cannot be done where
  the unit is. What tells next to nothing is left out as long as something tells much more.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from firmline.diagnosis.diagnostic_tests import Test, diagnostic_tests, harm_of
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.expectation import Look, because_of_looking, because_of_trying
from firmline.diagnosis.information import (
    PASSES,
    bits,
    likely_causes,
    may_apply,
    outcomes_of_action,
    outcomes_of_field,
    outcomes_of_looking,
)
from firmline.diagnosis.ranking import Ranking
from firmline.diagnosis.sureness import could_be_another, could_be_contradicted, is_known

WORTH_BITS: Final = 0.05
"""A test that is expected to tell less is not worth doing; ours."""
LEAST_SHARE: Final = 1 / 40
"""A test that tells less than this of what the best one tells, per minute, waits until the better
ones are done; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A test, and what it is worth here.

    Attributes:
        test: The test.
        bits: How much it is expected to tell.
        because: What it tells apart, in words.
        passes: How likely the attempt behind its action passes; 0 of one that looks.
        is_owed: Whether it has to be done before the fix of the cause that is known.
    """

    test: Test
    bits: float
    because: str
    passes: float = 0.0
    is_owed: bool = False

    @property
    def per_minute(self) -> float:
        """What it tells in a minute, in bits, whatever it costs beside."""
        return self.bits / self.test.minutes

    def worth(self, *, with_failure: bool) -> float:
        """What it tells per minute, in bits.

        Args:
            with_failure: Whether there is something that only a failing unit shows.
        """
        return self.bits / self.test.cost * (1.0 - self.passes if with_failure else 1.0)


def plan(
    incident: Incident,
    ranking: Ranking,
    *,
    lacks: Collection[str] = (),
    done: Collection[str] = (),
) -> tuple[Proposal, ...]:
    """The tests that are worth doing, in the order in which to do them.

    Args:
        incident: What is known.
        ranking: Of that.
        lacks: Equipment that is not at hand.
        done: Tests that were done, whatever they showed.

    Returns:
        The next test first; after its result the plan is another. None where nothing failed.
    """
    if incident.has_nothing_to_explain:
        return ()
    likely = likely_causes(ranking)
    most = harm_of(fix_destroys(incident, ranking))
    proposals = [
        proposal
        for test in diagnostic_tests().values()
        if test.slug not in done and not set(test.needs) & set(lacks)
        if test.can_be_done(incident)
        if (proposal := _proposal(test, incident, ranking, likely, most)) is not None
    ]
    worth = _worths(proposals)
    best = max(
        (worth[each.test.slug] for each in proposals if not each.test.takes_power), default=0
    )
    return tuple(
        sorted(
            (
                each
                for each in proposals
                if each.is_owed
                or each.test.takes_power
                or worth[each.test.slug] >= best * LEAST_SHARE
            ),
            key=lambda each: (
                not (each.is_owed and each.test.is_harmless),
                each.test.takes_power,
                -worth[each.test.slug],
                not each.test.is_harmless,
            ),
        )
    )


def _worths(proposals: Collection[Proposal]) -> dict[str, float]:
    """What each test tells per minute, by its slug, with what it costs beside its minutes.

    What destroys something is never worth more than a harmless test that is as good.
    """
    with_failure = any(each.test.only_while_failing for each in proposals)
    worth = {
        each.test.slug: each.worth(with_failure=with_failure and not each.test.takes_power)
        for each in proposals
    }
    harmless = [each for each in proposals if each.test.is_harmless]
    for each in proposals:
        if not each.test.is_harmless:
            as_good = [other for other in harmless if other.per_minute >= each.per_minute]
            worth[each.test.slug] = min(
                worth[each.test.slug], *(worth[other.test.slug] for other in as_good), math.inf
            )
    return worth


def fix_destroys(incident: Incident, ranking: Ranking) -> tuple[str, ...]:
    """What is lost with the fix of the likeliest cause, by the names that tests have for it.

    Nothing is where the power was taken away already: what it held is gone.

    Args:
        incident: What is known.
        ranking: Of that.
    """
    seen = incident.by_field()
    tried = {*seen.get("cured_by", ()), *seen.get("not_cured_by", ())}
    if any(each.takes_power and each.action in tried for each in diagnostic_tests().values()):
        return ()
    first = ranking.causes[0].cause
    return () if first is None else first.fix_destroys


def _proposal(
    test: Test, incident: Incident, ranking: Ranking, likely: Mapping[str, float], most: float
) -> Proposal | None:
    """A test, if it is worth anything now, or owed before a fix that does that much harm."""
    looks = _looks(test, incident, likely)
    best = max(looks, key=lambda look: bits(look.outcomes, likely), default=None)
    worth = 0.0 if best is None else bits(best.outcomes, likely)
    is_owed = (
        is_known(ranking)
        and test.harm < most
        and (
            could_be_another(ranking, looks, likely)
            or _could_contradict(test, looks, incident, ranking)
        )
    )
    if best is None or not (is_owed or worth >= WORTH_BITS):
        return None
    if not test.action:
        because = because_of_looking(best, likely)
        return Proposal(test=test, bits=worth, because=because, is_owed=is_owed)
    helped = best.outcomes[PASSES]
    passes = sum(chance * helped[slug] for slug, chance in likely.items()) / sum(likely.values())
    because = because_of_trying(best, likely)
    return Proposal(test=test, bits=worth, because=because, passes=passes, is_owed=is_owed)


def _could_contradict(
    test: Test, looks: Iterable[Look], incident: Incident, ranking: Ranking
) -> bool:
    """Whether a test that destroys nothing could show that somebody has misread something."""
    fields = {look.what for look in looks} & set(test.fields)
    return test.is_harmless and could_be_contradicted(ranking, incident, fields)


def _looks(test: Test, incident: Incident, causes: Iterable[str]) -> list[Look]:
    """What the test can show, for each thing that it looks at."""
    seen, in_vain = incident.by_field(), incident.looked_for_in_vain()
    if test.action:
        known = (*seen.get("cured_by", ()), *seen.get("not_cured_by", ()))
        if test.action in known:
            return []
        return [Look(what=test.action, outcomes=outcomes_of_action(test.action, incident, causes))]
    fields = [
        Look(what=field, outcomes=outcomes_of_field(field, causes))
        for field in test.fields
        if field not in seen and may_apply(field, seen)
    ]
    known = (*seen.get("flags", ()), *in_vain.get("flags", ()))
    return fields + [
        Look(what=flag, outcomes=outcomes_of_looking("flags", flag, causes))
        for flag in test.flags
        if flag not in known
    ]
