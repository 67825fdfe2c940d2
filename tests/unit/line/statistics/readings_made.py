"""Readings for tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from firmline.line.statistics.counts import Cell
from firmline.line.statistics.readings import Reading, Series

BEGIN = datetime(2026, 11, 23, 8, tzinfo=UTC)


def reading(
    value: float,
    number: int = 0,
    *,
    slot: int = 1,
    least: float | None = None,
    most: float | None = None,
) -> Reading:
    """One, a minute behind the one before."""
    return Reading(
        cell=Cell(batch="b", station="north", slot=slot),
        at=BEGIN + timedelta(minutes=number),
        step="measure",
        name="duration",
        unit="s",
        value=value,
        least=least,
        most=most,
    )


def series(
    values: Iterable[float],
    *,
    least: float | None = None,
    most: float | None = None,
    slots: int = 1,
) -> Series:
    """Readings a minute apart, in turn in so many slots."""
    readings = tuple(
        reading(value, number, slot=1 + number % slots, least=least, most=most)
        for number, value in enumerate(values)
    )
    return Series(step="measure", name="duration", unit="s", readings=readings)
