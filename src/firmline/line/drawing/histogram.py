"""A histogram: how often a measurement took which values, and where its limits are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, sqrt
from typing import Final

from firmline.line.drawing.parts import line, round_numbers, text

WIDTH, HEIGHT = 420, 150
LEFT, RIGHT, TOP, BOTTOM = 10, 10, 10, 24
"""Room around the plot, in units of the drawing."""
MOST_BARS: Final = 40
TICKS: Final = 6


def histogram(values: Sequence[float], *, least: float | None, most: float | None) -> str:
    """The drawing.

    Args:
        values: What was measured; at least one.
        least: The least that passes; None: any.
        most: The most that passes; None: any.
    """
    low, high = _ends(values, least, most)
    number = min(MOST_BARS, max(1, ceil(sqrt(len(values)))))
    counts = [0] * number
    for value in values:
        counts[min(number - 1, int((value - low) / (high - low) * number))] += 1
    return "\n".join(
        [
            f'<svg class="histogram" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
            f"<title>{escape(f'{len(values)} readings')}</title>",
            *_bars(counts),
            *_axis(low, high),
            *(
                line(_x(bound, low, high), TOP, _x(bound, low, high), HEIGHT - BOTTOM, name="limit")
                for bound in (least, most)
                if bound is not None and low <= bound <= high
            ),
            "</svg>",
        ]
    )


def _ends(values: Sequence[float], least: float | None, most: float | None) -> tuple[float, float]:
    """What is shown: all values, and a limit that is not much farther away."""
    low, high = min(values), max(values)
    room = (high - low) or abs(low) * 0.1 or 1.0
    if least is not None and low - room <= least < low:
        low = least
    if most is not None and high < most <= high + room:
        high = most
    return low - room * 0.05, high + room * 0.05


def _bars(counts: Sequence[int]) -> Iterator[str]:
    wide = (WIDTH - LEFT - RIGHT) / len(counts)
    room, bottom = HEIGHT - TOP - BOTTOM, HEIGHT - BOTTOM
    for place, count in enumerate(counts):
        if count:
            high = max(1.0, count / max(counts) * room)
            yield (
                f'<rect class="bar" x="{LEFT + place * wide:.1f}" y="{bottom - high:.1f}"'
                f' width="{max(0.5, wide - 1):.1f}" height="{high:.1f}"/>'
            )


def _axis(low: float, high: float) -> Iterator[str]:
    bottom = HEIGHT - BOTTOM
    yield line(LEFT, bottom, WIDTH - RIGHT, bottom, name="grid")
    for value in round_numbers(low, high, most=TICKS):
        yield text(_x(value, low, high), HEIGHT - 6, f"{value:.6g}", anchor="middle")


def _x(value: float, low: float, high: float) -> float:
    return round(LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT), 1)
