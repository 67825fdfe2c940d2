"""The margin of a unit as a picture (SVG): the runs, the curve behind them, and the threshold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from firmline.diagnosis.margin_search import CONFIDENCE, Margin, Place, Tried
from firmline.line.drawing.parts import round_numbers

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 24, 64, 60
"""Room around the plot, in pixels."""
ROWS: Final = 46
"""Above and below the curve: where runs are drawn, in pixels."""
DOT: Final = 5
"""Radius of a run, in pixels."""
MOST_TITLE: Final = 76
"""Characters of a title that fit."""
_FAILED, _PASSED, _CURVE, _BAND = "#b3402a", "#2a6fb3", "#333333", "#e9d9a8"
_TICKS: Final = 8
"""So many of them at most."""


def margin_svg(margin: Margin, tried: Sequence[Tried], *, title: str, unit: str, axis: str) -> str:
    """The picture.

    Args:
        margin: What is known.
        tried: The runs that count.
        title: Of the picture.
        unit: Of the values, such as V.
        axis: What is swept.
    """
    picture = _Picture(margin)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
        f' height="{HEIGHT}" font-family="sans-serif" font-size="12" fill="#222222">'
    )
    parts = [
        head,
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 24, _fitting(title), size=15, weight="bold"),
        *picture.threshold(unit),
        *picture.axes(f"{axis} ({unit})"),
        picture.curve(),
        *picture.runs(tried),
        *_legend(),
        "</svg>\n",
    ]
    return "\n".join(parts)


class _Picture:
    """Where things are."""

    def __init__(self, margin: Margin) -> None:
        self._margin = margin
        values = [value for value, _ in margin.curve]
        self._low, self._high = min(values), max(values)

    def _x(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    @staticmethod
    def _y(chance: float) -> float:
        top, bottom = TOP + ROWS, HEIGHT - BOTTOM - ROWS
        return round(bottom - chance * (bottom - top), 1)

    def threshold(self, unit: str) -> Iterator[str]:
        """The interval as a band, and its middle as a line, once it is known to be inside."""
        margin, bottom = self._margin, HEIGHT - BOTTOM
        if margin.place is not Place.INSIDE or margin.chance < CONFIDENCE:
            return
        left, right = sorted((self._x(margin.good_side), self._x(margin.bad_side)))
        yield (
            f'<rect x="{left}" y="{TOP}" width="{max(1.0, round(right - left, 1))}"'
            f' height="{bottom - TOP}" fill="{_BAND}"/>'
        )
        x = self._x(margin.threshold)
        yield _line(x, TOP, x, bottom, colour="#8a6d1d", dash="4 3")
        low, high = sorted((margin.good_side, margin.bad_side))
        told = f"{margin.threshold:.4g} {unit}  ({low:.4g} to {high:.4g}, 95 %)"
        is_right = x > WIDTH * 0.6
        yield _text(
            x + (-6 if is_right else 6), TOP - 8, told, anchor="end" if is_right else "start"
        )

    def axes(self, title: str) -> Iterator[str]:
        """Both axes, with round numbers."""
        bottom = HEIGHT - BOTTOM
        yield _line(LEFT, bottom, WIDTH - RIGHT, bottom)
        for value in round_numbers(self._low, self._high, most=_TICKS):
            x = self._x(value)
            yield _line(x, bottom, x, bottom + 5)
            yield _text(x, bottom + 20, f"{value:.6g}", anchor="middle")
        yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, title, anchor="middle")
        for percent in (0, 25, 50, 75, 100):
            y = self._y(percent / 100)
            yield _line(LEFT, y, WIDTH - RIGHT, y, colour="#dddddd")
            yield _text(LEFT - 8, y + 4, f"{percent} %", anchor="end")
        middle = (TOP + bottom) / 2
        yield (
            f'<text transform="translate(18 {middle}) rotate(-90)" text-anchor="middle">'
            "chance that a run fails</text>"
        )

    def curve(self) -> str:
        """How likely a run fails."""
        points = " ".join(f"{self._x(value)},{self._y(p)}" for value, p in self._margin.curve)
        return f'<polyline points="{points}" fill="none" stroke="{_CURVE}" stroke-width="2"/>'

    def runs(self, tried: Sequence[Tried]) -> Iterator[str]:
        """Every run as a dot: failed above the curve, passed below; several at a value in a row."""
        before: Counter[Tried] = Counter()
        often = Counter(tried)
        for run in tried:
            room = ROWS - 3 * DOT
            step = min(2 * DOT + 1, room / max(1, often[run] - 1)) * before[run]
            before[run] += 1
            start = TOP + DOT + 2 if run.failed else HEIGHT - BOTTOM - DOT - 2
            y = round(start + step if run.failed else start - step, 1)
            colour = _FAILED if run.failed else _PASSED
            yield (
                f'<circle cx="{self._x(run.value)}" cy="{y}" r="{DOT}" fill="{colour}"'
                ' stroke="#ffffff"/>'
            )


def _fitting(title: str) -> str:
    return title if len(title) <= MOST_TITLE else f"{title[: MOST_TITLE - 3]}..."


def _legend() -> Iterator[str]:
    y = HEIGHT - 20
    for x, colour, word in ((LEFT, _FAILED, "failed"), (LEFT + 70, _PASSED, "passed")):
        yield f'<circle cx="{x}" cy="{y}" r="{DOT}" fill="{colour}"/>'
        yield _text(x + 10, y + 4, word)


def _line(
    x1: float, y1: float, x2: float, y2: float, *, colour: str = "#222222", dash: str = ""
) -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}"{dashes}/>'


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, weight: str = "normal"
) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}"'
        f' font-weight="{weight}">{escape(text)}</text>'
    )
