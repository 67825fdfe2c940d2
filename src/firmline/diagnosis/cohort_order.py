"""Values of a factor that have an order: numbers and times, read out of the cells of a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from typing import Final

ENOUGH: Final = 6
"""Different values from which on an order is looked at; ours: fewer are kinds, such as stations by
their numbers."""
NEARLY_ALL: Final = 0.9
"""Share of the values that have to be numbers, or times, for a column to be one of these; ours."""
MEASURED: Final = frozenset(
    {
        *(
            "rssi",
            "dbm",
            "db",
            "mv",
            "v",
            "volt",
            "voltage",
            "ma",
            "ua",
            "current",
            "ohm",
            "ms",
            "s",
        ),
        *("us", "seconds", "percent", "level", "temp", "temperature", "degc", "c", "bytes", "size"),
        *("kb", "mtu", "rate", "speed", "signal", "battery", "supply"),
    }
)
"""Words in the name of what is measured."""
_NUMBER: Final = re.compile(
    r"([+-]?\d{1,15}(?:[.,]\d{1,15})?(?:[eE][+-]?\d{1,2})?) ?([^\W\d_]{0,4}|%)"
)
"""A number with a decimal point or comma, and its unit behind it, if any: ``-71 dBm``."""
_DATE: Final = re.compile(
    r"(\d{1,2})([./])(\d{1,2})\2(\d{4}|\d\d)(?:,?[ T]+(\d{1,2}:\d\d(?::\d\d)?)(?:[.,]\d{1,9})?"
    r"(?: ?([AaPp])\.?[Mm]\.?)?)?"
)
"""A date as spreadsheets write it, with or without a time of the day."""

Reader = Callable[[str], float | None]


def in_order(cells: Sequence[str]) -> list[float | None] | None:
    """The values of a column as numbers; None: they have no order.

    Args:
        cells: Its values, none of them empty.

    Returns:
        A number for each, None for the few that are none.
    """
    if len(set(cells)) < ENOUGH:
        return None
    for reader in (_number_of, _time_of, _date_of(cells)):
        values = [reader(cell) for cell in cells]
        if sum(value is not None for value in values) >= NEARLY_ALL * len(cells):
            return values if len(set(values) - {None}) >= ENOUGH else None
    return None


def are_kinds(factor: str, cells: Sequence[str]) -> bool:
    """Whether values that have an order may be kinds as well: whole numbers that come again.

    Args:
        factor: Name of the column; one that names a unit of measurement has been measured.
        cells: Its values.
    """
    if not MEASURED.isdisjoint(re.split(r"[\W_]+", factor.lower())):
        return False
    return all(cell.isdecimal() for cell in cells) and len(set(cells)) * 4 <= len(cells)


def _number_of(cell: str) -> float | None:
    found = _NUMBER.fullmatch(cell)
    return None if found is None else float(found[1].replace(",", "."))


def _time_of(cell: str) -> float | None:
    """A date and time as ISO 8601 has them, or a time of the day, in seconds."""
    try:
        return _seconds(datetime.fromisoformat(cell))
    except (ValueError, OverflowError):
        pass
    try:
        of_day = time.fromisoformat(cell)
    except ValueError:
        return None
    return of_day.hour * 3600 + of_day.minute * 60 + of_day.second + of_day.microsecond / 1e6


def _date_of(cells: Sequence[str]) -> Reader:
    """Reads dates as the column has them: the day first, unless it can only be the month."""
    found = [match for match in map(_DATE.fullmatch, cells) if match is not None]
    is_month_first = any(int(match[3]) > 12 for match in found)

    def read(cell: str) -> float | None:
        match = _DATE.fullmatch(cell)
        if match is None:
            return None
        first, _, second, year, clock, half = match.groups()
        month, day = (first, second) if is_month_first else (second, first)
        hour, minute, second_of = ([int(each) for each in (clock or "0:0").split(":")] + [0])[:3]
        if half is not None:
            hour = hour % 12 + (12 if half in "pP" else 0)
        whole = int(year) + (2000 if len(year) == 2 else 0)
        try:
            return _seconds(datetime(whole, int(month), int(day), hour, minute, second_of))  # noqa: DTZ001 - a table's own time, whichever it is
        except (ValueError, OverflowError):
            return None

    return read


def _seconds(when: datetime) -> float:
    """Since 1970; a time that names no zone is as good as any for its order."""
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
