"""By what a report is divided."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from firmline.line.statistics.counts import Cell

SHIFT_HOURS: Final = 8
"""Hours of a shift; they begin at 00:00, 08:00 and 16:00 UTC."""
Key: TypeAlias = str | datetime | tuple[str, int]


class By(StrEnum):
    """What the groups of a report are."""

    BATCH = "batch"
    STATION = "station"
    SLOT = "slot"
    HOUR = "hour"
    SHIFT = "shift"
    DAY = "day"

    @property
    def is_time(self) -> bool:
        """Whether groups follow each other in time."""
        return self in _TIMES

    def key(self, cell: Cell) -> Key:
        """What runs of one group have in common, and no others; keys sort as groups do."""
        match self:
            case By.BATCH:
                return cell.batch
            case By.STATION:
                return cell.station
            case By.SLOT:
                return cell.station, cell.slot
            case _:
                return self.begin(cell.hour)

    def begin(self, time: datetime | None) -> datetime:
        """When the group that a time falls into began."""
        assert time is not None  # noqa: S101 - who groups by time has asked for it
        hour = time.replace(minute=0, second=0, microsecond=0)
        match self:
            case By.SHIFT:
                return hour - timedelta(hours=hour.hour % SHIFT_HOURS)
            case By.DAY:
                return hour.replace(hour=0)
            case _:
                return hour


_TIMES: Final = frozenset({By.HOUR, By.SHIFT, By.DAY})


def label(by: By, key: Key) -> str:
    """What a group is called; times as ISO 8601 has them, in UTC."""
    if isinstance(key, tuple):
        return f"{key[0]}/{key[1]}"
    if isinstance(key, datetime):
        return key.strftime("%Y-%m-%d" if by is By.DAY else "%Y-%m-%dT%H:%MZ")
    return key or f"(no {by.value})"
