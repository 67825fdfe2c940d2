"""Where an update stops working, while a voltage or a resistance is swept: which value to try next.

The chance that a run fails is taken to rise from ``by_chance`` on the good side of a threshold to
``1 - by_luck`` on the bad side, along a logistic curve of some width. All four are unknown: how
likely every combination is follows from the runs by Bayes' rule, with nothing known beforehand but
that the threshold is anywhere in the sweep, or outside of it. So a run that fails by chance moves
the answer a little and does not lead the search astray, as it would a bisection.

What is tried next is the value whose outcome is expected to tell most of where the threshold is
(the "psi-marginal" method of Kontsevich and Tyler, 1999, and Prins, 2013); first of all both ends,
the good one first. The interval that is told is Bayesian: with what is assumed above, the threshold
is in it with a chance of 95 %; the tests hold it to that over known thresholds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import accumulate, product
from math import exp, log
from typing import Final

CONFIDENCE: Final = 0.95
"""Of the interval; the customary one."""
FINEST: Final = 100
"""Parts of a sweep that are told apart at most; ours, so that the next value is there at once."""
_CELLS_PER_STEP: Final = 4
"""Places of the threshold that are told apart within one step of the resolution; ours."""
_OUTSIDE: Final = 0.1
"""Chance, before anything is run, that it never works in the sweep; as much that it always does."""
_WIDTHS: Final = (0.0025, 0.02, 0.08)
"""Of the curve, as parts of the sweep: hard as a brown-out, or as soft as noise makes it; ours."""
_BY_CHANCE: Final = (0.01, 0.1, 0.3)
"""Chance that a run fails on the good side; ours: a radio loses a link now and then."""
_BY_LUCK: Final = (0.01, 0.1)
"""Chance that one passes on the bad side; ours."""


class Place(StrEnum):
    """Where the threshold is."""

    INSIDE = "inside"
    NEVER_WORKS = "never_works"
    """It fails in the whole sweep."""
    ALWAYS_WORKS = "always_works"
    """It works in the whole sweep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A run that counts.

    Attributes:
        value: At which it was run.
        failed: Whether it failed.
    """

    value: float
    failed: bool


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What is swept.

    Attributes:
        good: The end at which it should work.
        bad: The end at which it should not.
        resolution: How narrow the interval has to be, in the same unit.
    """

    good: float
    bad: float
    resolution: float

    @cached_property
    def candidates(self) -> tuple[float, ...]:
        """The values that may be tried, from the good end to the bad one."""
        parts = 2 * self.steps
        span = self.bad - self.good
        return tuple(round(self.good + span * part / parts, 6) for part in range(parts + 1))

    @property
    def steps(self) -> int:
        """Parts of the size of the resolution, or a little less."""
        exact = abs(self.bad - self.good) / self.resolution
        return max(1, min(FINEST, int(exact + 0.999)))

    def value(self, part: float) -> float:
        """The value at a part of the way from the good end to the bad one."""
        return self.good + (self.bad - self.good) * part

    def part(self, value: float) -> float:
        """The part of the way at which a value is."""
        return (value - self.good) / (self.bad - self.good)


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """What is known of the threshold.

    Attributes:
        place: Where it most likely is.
        chance: How likely that is, 0 to 1.
        threshold: The value at which a run would fail half of the time, if it is inside: the middle
            of what is likely.
        good_side: End of the interval towards the good end.
        bad_side: End of the interval towards the bad end.
        by_chance: How often runs fail on the good side, as far as is known.
        by_luck: How often runs pass on the bad side.
        curve: Values of the sweep, and how likely a run fails there.
        is_found: Whether no more runs are needed.
    """

    place: Place
    chance: float
    threshold: float
    good_side: float
    bad_side: float
    by_chance: float
    by_luck: float
    curve: tuple[tuple[float, float], ...]
    is_found: bool


_Shape = tuple[float, float, float]
_SHAPES: Final[tuple[_Shape, ...]] = tuple(product(_WIDTHS, _BY_CHANCE, _BY_LUCK))


class MarginSearch:
    """Learns from runs where the threshold is, and says what to try next.

    Args:
        sweep: What is swept.
        runs: Those that count, so far.
    """

    def __init__(self, sweep: Sweep, runs: Sequence[Tried] = ()) -> None:
        self._sweep = sweep
        cells = sweep.steps * _CELLS_PER_STEP
        self._parts = [(cell + 0.5) / cells for cell in range(cells)]
        inside = (1 - 2 * _OUTSIDE) / cells
        self._prior = [_OUTSIDE, *[inside] * cells, _OUTSIDE]
        """It never works; a threshold in each cell; it always works."""
        self._weights = [[weight / len(_SHAPES) for _ in _SHAPES] for weight in self._prior]
        self._tried: list[Tried] = []
        self._fail_tables: dict[float, list[list[float]]] = {}
        for run in runs:
            self.learn(run)

    def learn(self, run: Tried) -> None:
        """Take a run into account."""
        table = self._table(run.value)
        whole = 0.0
        for weights, fails in zip(self._weights, table, strict=True):
            for place, fail in enumerate(fails):
                weights[place] *= fail if run.failed else 1 - fail
            whole += sum(weights)
        self._weights = [[each / whole for each in weights] for weights in self._weights]
        self._tried.append(run)

    def next_value(self) -> float:
        """What to try next: the good end, the bad end, then whatever is expected to tell most."""
        sweep, done = self._sweep, {run.value for run in self._tried}
        for end in (sweep.candidates[0], sweep.candidates[-1]):
            if end not in done:
                return end
        return min(sweep.candidates, key=self._expected_entropy)

    def margin(self) -> Margin:
        """What is known now."""
        places = [sum(weights) for weights in self._weights]
        chances = {
            Place.NEVER_WORKS: places[0],
            Place.INSIDE: sum(places[1:-1]),
            Place.ALWAYS_WORKS: places[-1],
        }
        place = max(chances, key=lambda each: chances[each])
        edge = (1 - CONFIDENCE) / 2
        good_side, threshold, bad_side = (
            self._quantile(places[1:-1], share) for share in (edge, 0.5, 1 - edge)
        )
        is_narrow = abs(bad_side - good_side) <= self._sweep.resolution * 1.001
        shapes = [sum(column) for column in zip(*self._weights, strict=True)]
        return Margin(
            place=place,
            chance=chances[place],
            threshold=threshold,
            good_side=good_side,
            bad_side=bad_side,
            by_chance=sum(w * shape[1] for w, shape in zip(shapes, _SHAPES, strict=True)),
            by_luck=sum(w * shape[2] for w, shape in zip(shapes, _SHAPES, strict=True)),
            curve=tuple((value, self._chance_to_fail(value)) for value in self._sweep.candidates),
            is_found=chances[place] >= CONFIDENCE and (place is not Place.INSIDE or is_narrow),
        )

    def _quantile(self, cells: Sequence[float], share: float) -> float:
        """The value up to which so much of what is inside lies, from the good end on."""
        whole = sum(cells) or 1.0
        sums = [each / whole for each in accumulate(cells)]
        cell = min(bisect_left(sums, share), len(cells) - 1)
        before = sums[cell - 1] if cell else 0.0
        within = (share - before) / (sums[cell] - before) if sums[cell] > before else 0.5
        return self._sweep.value((cell + within) / len(cells))

    def _chance_to_fail(self, value: float) -> float:
        table = self._table(value)
        return sum(
            weight * fail
            for weights, fails in zip(self._weights, table, strict=True)
            for weight, fail in zip(weights, fails, strict=True)
        )

    def _expected_entropy(self, value: float) -> float:
        """How much would not be known of the threshold behind a run there, in nats."""
        failing, passing = [], []
        for weights, fails in zip(self._weights, self._table(value), strict=True):
            whole = sum(weights)
            fail = sum(map(float.__mul__, weights, fails))
            failing.append(fail)
            passing.append(whole - fail)
        return _entropy(failing) + _entropy(passing)

    def _table(self, value: float) -> list[list[float]]:
        """The chance to fail at a value, for every place of the threshold and every shape."""
        if value not in self._fail_tables:
            at = self._sweep.part(value)
            self._fail_tables[value] = [
                [1 - by_luck for _, _, by_luck in _SHAPES],
                *([_chance(at, part, shape) for shape in _SHAPES] for part in self._parts),
                [by_chance for _, by_chance, _ in _SHAPES],
            ]
        return self._fail_tables[value]


def _chance(at: float, threshold: float, shape: _Shape) -> float:
    width, by_chance, by_luck = shape
    steepness = max(-50.0, min(50.0, (at - threshold) / width))
    return by_chance + (1 - by_chance - by_luck) / (1 + exp(-steepness))


def _entropy(parts: Sequence[float]) -> float:
    """Of chances that are not 1 together, weighted by their sum."""
    whole = sum(parts)
    if whole <= 0:
        return 0.0
    return -sum(part * log(part / whole) for part in parts if part > 0)
