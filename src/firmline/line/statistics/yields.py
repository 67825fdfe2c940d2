"""First-, second- and last-pass yield.

A unit counts once under each recipe, in the group of its first attempt: whatever becomes of it
later is told of that group. An attempt is a run that came to a verdict, PASS or FAIL; what was the
station's fault neither uses one up nor counts against the unit, as in the recipe's rules of
retests (:mod:`firmline.line.recipe.retest`).

* First-pass: the unit passed at its first attempt.
* Second-pass: it passed at its first or its second attempt.
* Last-pass: it passed at the last attempt that is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from firmline.line.outcomes import StepOutcome
from firmline.line.statistics.counts import Cell, Counts, Retest
from firmline.line.statistics.grouping import By, Key, label
from firmline.line.statistics.proportion import Share

PASS, FAIL = StepOutcome.PASS, StepOutcome.FAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """What became of the units of a group.

    Attributes:
        group: What it is called.
        units: Units that were tried first in it.
        first: Of these, how many passed at their first attempt.
        second: At their first or second.
        last: At their last.
        outcomes: The runs that were made in it, by how they ended.
    """

    group: str
    units: int
    first: Share
    second: Share
    last: Share
    outcomes: Mapping[StepOutcome, int]

    @property
    def runs(self) -> int:
        """Runs that were made in the group."""
        return sum(self.outcomes.values())

    @property
    def without_verdict(self) -> int:
        """Of these, runs that said nothing about the unit."""
        return sum(runs for each, runs in self.outcomes.items() if not each.judges_unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Yields:
    """The yields of a selection.

    Attributes:
        whole: Of all of it.
        groups: Of its groups, in their order; empty where it was not divided.
        golden: Runs on golden samples, which count nowhere.
        first_at: When the first run began; None: there is none.
        last_at: When the last run began.
    """

    whole: Yield
    groups: tuple[Yield, ...]
    golden: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(slots=True)
class _Tally:
    """A group while it is counted."""

    outcomes: Counter[StepOutcome] = field(default_factory=Counter)
    units: int = 0
    first: int = 0
    second: int = 0
    last: int = 0

    def add_singles(self, outcome: StepOutcome, runs: int) -> None:
        """Units of which this is the only verdict, as if every unit were one of those."""
        self.outcomes[outcome] += runs
        if outcome.judges_unit:
            self._add(runs, *(runs if outcome is PASS else 0,) * 3)

    def correct(self, retest: Retest) -> None:
        """These were none of those; the first ones of their units stand for them."""
        runs = retest.runs
        self._add(-runs, *(-runs if retest.passed else 0,) * 3)
        if retest.by_second is not None:
            passed = (retest.passed, retest.by_second, retest.at_last)
            self._add(runs, *(runs if each else 0 for each in passed))

    def _add(self, units: int, first: int, second: int, last: int) -> None:
        self.units += units
        self.first += first
        self.second += second
        self.last += last

    def add(self, other: _Tally) -> None:
        """All of another group."""
        self.outcomes.update(other.outcomes)
        self._add(other.units, other.first, other.second, other.last)

    def told(self, group: str) -> Yield:
        """What it comes to."""
        return Yield(
            group=group,
            units=self.units,
            first=Share(self.first, self.units),
            second=Share(self.second, self.units),
            last=Share(self.last, self.units),
            outcomes=dict(self.outcomes),
        )


def yields(counts: Counts, by: By | None = None) -> Yields:
    """The yields of what was counted.

    Args:
        counts: By what is divided is in its cells.
        by: What the groups are; None: nothing is divided.
    """
    groups = _tallied(counts, (lambda _: "") if by is None else by.key)
    whole = _Tally()
    for each in groups.values():
        whole.add(each)
    return Yields(
        whole=whole.told("all"),
        groups=tuple(groups[key].told(label(by, key)) for key in sorted(groups)) if by else (),
        golden=sum(each.runs for each in counts.runs if each.is_golden),
        first_at=counts.first_at,
        last_at=counts.last_at,
    )


def _tallied(counts: Counts, key: Callable[[Cell], Key]) -> dict[Key, _Tally]:
    found: dict[Key, _Tally] = {}
    for each in counts.runs:
        if not each.is_golden:
            found.setdefault(key(each.cell), _Tally()).add_singles(each.outcome, each.runs)
    for retest in counts.retested:
        found[key(retest.cell)].correct(retest)
    return found
