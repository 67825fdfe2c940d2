"""What goes wrong most: the Pareto analysis (Juran's "vital few", Quality Control Handbook)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter

from firmline.line.statistics.counts import Trouble


class What(StrEnum):
    """By what trouble is told apart."""

    CAUSE = "cause"
    PHASE = "phase"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One kind of trouble.

    Attributes:
        name: Its cause, phase or code; empty: not known.
        runs: Runs that ended with it.
        units: Units that had it.
        share: Of all these runs, 0 to 1.
        so_far: Of all these runs those of this kind and the more frequent ones, 0 to 1.
    """

    name: str
    runs: int
    units: int
    share: float
    so_far: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pareto:
    """Runs that went wrong, by what.

    Attributes:
        what: By what.
        bars: The most frequent first, those of which it is not known last.
        runs: Runs in all.
        units: Units in all.
    """

    what: What
    bars: tuple[Bar, ...]
    runs: int
    units: int

    @property
    def is_known(self) -> bool:
        """Whether anything is known at all."""
        return any(bar.name for bar in self.bars)


def of_units(troubles: Iterable[Trouble]) -> list[Trouble]:
    """Those that are the unit's fault: FAIL."""
    return [each for each in troubles if each.outcome.judges_unit]


def of_stations(troubles: Iterable[Trouble]) -> list[Trouble]:
    """Those that say nothing of the unit: ERROR, TIMEOUT and ABORTED."""
    return [each for each in troubles if not each.outcome.judges_unit]


def pareto(troubles: Sequence[Trouble], what: What) -> Pareto:
    """Troubles by cause, phase or code."""
    runs: Counter[str] = Counter()
    units: dict[str, set[tuple[str, str]]] = {}
    name_of = attrgetter(what.value)
    for each in troubles:
        name = name_of(each)
        runs[name] += each.runs
        units.setdefault(name, set()).add(each.unit)
    total = runs.total()
    bars, so_far = [], 0
    for name in sorted(runs, key=lambda name: (not name, -runs[name], name)):
        so_far += runs[name]
        bars.append(
            Bar(
                name=name,
                runs=runs[name],
                units=len(units[name]),
                share=runs[name] / total,
                so_far=so_far / total,
            )
        )
    every = set().union(*units.values())
    return Pareto(what=what, bars=tuple(bars), runs=total, units=len(every))
