"""What is counted: the values that records are asked for, and that every statistic is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from firmline.line.outcomes import StepOutcome


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Where runs belong; what was not asked for is empty.

    Attributes:
        batch: The batch of their units.
        station: The station that they were made at.
        slot: Its slot.
        hour: The hour in which they began, UTC.
    """

    batch: str = ""
    station: str = ""
    slot: int = 0
    hour: datetime | None = None


EVERYWHERE: Final = Cell()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCount:
    """How many runs of a cell ended in one way.

    Attributes:
        cell: Where.
        outcome: How they ended.
        is_golden: Whether they were made on golden samples.
        runs: How many.
    """

    cell: Cell
    outcome: StepOutcome
    is_golden: bool
    runs: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """A run that came to a verdict on its unit.

    Attributes:
        cell: Where it belongs.
        passed: Whether the unit passed.
        is_wanted: Whether it is among the runs that were asked for.
    """

    cell: Cell
    passed: bool
    is_wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Retest:
    """Verdicts on units that have more than one under one recipe, as far as they are alike.

    Only runs that were asked for are counted; what became of their units later is told anyway.

    Attributes:
        cell: Where they belong.
        passed: Whether these runs passed.
        by_second: Of runs that were the first of their units: whether the unit had passed by its
            second; None: there was one before.
        at_last: Likewise, whether it passed at its last.
        runs: How many.
    """

    cell: Cell
    passed: bool
    by_second: bool | None
    at_last: bool | None
    runs: int


def retests(units: Iterable[Sequence[Verdict]]) -> tuple[Retest, ...]:
    """The same of all verdicts on each unit, in the order in which the runs began."""
    found: Counter[tuple[Cell, bool, bool | None, bool | None]] = Counter()
    for verdicts in units:
        passed = [each.passed for each in verdicts]
        for place, each in enumerate(verdicts):
            if len(verdicts) > 1 and each.is_wanted:
                told = (None, None) if place else (any(passed[:2]), passed[-1])
                found[each.cell, each.passed, *told] += 1
    return tuple(
        Retest(cell=cell, passed=passed, by_second=by_second, at_last=at_last, runs=runs)
        for (cell, passed, by_second, at_last), runs in found.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Runs, counted; and among them those on units that were tried more than once.

    Attributes:
        runs: The runs that were asked for, counted.
        retested: Of these the ones on units with more than one verdict under one recipe.
        first_at: When the first run began that was asked for and is of no golden sample; None:
            there is none.
        last_at: When the last of these began.
    """

    runs: tuple[RunCount, ...] = ()
    retested: tuple[Retest, ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Runs on one unit that went wrong in the same way.

    Attributes:
        unit: Product and serial number.
        outcome: How they ended; never PASS.
        phase: The step that decided; empty: none is recorded.
        cause: The likeliest cause of the last diagnosis; empty: none was made.
        code: The stable code; empty: none.
        runs: How many.
    """

    unit: tuple[str, str]
    outcome: StepOutcome
    phase: str
    cause: str
    code: str
    runs: int
