"""Control charts: what a measurement does in time, and which points chance alone would not make.

Each run gives one reading, so the chart is one of individuals and moving ranges, with limits three
standard deviations around the mean (Shewhart; Montgomery, *Introduction to Statistical Quality
Control*, section 6.4). Where a report is divided by hours, shifts or days these are its subgroups,
and the chart is one of means and standard deviations of subgroups of any size (section 6.3.2).

Run rules are looked at in the chart of individuals or means; ranges and standard deviations do not
spread as the rules presume, and are held against their limits alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from typing import Final

from firmline.line.statistics.grouping import By
from firmline.line.statistics.readings import Reading, Series
from firmline.line.statistics.rules import RULES, Rule, RuleSet, signals
from firmline.line.statistics.spread import D2, D3, c4, mean, moving_ranges, pooled, within

SHOWN: Final = 200
"""Points of a chart, the newest; ours. The limits are those of all readings."""
LIMIT: Final = 3.0
"""Standard deviations from the centre to a limit (Shewhart)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point of a chart.

    Attributes:
        at: When: the run's beginning, or that of the subgroup.
        value: Its height.
        low: The lower limit there.
        high: The upper limit there.
        rules: The names of the rules that it completes.
    """

    at: datetime
    value: float
    low: float
    high: float
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A line of points around a centre.

    Attributes:
        what: What a point is, in words.
        centre: The height of the centre.
        points: The points, the oldest first.
    """

    what: str
    centre: float
    points: tuple[Point, ...]

    @property
    def out(self) -> tuple[Point, ...]:
        """The points that chance alone would seldom make."""
        return tuple(point for point in self.points if point.rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlCharts:
    """The two charts of a measurement.

    Attributes:
        location: Where it lies: individuals, or means.
        spread: How far it spreads: moving ranges, or standard deviations.
        rules: Which rules were looked at.
    """

    location: Chart
    spread: Chart
    rules: RuleSet


def control_charts(
    series: Series, *, by: By | None = None, rules: RuleSet = RuleSet.WESTERN_ELECTRIC
) -> ControlCharts | None:
    """The charts of a measurement; None: there are too few readings for limits.

    Args:
        series: Its readings.
        by: What the report is divided by; times are subgroups.
        rules: Which rules are looked at.
    """
    if by is not None and by.is_time:
        return _of_means(series.readings, by, rules)
    return _of_individuals(series.readings, rules)


def _of_individuals(readings: Sequence[Reading], rules: RuleSet) -> ControlCharts | None:
    spread = within(readings)
    if spread is None:
        return None
    centre = mean([each.value for each in readings])
    room = LIMIT * spread.sigma
    sigmas = [(each.value - centre) / spread.sigma if spread.sigma else 0.0 for each in readings]
    first = max(0, len(readings) - SHOWN)
    found = signals(sigmas, RULES[rules], first=first)
    points = tuple(
        Point(
            at=each.at,
            value=each.value,
            low=centre - room,
            high=centre + room,
            rules=_names(completed),
        )
        for each, completed in zip(readings[first:], found, strict=True)
    )
    middle = spread.sigma * D2
    high = spread.sigma * (D2 + LIMIT * D3)
    ranges = zip(readings[first:], moving_ranges(readings)[first:], strict=True)
    return ControlCharts(
        location=Chart(what="each run", centre=centre, points=points),
        spread=Chart(
            what="moving range in a slot",
            centre=middle,
            points=tuple(
                _spread_point(each.at, value, 0.0, high, rules)
                for each, value in ranges
                if value is not None
            ),
        ),
        rules=rules,
    )


def _of_means(readings: Sequence[Reading], by: By, rules: RuleSet) -> ControlCharts | None:
    groups: dict[datetime, list[float]] = {}
    for each in readings:
        groups.setdefault(by.begin(each.at), []).append(each.value)
    several = [(at, values) for at, values in sorted(groups.items()) if len(values) > 1]
    spread = pooled(values for _, values in several)
    if spread is None or len(several) < 2:
        return None
    centre = mean([each.value for each in readings])
    means = [(at, mean(values), len(values)) for at, values in several]
    sigmas = [
        (value - centre) * sqrt(number) / spread.sigma if spread.sigma else 0.0
        for _, value, number in means
    ]
    first = max(0, len(several) - SHOWN)
    points = tuple(
        Point(
            at=at,
            value=value,
            low=centre - LIMIT * spread.sigma / sqrt(number),
            high=centre + LIMIT * spread.sigma / sqrt(number),
            rules=_names(completed),
        )
        for (at, value, number), completed in zip(
            means[first:], signals(sigmas, RULES[rules], first=first), strict=True
        )
    )
    return ControlCharts(
        location=Chart(what=f"mean of each {by.value}", centre=centre, points=points),
        spread=Chart(
            what=f"standard deviation of each {by.value}",
            centre=spread.sigma * mean([c4(len(values) - 1) for _, values in several]),
            points=tuple(
                _deviation(at, values, spread.sigma, rules) for at, values in several[first:]
            ),
        ),
        rules=rules,
    )


def _deviation(at: datetime, values: Sequence[float], sigma: float, rules: RuleSet) -> Point:
    found = pooled([values])
    assert found is not None  # noqa: S101 - only groups with two come here
    middle = c4(len(values) - 1)
    room = LIMIT * sqrt(1 - middle**2)
    low, high = max(0.0, (middle - room) * sigma), (middle + room) * sigma
    return _spread_point(at, found.sigma, low, high, rules)


def _spread_point(at: datetime, value: float, low: float, high: float, rules: RuleSet) -> Point:
    is_out = value > high or value < low
    beyond = (RULES[rules][0].name,) if is_out else ()
    return Point(at=at, value=value, low=low, high=high, rules=beyond)


def _names(rules: Sequence[Rule]) -> tuple[str, ...]:
    return tuple(rule.name for rule in rules)
