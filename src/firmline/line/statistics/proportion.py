"""Shares with an interval.

Wilson's score interval: it stays within 0 and 1, says something also where nothing or everything
failed, and covers the true share about as often as it promises also for shares near 1, which the
textbooks' normal interval does not; Clopper and Pearson's is wider than it has to be. (Brown, Cai
and DasGupta, "Interval Estimation for a Binomial Proportion", Statistical Science 16(2), 2001,
recommend it for few and many trials alike.)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Final

CONFIDENCE: Final = 0.95
"""Of every interval of this room; the customary level."""
Z: Final = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
"""Standard deviations to both sides that hold the confidence: 1.96."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many.

    Attributes:
        count: How many.
        of: Of how many; 0: there is no share.
    """

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, 0 to 1; None: of nothing."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's interval (E. B. Wilson, JASA 22, 1927); None: of nothing."""
        if not self.of:
            return None
        share = self.count / self.of
        weight = Z * Z / self.of
        middle = (share + weight / 2) / (1 + weight)
        half = Z * sqrt(share * (1 - share) / self.of + weight / (4 * self.of)) / (1 + weight)
        # At the ends it is exact: the square root only misses by a rounding.
        low = 0.0 if self.count == 0 else max(0.0, middle - half)
        high = 1.0 if self.count == self.of else min(1.0, middle + half)
        return low, high
