"""The station's time: that of the wall, but never backwards.

Records are ordered by their times, and whoever sets the computer's clock back in the middle of a
shift would put retests before first attempts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

JUMP: Final = timedelta(seconds=1)
"""A wall clock that is so far ahead was set forward, and is followed; ours."""
FAR: Final = timedelta(minutes=5)
"""One that goes so far at once is told of; ours. Correcting a clock that drifts takes less."""


class StationClock:
    """Goes on as the monotonic clock does, from where the wall clock stood.

    Args:
        monotonic_s: Seconds, from whenever; never backwards.
        wall: The wall clock.
        not_before: The latest time that is in the records; ``None``: there is none.
        went_far: Hears how far the wall clock went forward at once, where that is more than
            :data:`FAR`: somebody set it, or the computer slept.

    Attributes:
        behind: How far the wall clock was behind the records when the station began.
    """

    def __init__(
        self,
        monotonic_s: Callable[[], float],
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        not_before: datetime | None = None,
        went_far: Callable[[timedelta], None] = lambda _ahead: None,
    ) -> None:
        self._went_far = went_far
        self._monotonic_s = monotonic_s
        self._wall = wall
        now = wall()
        self._from = now if not_before is None else max(now, not_before)
        self.behind = self._from - now
        self._from_s = monotonic_s()

    def now(self) -> datetime:
        """The time, aware and in UTC."""
        now_s = self._monotonic_s()
        told = self._from + timedelta(seconds=now_s - self._from_s)
        wall = self._wall()
        ahead = wall - told
        if ahead > JUMP:
            self._from, self._from_s, told = wall, now_s, wall
        if ahead > FAR:
            self._went_far(ahead)
        return told
