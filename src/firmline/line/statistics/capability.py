"""Capability: how well a measurement fits between its limits.

* Cpk asks what the process could do: it uses the spread from one run to the next.
* Ppk says what it did: it uses the spread of all readings, drifts and differing slots among them.

Both are the distance from the mean to the nearer limit in units of three standard deviations, and
come with Bissell's interval (A. F. Bissell, "How Reliable Is Your Capability Index?", Applied
Statistics 39(3), 1990). They presume a normal distribution; the readings that really lay outside
are counted beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

from firmline.line.statistics.proportion import Share, Z
from firmline.line.statistics.readings import Series
from firmline.line.statistics.spread import Spread, mean, overall, within

FEW_VALUES: Final = 10
"""Different values below that are counts or steps rather than a measurement; ours."""
FEWEST: Final = 10
"""Readings from which on an index is told; ours: of fewer the interval is wider than the index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A capability index with its interval of 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """How a measurement fits between its limits.

    Attributes:
        readings: How many there are.
        mean: Their mean.
        sigma_within: Their standard deviation from one run to the next; None: not known.
        sigma: That of all of them; None: there is only one.
        least: The least that passes, as it was last; None: any.
        most: The most that passes, as it was last; None: any.
        outside: How many lay outside of these.
        cpk: By the spread from one run to the next; None: no limit, no spread, or too few readings.
        ppk: By the spread of all.
        remarks: Why the indices may mislead, one sentence each.
    """

    readings: int
    mean: float
    sigma_within: float | None
    sigma: float | None
    least: float | None
    most: float | None
    outside: Share
    cpk: Index | None
    ppk: Index | None
    remarks: tuple[str, ...]


def capability(series: Series) -> Capability:
    """The capability of a measurement, by its newest limits."""
    values = [each.value for each in series.readings]
    newest = series.readings[-1]
    least, most = newest.least, newest.most
    short, long = within(series.readings), overall(values)
    outside = sum(
        (least is not None and value < least) or (most is not None and value > most)
        for value in values
    )
    return Capability(
        readings=len(values),
        mean=mean(values),
        sigma_within=None if short is None else short.sigma,
        sigma=None if long is None else long.sigma,
        least=least,
        most=most,
        outside=Share(outside, len(values)),
        cpk=_index(values, short, least, most),
        ppk=_index(values, long, least, most),
        remarks=tuple(_remarks(series)),
    )


def _index(
    values: list[float], spread: Spread | None, least: float | None, most: float | None
) -> Index | None:
    if spread is None or spread.sigma <= 0 or len(values) < FEWEST:
        return None
    middle = mean(values)
    rooms = [middle - least] if least is not None else []
    rooms += [most - middle] if most is not None else []
    if not rooms:
        return None
    value = min(rooms) / (3 * spread.sigma)
    half = Z * sqrt(1 / (9 * len(values)) + value**2 / (2 * spread.freedom))
    return Index(value=value, low=value - half, high=value + half)


def _remarks(series: Series) -> list[str]:
    remarks = []
    if len({(each.least, each.most) for each in series.readings}) > 1:
        remarks.append("Its limits were changed meanwhile; the newest ones are used.")
    different = len({each.value for each in series.readings})
    if different < FEW_VALUES and len(series.readings) >= FEWEST:
        values = "value" if different == 1 else "values"
        remarks.append(
            f"It takes {different} {values} only: no normal distribution, and the indices of one"
            " mislead."
        )
    return remarks
