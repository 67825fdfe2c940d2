"""How far readings spread: within a slot from one run to the next, and overall.

The constants of control charts are not copied from a table but reckoned: c4 makes the standard
deviation of a normal sample unbiased (D. C. Montgomery, *Introduction to Statistical Quality
Control*, chapter 6 and appendix VI).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, lgamma, pi, sqrt
from typing import Final

from firmline.line.statistics.readings import Reading

D2: Final = 2 / sqrt(pi)
"""Mean range of two normal readings in standard deviations, 1.128."""
D3: Final = sqrt(2 - 4 / pi)
"""Standard deviation of that range, 0.853."""
EFFICIENCY: Final = 0.605
"""What a moving range is worth, against the standard deviation of as many readings (Cryer and Ryan,
"The Estimation of Sigma for an X Chart", Journal of Quality Technology 22(3), 1990)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A standard deviation, and how well it is known.

    Attributes:
        sigma: The standard deviation.
        freedom: Degrees of freedom that the estimate is worth.
    """

    sigma: float
    freedom: float


def mean(values: Sequence[float]) -> float:
    """Their mean."""
    return sum(values) / len(values)


def c4(freedom: int) -> float:
    """Mean of the standard deviation of a normal sample with so many degrees of freedom."""
    return sqrt(2 / freedom) * exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2))


def overall(values: Sequence[float]) -> Spread | None:
    """The standard deviation of all of them; None: of fewer than two."""
    if len(values) < 2:
        return None
    middle = mean(values)
    squares = sum((each - middle) ** 2 for each in values)
    return Spread(sigma=sqrt(squares / (len(values) - 1)), freedom=len(values) - 1)


def moving_ranges(readings: Iterable[Reading]) -> list[float | None]:
    """How far each reading is from the one before it in the same slot; None: it is the first there.

    Slots may differ for good; what a slot does from one run to the next is the spread that the
    process cannot help.
    """
    before: dict[tuple[str, int], float] = {}
    ranges: list[float | None] = []
    for each in readings:
        slot = (each.cell.station, each.cell.slot)
        past = before.get(slot)
        ranges.append(None if past is None else abs(each.value - past))
        before[slot] = each.value
    return ranges


def within(readings: Iterable[Reading]) -> Spread | None:
    """The standard deviation from one run to the next, from the mean moving range of the slots."""
    ranges = [each for each in moving_ranges(readings) if each is not None]
    if not ranges:
        return None
    return Spread(sigma=mean(ranges) / D2, freedom=EFFICIENCY * len(ranges))


def pooled(groups: Iterable[Sequence[float]]) -> Spread | None:
    """The standard deviation within groups, from all of them together; None: of none with two."""
    squares, freedom = 0.0, 0
    for values in groups:
        found = overall(values)
        if found is not None:
            squares += found.sigma**2 * found.freedom
            freedom += len(values) - 1
    return Spread(sigma=sqrt(squares / freedom), freedom=freedom) if freedom else None
