"""What was measured lately: the values that charts, capabilities and comparisons are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from firmline.line.statistics.counts import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A number that a run has measured; of a step that was tried again the last one.

    Attributes:
        cell: Where the run belongs.
        at: When it began.
        step: The step that has measured.
        name: What, in the recipe's words.
        unit: Unit of measure; empty: none.
        value: The number.
        least: The least that passed then; None: any.
        most: The most that passed then; None: any.
    """

    cell: Cell
    at: datetime
    step: str
    name: str
    unit: str
    value: float
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRun:
    """A run that came to a verdict, with what may have to do with it.

    Attributes:
        unit: Product and serial number.
        passed: Whether the unit passed.
        factors: What was known of the run, by name; empty values are not known.
    """

    unit: tuple[str, str]
    passed: bool
    factors: Mapping[str, str]


def factors_of(
    cell: Cell, *, recipe: str, version: str, firmline: str, operator: str, lots: Mapping[str, str]
) -> dict[str, str]:
    """What may have to do with how a run ended, by name."""
    return {
        "batch": cell.batch,
        "station": cell.station,
        "slot": f"{cell.station}/{cell.slot}",
        "recipe": f"{recipe} {version}",
        "firmline": firmline,
        "operator": operator,
        **{f"lot of {part}": lot for part, lot in lots.items()},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The readings of one measurement, in the order in which their runs began; never empty.

    Attributes:
        step: The step that measures.
        name: What, in the recipe's words.
        unit: Unit of measure; empty: none.
        readings: The readings.
    """

    step: str
    name: str
    unit: str
    readings: tuple[Reading, ...]

    @property
    def label(self) -> str:
        """What it is called, for people."""
        return f"{self.step}: {self.name}" + (f" ({self.unit})" if self.unit else "")


def series_of(readings: Iterable[Reading]) -> tuple[Series, ...]:
    """Readings by step, measurement and unit, in the order of their names."""
    found: dict[tuple[str, str, str], list[Reading]] = {}
    for each in readings:
        found.setdefault((each.step, each.name, each.unit), []).append(each)
    return tuple(
        Series(step=key[0], name=key[1], unit=key[2], readings=tuple(found[key]))
        for key in sorted(found)
    )
