"""What is counted: the values that records are asked for, and that every statistic is made of."""

from __future__ import annotations

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
class Counts:
    """Runs, counted; and those units one by one that were tried more than once.

    Attributes:
        runs: The runs that were asked for, counted.
        retested: Of every unit with more than one verdict under one recipe all of these, in the
            order in which the runs began, also of runs that were not asked for.
        first_at: When the first run began that was asked for and is of no golden sample; None:
            there is none.
        last_at: When the last of these began.
    """

    runs: tuple[RunCount, ...] = ()
    retested: tuple[tuple[Verdict, ...], ...] = ()
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
