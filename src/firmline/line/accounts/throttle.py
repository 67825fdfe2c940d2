"""How long somebody waits behind wrong passwords. Pure.

Five in a row are free: people mistype. Behind them each one doubles the wait, up to five minutes,
which leaves a guesser 288 tries a day and lets the owner in again in the same shift. An account is
never locked for good: anybody on the network could lock out a whole line so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

FREE: Final = 5
"""Wrong passwords in a row before anybody waits; ours."""
LONGEST_S: Final = 300
"""The longest wait, seconds; ours."""
FORGOTTEN_S: Final = 24 * 3600
"""After so many seconds without a try they count no more; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """Wrong passwords for one name, in a row.

    Attributes:
        count: How many.
        last_at: When the last one was given.
    """

    count: int
    last_at: datetime


def wait_s(tries: Tries | None, now: datetime) -> int:
    """Whole seconds until the next try is looked at; 0: now.

    A clock that was set back makes nobody wait longer than the whole wait.
    """
    if tries is None or tries.count < FREE:
        return 0
    passed_s = max(0.0, (now - tries.last_at).total_seconds())
    whole_s = min(LONGEST_S, 2 ** min(tries.count - FREE, 30))
    return max(0, math.ceil(whole_s - passed_s)) if passed_s < FORGOTTEN_S else 0


def another(tries: Tries | None, now: datetime) -> Tries:
    """The tries with this one, which counts until it turns out right."""
    is_new = tries is None or (now - tries.last_at).total_seconds() >= FORGOTTEN_S
    return Tries(count=1 if is_new or tries is None else tries.count + 1, last_at=now)
