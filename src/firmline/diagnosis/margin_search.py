"""Where an update stops working, while a voltage or a resistance is swept: which value to try next.

The chance that a run fails is taken to rise from ``by_chance`` on the good side of a threshold to
``1 - by_luck`` on the bad side, along a logistic curve of some width. All four are unknown: how
likely every combination is follows from the runs by Bayes' rule, with nothing known beforehand but
that the threshold is anywhere in the sweep, or that there is none in it: it never works, it always
works, or it fails now and then wherever it is run. So a run that fails by chance moves the answer a
little and does not lead the search astray, as it would a bisection; and a unit that fails at random
is told as that, and not as one with a threshold.

What is tried next is the value whose outcome is expected to tell most of where the threshold is
(the "psi-marginal" method of Kontsevich and Tyler, 1999, and Prins, 2013); first of all both ends,
the good one first. The interval that is told is Bayesian: with what is assumed above, the threshold
is in it with a chance of 95 %; the tests hold it to that over known thresholds.

The chance to fail is ``by_chance + rise * s``, with ``s`` the curve without its ends; so all shapes
of one width are weighed together (:class:`_Mix`), and the next value is there at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import accumulate, product
from math import exp, log
from typing import Final, Self

CONFIDENCE: Final = 0.95
"""Of the interval; the customary one."""
FINEST: Final = 100
"""Parts of a sweep that are told apart at most; ours, so that the next value is there at once."""
_CELLS_PER_STEP: Final = 4
"""Places of the threshold that are told apart within one step of the resolution; ours."""
_WIDTHS: Final = (0.0025, 0.02, 0.08, 0.2)
"""Of the curve, as parts of the sweep: hard as a brown-out, or as soft as noise makes it; ours."""
_BY_CHANCE: Final = (0.01, 0.1, 0.3)
"""Chance that a run fails on the good side; ours: a radio loses a link now and then."""
_BY_LUCK: Final = (0.01, 0.1, 0.3, 0.6)
"""Chance that one passes on the bad side; ours: some failures are intermittent there as well."""
_LEAST_RISE: Final = 0.35
"""Less between the two sides is no threshold that anybody could use; ours."""
_RARELY: Final = (0.01, 0.05)
"""Chance that a run fails where it always works, or passes where it never does; ours."""
_NOW_AND_THEN: Final = (0.2, 0.35, 0.5, 0.65, 0.8)
"""Chance that a run fails where what is swept does not decide; ours."""


class Place(StrEnum):
    """Where the threshold is."""

    INSIDE = "inside"
    NEVER_WORKS = "never_works"
    """It fails in the whole sweep."""
    ALWAYS_WORKS = "always_works"
    """It works in the whole sweep."""
    INTERMITTENT = "intermittent"
    """It fails now and then, at whatever value."""


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
        by_chance: How often runs fail on the good side, as far as is known; without a threshold, at
            every value.
        by_luck: How often runs pass on the bad side; without a threshold, at every value.
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


@dataclass(frozen=True, slots=True)
class _Shape:
    """A curve: its ends, and which of the widths it has."""

    width: int
    by_chance: float
    by_luck: float

    @property
    def rise(self) -> float:
        """From the good side to the bad one."""
        return 1 - self.by_chance - self.by_luck


_SHAPES: Final = tuple(
    shape
    for shape in (
        _Shape(width, by_chance, by_luck)
        for width, by_chance, by_luck in product(range(len(_WIDTHS)), _BY_CHANCE, _BY_LUCK)
    )
    if shape.rise >= _LEAST_RISE
)
_EVEN: Final = {
    Place.NEVER_WORKS: tuple(1 - chance for chance in _RARELY),
    Place.ALWAYS_WORKS: _RARELY,
    Place.INTERMITTENT: _NOW_AND_THEN,
}
"""Where there is no threshold: the chances that a run fails, at whatever value."""
_BEFORE: Final = {Place.NEVER_WORKS: 0.1, Place.ALWAYS_WORKS: 0.1, Place.INTERMITTENT: 0.2}
"""Their chances before anything is run; the rest is that there is a threshold; ours. A failure that
comes and goes is what most units are tried for, so that it is not taken for a threshold lightly."""


@dataclass(frozen=True, slots=True)
class _Mix:
    """All shapes of a threshold together: how likely, and how a run there would fail.

    Attributes:
        whole: How likely the threshold is there.
        base: The part of its chance to fail that every value has.
        rises: What the curve of each width adds, at its full height.
    """

    whole: float
    base: float
    rises: tuple[float, ...]

    @classmethod
    def of(cls, weights: Sequence[float]) -> Self:
        """Of the weights of all shapes."""
        rises = [0.0] * len(_WIDTHS)
        for weight, shape in zip(weights, _SHAPES, strict=True):
            rises[shape.width] += weight * shape.rise
        base = sum(w * shape.by_chance for w, shape in zip(weights, _SHAPES, strict=True))
        return cls(whole=sum(weights), base=base, rises=tuple(rises))


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
        inside = (1 - sum(_BEFORE.values())) / cells / len(_SHAPES)
        self._inside = [[inside] * len(_SHAPES) for _ in range(cells)]
        """By cell and shape, how likely it is."""
        self._even = {
            place: [_BEFORE[place] / len(chances)] * len(chances)
            for place, chances in _EVEN.items()
        }
        self._tried: list[Tried] = []
        self._curves: dict[float, list[tuple[float, ...]]] = {}
        for run in runs:
            self.learn(run)

    def learn(self, run: Tried) -> None:
        """Take a run into account."""
        for weights, curve in zip(self._inside, self._curves_at(run.value), strict=True):
            for place, shape in enumerate(_SHAPES):
                fail = shape.by_chance + shape.rise * curve[shape.width]
                weights[place] *= fail if run.failed else 1 - fail
        for where, even in self._even.items():
            for number, fail in enumerate(_EVEN[where]):
                even[number] *= fail if run.failed else 1 - fail
        rows = [*self._inside, *self._even.values()]
        whole = sum(map(sum, rows))
        for row in rows:
            row[:] = [each / whole for each in row]
        self._tried.append(run)

    def next_value(self) -> float:
        """What to try next: the good end, the bad end, then whatever is expected to tell most."""
        sweep, done = self._sweep, {run.value for run in self._tried}
        for end in (sweep.candidates[0], sweep.candidates[-1]):
            if end not in done:
                return end
        mixes = self._mixes()
        return min(sweep.candidates, key=lambda value: self._expected_entropy(value, mixes))

    def margin(self) -> Margin:
        """What is known now."""
        cells = [sum(weights) for weights in self._inside]
        chances = {Place.INSIDE: sum(cells), **{each: sum(w) for each, w in self._even.items()}}
        place = max(chances, key=lambda each: chances[each])
        edge = (1 - CONFIDENCE) / 2
        good_side, threshold, bad_side = (
            self._quantile(cells, share) for share in (edge, 0.5, 1 - edge)
        )
        is_narrow = abs(bad_side - good_side) <= self._sweep.resolution * 1.001
        by_chance, by_luck = self._against(place)
        return Margin(
            place=place,
            chance=chances[place],
            threshold=threshold,
            good_side=good_side,
            bad_side=bad_side,
            by_chance=by_chance,
            by_luck=by_luck,
            curve=self._curve(),
            is_found=chances[place] >= CONFIDENCE and (place is not Place.INSIDE or is_narrow),
        )

    def _against(self, place: Place) -> tuple[float, float]:
        """How often runs fail on the good side, and pass on the bad side."""
        if place is not Place.INSIDE:
            even = self._even[place]
            fails = sum(map(float.__mul__, even, _EVEN[place])) / sum(even)
            return fails, 1 - fails
        shapes = [sum(column) for column in zip(*self._inside, strict=True)]
        whole = sum(shapes)
        return (
            sum(w * shape.by_chance for w, shape in zip(shapes, _SHAPES, strict=True)) / whole,
            sum(w * shape.by_luck for w, shape in zip(shapes, _SHAPES, strict=True)) / whole,
        )

    def _quantile(self, cells: Sequence[float], share: float) -> float:
        """The value up to which so much of what is inside lies, from the good end on."""
        whole = sum(cells) or 1.0
        sums = [each / whole for each in accumulate(cells)]
        cell = min(bisect_left(sums, share), len(cells) - 1)
        before = sums[cell - 1] if cell else 0.0
        within = (share - before) / (sums[cell] - before) if sums[cell] > before else 0.5
        return self._sweep.value((cell + within) / len(cells))

    def _mixes(self) -> list[_Mix]:
        return [_Mix.of(weights) for weights in self._inside]

    def _failing(self, value: float, mixes: Sequence[_Mix]) -> list[float]:
        """Of each cell, how likely the threshold is there and a run at that value fails."""
        return [
            mix.base + sum(map(float.__mul__, mix.rises, curve))
            for mix, curve in zip(mixes, self._curves_at(value), strict=True)
        ]

    def _evenly_failing(self) -> dict[Place, float]:
        return {
            place: sum(map(float.__mul__, weights, _EVEN[place]))
            for place, weights in self._even.items()
        }

    def _curve(self) -> tuple[tuple[float, float], ...]:
        mixes, evenly = self._mixes(), sum(self._evenly_failing().values())
        return tuple(
            (value, sum(self._failing(value, mixes)) + evenly) for value in self._sweep.candidates
        )

    def _expected_entropy(self, value: float, mixes: Sequence[_Mix]) -> float:
        """How much would not be known of the threshold behind a run there, in nats."""
        failing = self._failing(value, mixes)
        passing = [mix.whole - fail for mix, fail in zip(mixes, failing, strict=True)]
        for place, fail in self._evenly_failing().items():
            failing.append(fail)
            passing.append(sum(self._even[place]) - fail)
        return _entropy(failing) + _entropy(passing)

    def _curves_at(self, value: float) -> list[tuple[float, ...]]:
        """For every place of the threshold and every width, how far the curve has risen there."""
        if value not in self._curves:
            at = self._sweep.part(value)
            self._curves[value] = [
                tuple(_risen((at - part) / width) for width in _WIDTHS) for part in self._parts
            ]
        return self._curves[value]


def _risen(steepness: float) -> float:
    return 1 / (1 + exp(-max(-50.0, min(50.0, steepness))))


def _entropy(parts: Sequence[float]) -> float:
    """Of chances that are not 1 together, weighted by their sum."""
    whole = sum(parts)
    if whole <= 0:
        return 0.0
    return -sum(part * log(part / whole) for part in parts if part > 0)
