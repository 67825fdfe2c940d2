"""Version limits: at which versions a unit is asked whether what it has is newer.

A *limit* is a version L with the question "is the installed version at most L?". Two neighbouring
limits leave a range of versions that cannot be told apart; limits without a gap tell each version.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from firmline.errors import Code, InputError
from firmline.values import U32_MAX

MAX_LIMIT = U32_MAX - 1
"""The highest limit that asks anything: every version is at most the highest one (32 bits)."""
_BITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRange:
    """Versions from ``first`` to ``last``, both included.

    Raises:
        InputError: ``NUMBER_OUT_OF_RANGE``: they are not two versions in rising order.
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last <= U32_MAX:
            raise InputError(
                Code.NUMBER_OUT_OF_RANGE,
                f"{self.first} to {self.last} is no range of versions: they go from 0 to"
                f" {U32_MAX}, the lower one first.",
            )

    @property
    def is_exact(self) -> bool:
        """Whether it is one version."""
        return self.first == self.last

    def __contains__(self, version: int) -> bool:
        """Whether a version lies in it."""
        return self.first <= version <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.is_exact else f"{self.first} to {self.last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLimits:
    """Limits in rising order; a sequence that is never written out, as it may hold 2**32 - 1.

    Attributes:
        runs: Limits without a gap, each as its first and last one; rising, with gaps between.

    Raises:
        InputError: ``PROBE_PACK_MALFORMED``: there is no limit, or the runs do not rise.
    """

    runs: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        rising = all(one[1] + 1 < other[0] for one, other in pairwise(self.runs))
        in_range = all(0 <= first <= last <= MAX_LIMIT for first, last in self.runs)
        if not self.runs or not rising or not in_range:
            raise InputError(
                Code.PROBE_PACK_MALFORMED,
                "The limits of versions have to be runs in rising order, with gaps between them,"
                f" from 0 to {MAX_LIMIT}.",
            )

    @classmethod
    def every(cls) -> Self:
        """All there are: every version is told exactly."""
        return cls(runs=((0, MAX_LIMIT),))

    @classmethod
    def around(cls, exact: Iterable[VersionRange]) -> Self:
        """Limits that tell each version of some ranges, and any other within a power of two."""
        powers = ((2**bit - 1, 2**bit - 1) for bit in range(_BITS))
        wanted = ((max(0, part.first - 1), min(part.last, MAX_LIMIT)) for part in exact)
        runs: list[tuple[int, int]] = []
        for first, last in sorted([*powers, *wanted]):
            if runs and first <= runs[-1][1] + 1:
                runs[-1] = (runs[-1][0], max(runs[-1][1], last))
            else:
                runs.append((first, last))
        return cls(runs=tuple(runs))

    @property
    def told_exactly(self) -> tuple[VersionRange, ...]:
        """The versions that these limits tell from all others."""
        starts = ((0 if first == 0 else first + 1, last) for first, last in self.runs)
        ends = ((first, U32_MAX if last == MAX_LIMIT else last) for first, last in starts)
        return tuple(VersionRange(first=first, last=last) for first, last in ends if first <= last)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.runs)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.runs:
            yield from range(first, last + 1)

    def __getitem__(self, index: int) -> int:
        for first, last in self.runs:
            size = last - first + 1
            if 0 <= index < size:
                return first + index
            index -= size
        raise IndexError(index)

    def count_up_to(self, version: int) -> int:
        """How many limits are at most ``version``."""
        place = bisect_right(self.runs, version, key=lambda run: run[0])
        before = sum(last - first + 1 for first, last in self.runs[: max(0, place - 1)])
        if place == 0:
            return 0
        first, last = self.runs[place - 1]
        return before + min(version, last) - first + 1

    def below(self, index: int) -> VersionRange:
        """The versions above the limit before ``index`` and not above that at ``index``.

        Args:
            index: From 0 to the number of limits; that number means: above all of them.
        """
        count = len(self)
        first = self[index - 1] + 1 if index > 0 else 0
        return VersionRange(first=first, last=self[index] if index < count else U32_MAX)
