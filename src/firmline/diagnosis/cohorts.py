"""One unit, or a batch? Which common mark of the failing units, if any, stands out.

Every value of every factor (a station, a cell lot, a firmware version) divides the attempts into
those with it and those without; a number or a time, which hardly comes twice, divides them at the
place that parts best. An exact test says how likely at least as many failures among the first would
be by chance alone (:mod:`~firmline.diagnosis.cohort_chance`); with many factors some look odd by
chance, so the chances are corrected for their number (Holm's method, which keeps the chance of any
false alarm below :data:`~firmline.diagnosis.cohort.ALPHA`).

What stands out only because other marks go with it is looked for as well: with one of them held
fixed, does the other still make a difference? Where neither does without the other, the table
cannot tell them apart, and none is named alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from firmline.diagnosis.cohort import ALPHA, Cohort, Comparison, Relation, Row, standing_out
from firmline.diagnosis.cohort_chance import (
    Group,
    Sweep,
    Try,
    chance_of,
    chance_of_as_many,
    chance_of_best,
    grouped,
    least_chance,
)
from firmline.diagnosis.cohort_order import are_kinds, in_order

FEWEST: Final = 2
"""Units that have to have a value for it to be compared: what one unit has alone is that unit."""
MAX_PLACES: Final = 100
"""Places to part ordered values that are tried; ours: of more, evenly chosen ones."""
MAX_PLACES_WITHIN: Final = 20
"""The same where units were tried several times, which takes a count of each place by itself."""


def compare_cohorts(rows: Iterable[Row]) -> Comparison:
    """Compare the units that have a value of a factor with those that do not.

    A unit with several attempts under the same conditions counts once, as failed if one of them
    did; one with attempts under several conditions is compared with itself.

    Args:
        rows: Attempts, the oldest first.
    """
    attempts = tuple(rows)
    unused: list[str] = []
    cohorts: list[Cohort] = []
    for factor in dict.fromkeys(name for row in attempts for name in row.factors):
        cohorts += _of_factor(factor, attempts, unused)
    corrected = _corrected(cohorts)
    alike, beside = _rivals(corrected, attempts)
    return Comparison(
        units=len({row.unit for row in attempts}),
        failing=frozenset(row.unit for row in attempts if row.failed),
        passed_attempts=sum(not row.failed for row in attempts),
        cohorts=corrected,
        alike=alike,
        beside=beside,
        unused=tuple(unused),
    )


def _of_factor(factor: str, attempts: Sequence[Row], unused: list[str]) -> Iterator[Cohort]:
    """The cohorts of one factor; why there are none, or not all, is put to what is not used."""
    cells = [row.factors.get(factor, "") for row in attempts]
    units_of: dict[str, set[str]] = {}
    for row, cell in zip(attempts, cells, strict=True):
        if cell:
            units_of.setdefault(cell, set()).add(row.unit)
    if len(units_of) < 2:
        what = "is the same for all units that it is known of" if units_of else "is not known"
        unused.append(f"{factor} {what}.")
        return
    known = [cell for cell in cells if cell]
    order = in_order(known)
    if order is not None:
        numbers = iter(order)
        values = [next(numbers) if cell else None for cell in cells]
        strange = order.count(None)
        if strange:
            which = "value is" if strange == 1 else "values are"
            unused.append(f"{strange} {which} neither number nor time in {factor}, and left out.")
        yield from _parted(factor, attempts, cells, values)
        if not are_kinds(factor, known):
            return
    ways = Counter(unit for units in units_of.values() for unit in units)
    frequent = [
        value
        for value, units in units_of.items()
        if len(units) >= FEWEST or any(ways[unit] > 1 for unit in units)
    ]
    if not frequent:
        unused.append(f"{factor} is another one for every unit.")
    elif len(frequent) < len(units_of):
        rare = len(units_of) - len(frequent)
        whose = (
            "value that only one unit has" if rare == 1 else "values that only one unit each has"
        )
        unused.append(f"{factor} has {rare} {whose}.")
    of_units = _OfUnits(zip(attempts, cells, strict=True))
    for value in frequent:
        tries, rest, failing = of_units.tried(value)
        yield cohort_of(tries, factor=factor, value=value, rest=rest, rest_failing=failing)


class _OfUnits:
    """The attempts of every unit, with what each was made with; most units have one value only."""

    def __init__(self, attempts: Iterable[tuple[Row, str]]) -> None:
        of_unit: dict[str, list[tuple[str, bool]]] = {}
        for row, cell in attempts:
            if cell:
                of_unit.setdefault(row.unit, []).append((cell, row.failed))
        self._several: dict[str, list[tuple[str, bool]]] = {}
        self._units: Counter[str] = Counter()
        self._failing: dict[str, set[str]] = {}
        for unit, told in of_unit.items():
            value = told[0][0]
            if any(cell != value for cell, _ in told):
                self._several[unit] = told
                continue
            self._units[value] += 1
            if any(failed for _, failed in told):
                self._failing.setdefault(value, set()).add(unit)

    def tried(self, value: str) -> tuple[list[Try], Group, frozenset[str]]:
        """Attempts with the units that were tried both ways, the other units, and which failed."""
        failing = frozenset(self._failing.get(value, ()))
        rest = Group(
            marked=self._units[value],
            whole=self._units.total(),
            failed_marked=len(failing),
            failed=sum(map(len, self._failing.values())),
        )
        tries: list[Try] = []
        for unit, told in self._several.items():
            if any(cell == value for cell, _ in told):
                tries += [Try(unit=unit, failed=bad, marked=cell == value) for cell, bad in told]
            else:
                rest.count(marked=False, failed=any(bad for _, bad in told))
        return tries, rest, failing


def cohort_of(
    tries: Sequence[Try],
    *,
    factor: str,
    value: str,
    relation: Relation = Relation.IS,
    chance: float | None = None,
    rest: Group | None = None,
    rest_failing: frozenset[str] = frozenset(),
    rows: tuple[bool | None, ...] = (),
) -> Cohort:
    """A cohort.

    Args:
        tries: Attempts, the oldest first.
        factor: Its name.
        value: Its value.
        relation: What about the value is meant.
        chance: Of as many failures; None: it is counted here.
        rest: Units that were tried one way only, and are not among the attempts.
        rest_failing: Which of these failed with it.
        rows: As the cohort has them.
    """
    rest = rest or Group()
    mine, others = ({each.unit for each in tries if each.marked is side} for side in (True, False))
    failed, other_failed = (
        {each.unit for each in tries if each.failed and each.marked is side}
        for side in (True, False)
    )
    both = mine & others
    groups = [rest, *grouped(tries)]
    counted = chance_of(groups) if chance is None else chance
    return Cohort(
        factor=factor,
        relation=relation,
        value=value,
        failed=len(failed) + rest.failed_marked,
        units=len(mine) + rest.marked,
        other_failed=len(other_failed) + rest.failed - rest.failed_marked,
        other_units=len(others) + rest.whole - rest.marked,
        both=len(both),
        only_with=len((failed - other_failed) & both),
        only_without=len((other_failed - failed) & both),
        failed_first=_failed_first(tries, (failed - other_failed) & both),
        chance=counted,
        corrected=counted,
        least=least_chance(groups),
        failing=rest_failing | failed,
        rows=rows,
    )


def _failed_first(tries: Iterable[Try], units: set[str]) -> bool:
    """Whether each of the units failed before it was tried without the mark, and never since."""
    tried_without: set[str] = set()
    for each in tries:
        if each.unit in units and each.failed and each.unit in tried_without:
            return False
        if not each.marked:
            tried_without.add(each.unit)
    return bool(units)


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Attempts in the order of their values: units by number, and whether each failed."""

    places: list[int]
    tries: list[tuple[str, bool]]
    bounds: list[int]

    def best(self) -> tuple[int, float]:
        """After how many of them they are parted best, and the chance of as good a place."""
        failed = [each for _, each in self.tries]
        units, of_units = len(failed), sum(failed)
        if not self.has_each_once:
            chances = list(self._chances_within())
            worst = min(chances)
            return self.bounds[chances.index(worst)], min(1.0, worst * len(chances))
        so_far = [0, *accumulate(failed)]
        chances = [chance_of_as_many(so_far[each], each, of_units, units) for each in self.bounds]
        worst = min(chances)
        chance = chance_of_best(worst, self.bounds, of_units, units)
        return self.bounds[chances.index(worst)], chance

    @property
    def has_each_once(self) -> bool:
        """Whether no unit was tried twice."""
        return len({unit for unit, _ in self.tries}) == len(self.tries)

    def _chances_within(self) -> Iterator[float]:
        """The chance at each of the bounds, where units were tried several times."""
        sweep, done = Sweep(self.tries), 0
        for bound in self.bounds:
            for unit, failed in self.tries[done:bound]:
                sweep.mark(unit, failed=failed)
            done = bound
            yield sweep.chance()


def _parted(
    factor: str, attempts: Sequence[Row], cells: Sequence[str], values: Sequence[float | None]
) -> Iterator[Cohort]:
    """Those from the best place on, and those up to the best place."""
    for relation in (Relation.FROM, Relation.TO):
        ranked = _ranked(attempts, values, falls=relation is Relation.FROM)
        if not ranked.bounds:
            continue
        bound, chance = ranked.best()
        marks: list[bool | None] = [None] * len(attempts)
        for number, place in enumerate(ranked.places):
            marks[place] = number < bound
        yield cohort_of(
            [
                Try(unit=row.unit, failed=row.failed, marked=mark)
                for row, mark in zip(attempts, marks, strict=True)
                if mark is not None
            ],
            factor=factor,
            relation=relation,
            value=cells[ranked.places[bound - 1]],
            chance=chance,
            rows=tuple(marks),
        )


def _ranked(attempts: Sequence[Row], values: Sequence[float | None], *, falls: bool) -> _Ranked:
    """The attempts whose values are known in the order of these, and where they can be parted."""
    pairs = sorted(
        (-value if falls else value, place)
        for place, value in enumerate(values)
        if value is not None
    )
    ranked = _Ranked(
        places=[place for _, place in pairs],
        tries=[(attempts[place].unit, attempts[place].failed) for _, place in pairs],
        bounds=[
            count
            for count in range(FEWEST, len(pairs) - FEWEST + 1)
            if pairs[count][0] != pairs[count - 1][0]
        ],
    )
    most = MAX_PLACES if ranked.has_each_once else MAX_PLACES_WITHIN
    step = max(1.0, len(ranked.bounds) / most)
    kept = [ranked.bounds[int(n * step)] for n in range(min(most, len(ranked.bounds)))]
    return replace(ranked, bounds=kept)


def _corrected(cohorts: Iterable[Cohort]) -> tuple[Cohort, ...]:
    """With the chances for the number of comparisons (Holm, 1979), the least likely first."""
    order = sorted(cohorts, key=lambda each: each.chance)
    corrected, most = [], 0.0
    for place, each in enumerate(order):
        most = max(most, min(1.0, (len(order) - place) * each.chance))
        corrected.append(replace(each, corrected=most))
    return tuple(corrected)


# What goes with what.


def _rivals(
    cohorts: Sequence[Cohort], attempts: Sequence[Row]
) -> tuple[tuple[Cohort, ...], tuple[Cohort, ...]]:
    """Those that the first that stands out cannot be told apart from, and those beside it."""
    first = standing_out(cohorts)
    if first is None:
        return (), ()
    alike, beside = [], []
    for other in cohorts:
        if other.factor == first.factor or other.chance >= ALPHA:
            continue
        if other.may_follow and not first.may_follow:
            continue  # it goes with whatever the cause is
        if _chance_beside(first, other, attempts) >= ALPHA:
            alike.append(other)
        elif other.stands_out and _chance_beside(other, first, attempts) < ALPHA:
            beside.append(other)
    return _one_of_each(alike), _one_of_each(beside)


def _chance_beside(cohort: Cohort, fixed: Cohort, attempts: Sequence[Row]) -> float:
    """The chance of a cohort's failures among attempts that are the same in another mark."""
    tries = (
        Try(unit=row.unit, failed=row.failed, marked=mark, layer=layer)
        for row, mark, layer in zip(
            attempts, _marks(cohort, attempts), _marks(fixed, attempts), strict=True
        )
        if mark is not None and layer is not None
    )
    return chance_of(grouped(tries))


def _marks(cohort: Cohort, attempts: Sequence[Row]) -> Sequence[bool | None]:
    """Whether each attempt was made with a value; None: that is not known."""
    if cohort.rows:
        return cohort.rows
    cells = (row.factors.get(cohort.factor, "") for row in attempts)
    return [cell == cohort.value if cell else None for cell in cells]


def _one_of_each(cohorts: Iterable[Cohort]) -> tuple[Cohort, ...]:
    """The likeliest of each factor."""
    found: dict[str, Cohort] = {}
    for each in cohorts:
        found.setdefault(each.factor, each)
    return tuple(found.values())
