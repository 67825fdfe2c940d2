"""The current of a unit over time, as an instrument records it: bins of one millisecond.

An instrument takes 100,000 samples a second; a minute of them is no file that anybody looks at. A
bin keeps the least, the mean and the most of its samples, so that a peak of 10 microseconds is
still seen.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

BIN_S: Final = 0.001
"""Length of a bin, seconds; ours: a radio event takes a few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentSummary:
    """A run's current in short.

    Attributes:
        least_a: The least, amperes.
        mean_a: The mean, amperes.
        most_a: The most, amperes.
        charge_c: Charge, coulombs.
        duration_s: How long it was recorded, seconds.
        lost_samples: Samples that the instrument has taken and that have not arrived.
    """

    least_a: float
    mean_a: float
    most_a: float
    charge_c: float
    duration_s: float
    lost_samples: int = 0


class CurrentTrace:
    """Collects samples.

    Args:
        rate_hz: Samples a second.

    Attributes:
        lost_samples: Samples that have not arrived; time has passed for them all the same.
    """

    def __init__(self, *, rate_hz: int) -> None:
        self.lost_samples = 0
        self._rate_hz = rate_hz
        self._per_bin = max(1, round(rate_hz * BIN_S))
        self._starts = array("q")
        self._least, self._mean, self._most = array("d"), array("d"), array("d")
        self._open: list[float] = []
        self._count = 0
        self._sum = 0.0
        self._place = 0

    def add(self, amperes: Sequence[float]) -> None:
        """Samples, in order."""
        start = 0
        while start < len(amperes):
            end = start + self._per_bin - len(self._open)
            part = amperes[start:end]
            self._open += part
            self._place += len(part)
            if len(self._open) == self._per_bin:
                self._close_bin()
            start = end

    def lose(self, samples: int) -> None:
        """So many samples have not arrived."""
        self._close_bin()
        self.lost_samples += samples
        self._place += samples

    def _close_bin(self) -> None:
        if not self._open:
            return
        total = sum(self._open)
        self._starts.append(self._place - len(self._open))
        self._least.append(min(self._open))
        self._mean.append(total / len(self._open))
        self._most.append(max(self._open))
        self._count += len(self._open)
        self._sum += total
        self._open = []

    def bins(self) -> Iterator[tuple[float, float, float, float]]:
        """Every bin: when it begins (seconds), and its least, mean and most (amperes)."""
        self._close_bin()
        for start, least, mean, most in zip(
            self._starts, self._least, self._mean, self._most, strict=True
        ):
            yield start / self._rate_hz, least, mean, most

    def summary(self) -> CurrentSummary | None:
        """In short; ``None``: nothing has arrived."""
        self._close_bin()
        if not self._count:
            return None
        mean, duration_s = self._sum / self._count, self._place / self._rate_hz
        return CurrentSummary(
            least_a=min(self._least),
            mean_a=mean,
            most_a=max(self._most),
            charge_c=mean * duration_s,
            duration_s=duration_s,
            lost_samples=self.lost_samples,
        )
