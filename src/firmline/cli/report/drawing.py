"""The phases of an attempt as bars on a line of time, for the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmline.cli.report.attempts import SENDING, Attempt
from firmline.cli.trace_text import PHASES

WIDTH: Final = 1000
"""Of the drawing, in units of its own; the page makes it as wide as it is."""
LEAST_WIDTH: Final = 0.5
"""Of a bar that is drawn: a shorter one could not be seen."""
MAX_MARKS: Final = 200
"""Troubles that are marked; ours: more would be one red bar."""
TICKS: Final = 4
_ORDER: Final = (*dict.fromkeys(PHASES.values()), SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar; place and width in units of the drawing."""

    what: str
    colour: int
    begin: float
    width: float
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The line of one attempt.

    Attributes:
        bars: From left to right.
        marks: Where something went wrong.
        ticks: The times below it, from left to right.
        legend: What each colour is, its number, and how long that took, the longest first.
    """

    bars: tuple[Bar, ...]
    marks: tuple[float, ...]
    ticks: tuple[str, ...]
    legend: tuple[tuple[str, int, float], ...]


def draw(attempt: Attempt) -> Drawing:
    """Draw an attempt; without bars where no time has passed."""
    whole_s = max((each.end_s for each in attempt.phases), default=0.0)
    if whole_s <= 0:
        return Drawing(bars=(), marks=(), ticks=(), legend=())
    scale = WIDTH / whole_s
    seconds: dict[str, float] = {}
    bars = []
    for each in attempt.phases:
        took_s = each.end_s - each.begin_s
        seconds[each.what] = seconds.get(each.what, 0.0) + took_s
        if took_s * scale >= LEAST_WIDTH:
            bars.append(
                Bar(
                    what=each.what,
                    colour=_ORDER.index(each.what),
                    begin=round(each.begin_s * scale, 2),
                    width=round(took_s * scale, 2),
                    told=f"{each.what}: {each.begin_s:.3f} to {each.end_s:.3f} s",
                )
            )
    marks = [row.at_s * scale for row in attempt.rows if row.is_trouble]
    longest = sorted(seconds.items(), key=lambda item: -item[1])
    return Drawing(
        bars=tuple(bars),
        marks=tuple(round(min(each, WIDTH), 2) for each in marks[:MAX_MARKS]),
        ticks=tuple(f"{whole_s * each / TICKS:.3g} s" for each in range(TICKS + 1)),
        legend=tuple((what, _ORDER.index(what), took_s) for what, took_s in longest),
    )
