"""What comparing units by what they have in common comes to, as values and in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

ALPHA: Final = 0.05
"""A corrected chance below that is no chance; the customary bound."""
FOLLOWING: Final = frozenset(
    {
        *("duration", "elapsed", "took", "progress", "phase", "message", "reason", "cause"),
        *("error", "errors", "retries", "ended", "finished", "end"),
    }
)
"""Words in the name of what is measured while an attempt runs, or at its end, which a failure
changes: one that fails at once is short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One attempt with one unit.

    Attributes:
        unit: Which.
        failed: Whether it failed.
        factors: What may have to do with it, by name; empty values are not known.
    """

    unit: str
    failed: bool
    factors: Mapping[str, str]


class Relation(StrEnum):
    """How a value parts those with it from those without."""

    IS = "="
    FROM = ">="
    TO = "<="


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The units that were tried with a value of a factor, beside those tried without it.

    Attributes:
        factor: Name of the factor.
        relation: Whether the value is meant, or all from it on, or all up to it.
        value: Of it.
        failed: Units that failed with it.
        units: Units tried with it.
        other_failed: Units that failed without it.
        other_units: Units tried without it; those tried both ways count on both sides.
        both: Units tried both ways, which are compared with themselves.
        only_with: Of these, units that failed with it and never without.
        only_without: Of these, units that failed without it and never with it.
        failed_first: Whether each of ``only_with`` failed first, and was tried without it later.
        chance: That at least as many of them fail by chance alone; 0 to 1.
        corrected: The same, for the number of comparisons.
        least: The chance if as many failed with it as can: no result is less likely.
        failing: The units that failed with it.
        rows: Whether each attempt was made with it, None: that is not known; of a factor that is
            parted into more and less only.
    """

    factor: str
    relation: Relation = Relation.IS
    value: str
    failed: int
    units: int
    other_failed: int
    other_units: int
    both: int = 0
    only_with: int = 0
    only_without: int = 0
    failed_first: bool = False
    chance: float
    corrected: float
    least: float = 0.0
    failing: frozenset[str] = field(default=frozenset(), repr=False)
    rows: tuple[bool | None, ...] = field(default=(), repr=False)

    @property
    def label(self) -> str:
        """What it is called."""
        return f"{self.factor} {self.relation} {self.value}"

    @property
    def stands_out(self) -> bool:
        """Whether it is more than chance."""
        return self.corrected < ALPHA

    @property
    def may_follow(self) -> bool:
        """Whether it may come of the failure, by the factor's name, and not the other way round."""
        return not FOLLOWING.isdisjoint(re.split(r"[\W_]+", self.factor.lower()))


def standing_out(cohorts: Iterable[Cohort]) -> Cohort | None:
    """What stands out most, and may be a cause, if there is any such; None: nothing does."""
    out = [each for each in cohorts if each.stands_out]
    return min(out, key=lambda each: each.may_follow, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What comparing cohorts comes to.

    Attributes:
        units: Units in all.
        failing: Units that failed.
        passed_attempts: Attempts that did not fail.
        cohorts: Every cohort, the least likely by chance first.
        alike: Those that cannot be told apart from the first that stands out.
        beside: Those that stand out, and do so as well with the first held fixed.
        unused: What was not compared, and why, one sentence each.
    """

    units: int
    failing: frozenset[str]
    passed_attempts: int
    cohorts: tuple[Cohort, ...]
    alike: tuple[Cohort, ...] = ()
    beside: tuple[Cohort, ...] = ()
    unused: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        """How many units failed."""
        return len(self.failing)

    @property
    def first(self) -> Cohort | None:
        """What stands out most; None: nothing does."""
        return standing_out(self.cohorts)

    @property
    def can_stand_out(self) -> bool:
        """Whether anything could, with so many units and so many failures."""
        return any(each.least * len(self.cohorts) < ALPHA for each in self.cohorts)

    @property
    def verdict(self) -> str:
        """The answer, in a few sentences, the first of which says it all."""
        if self.first is not None:
            return " ".join(self._of(self.first))
        return self._nothing_to_compare or self._nothing_stands_out

    @property
    def _nothing_to_compare(self) -> str:
        """Why not; empty: there is something."""
        if not self.units:
            return "There is no attempt to compare."
        if not self.failed:
            return "No unit failed."
        if not self.passed_attempts:
            who = "The only unit" if self.units == 1 else "Every unit"
            return f"{who} failed: without one that passed there is nothing to compare with."
        return ""

    @property
    def _nothing_stands_out(self) -> str:
        few = (
            ""
            if self.can_stand_out
            else " Nothing could, with so few: compare again when there are more."
        )
        if self.failed == 1:
            return (
                f"One unit failed, and nothing that it has in common with others stands out.{few}"
            )
        return (
            f"{self.failed} of {counted(self.units, 'unit')} failed, and nothing that they have in"
            f" common stands out.{few}"
        )

    def verdict_on(self, unit: str) -> str:
        """Whether a unit is one of a batch, in a sentence."""
        first = self.first
        if unit not in self.failing:
            return f"{unit} has not failed in this table."
        if first is None:
            return f"Nothing that was recorded makes {unit} one of a batch."
        if unit in first.failing:
            return f"{unit} has failed with {first.label}: it is one of these."
        return f"{unit} has failed without {first.label}: look for another reason for it."

    def _of(self, first: Cohort) -> Iterator[str]:
        """What stands out, and how far that can be trusted."""
        labels = ", or ".join(each.label for each in (first, *self.alike))
        which = "it" if not self.alike else "the first"
        yield (
            f"It is {labels}: {first.failed} of {counted(first.units, 'unit')} with {which} failed,"
            f" and {first.other_failed} of {first.other_units} without."
        )
        if self.alike:
            yield (
                "They go together in this table, so that nobody can tell them apart: try units with"
                " one of them changed and the others not."
            )
        if first.both:
            were = "1 unit that was" if first.both == 1 else f"{first.both} units that were"
            yield (
                f"Of {were} tried both ways, {first.only_with or 'none'} failed only with it, and"
                f" {first.only_without or 'none'} only without."
            )
        if first.failed_first:
            yield (
                "All of these failed first and were tried without it later: perhaps a second try"
                " helps, whatever else is changed. Try them with it once more."
            )
        if first.may_follow:
            yield "That may come of the failure, rather than cause it."
        if self.beside:
            yield f"Beside it, {' and '.join(each.label for each in self.beside)} stands out."


def counted(number: int, what: str) -> str:
    """So many of something, in words."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
