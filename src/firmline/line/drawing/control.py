"""A control chart: points in their order between their limits."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from firmline.line.drawing.parts import line, round_numbers, text
from firmline.line.statistics.charts import Chart, Point

WIDTH: Final = 900
LEFT, RIGHT, TOP, BOTTOM = 64, 10, 12, 26
"""Room around the plot, in units of the drawing."""
DOT, MARK = 2.2, 4.5
"""Radius of a point, and of one that completes a rule."""
TICKS: Final = 5
ROOM: Final = 0.06
"""Share of the height that is left free above and below."""


def control_chart(chart: Chart, *, height: int = 190) -> str:
    """The drawing; points have the same distance, whatever the time between them is."""
    return "\n".join(
        [
            f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img">',
            f"<title>{escape(_summary(chart))}</title>",
            *_Plot(chart, height).parts(),
            "</svg>",
        ]
    )


def _summary(chart: Chart) -> str:
    out = len(chart.out)
    return f"{chart.what}: {len(chart.points)} points, {out} of them out of control"


class _Plot:
    """Where things are."""

    def __init__(self, chart: Chart, height: int) -> None:
        self._chart, self._height = chart, height
        heights = [
            chart.centre,
            *(value for point in chart.points for value in (point.value, point.low, point.high)),
        ]
        room = (max(heights) - min(heights)) * ROOM or abs(chart.centre) * ROOM or 1.0
        self._low, self._high = min(heights) - room, max(heights) + room

    def parts(self) -> Iterator[str]:
        """From the back to the front."""
        yield from self._axis()
        points = self._chart.points
        for name in ("low", "high"):
            steps = [(place, getattr(point, name)) for place, point in enumerate(points)]
            yield self._line(steps, name="limit")
        centre = self._y(self._chart.centre)
        yield line(LEFT, centre, WIDTH - RIGHT, centre, name="centre")
        yield self._line([(n, point.value) for n, point in enumerate(points)], name="course")
        for place, point in enumerate(points):
            yield self._dot(place, point)

    def _axis(self) -> Iterator[str]:
        for value in round_numbers(self._low, self._high, most=TICKS):
            y = self._y(value)
            yield line(LEFT, y, WIDTH - RIGHT, y, name="grid")
            yield text(LEFT - 8, y + 4, f"{value:.6g}", anchor="end")
        first, last = self._chart.points[0].at, self._chart.points[-1].at
        below = self._height - 6
        yield text(LEFT, below, f"{first:%Y-%m-%d %H:%M} UTC")
        if last != first:
            yield text(WIDTH - RIGHT, below, f"{last:%Y-%m-%d %H:%M} UTC", anchor="end")

    def _dot(self, place: int, point: Point) -> str:
        x, y = self._x(place), self._y(point.value)
        told = f"{point.at:%Y-%m-%d %H:%M} UTC: {point.value:.6g}"
        if not point.rules:
            return f'<circle class="dot" cx="{x:g}" cy="{y:g}" r="{DOT}"/>'
        rules = ", ".join(point.rules)
        return (
            f'<circle class="out" cx="{x:g}" cy="{y:g}" r="{MARK}">'
            f"<title>{escape(f'{told} ({rules})')}</title></circle>"
        )

    def _line(self, steps: list[tuple[int, float]], *, name: str) -> str:
        told = " ".join(f"{self._x(place):g},{self._y(value):g}" for place, value in steps)
        return f'<polyline class="{name}" points="{told}"/>'

    def _x(self, place: int) -> float:
        last = max(1, len(self._chart.points) - 1)
        return round(LEFT + (WIDTH - LEFT - RIGHT) * place / last, 1)

    def _y(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return round(self._height - BOTTOM - share * (self._height - TOP - BOTTOM), 1)
