"""Parts of drawings: numbers on axes, and texts."""

from __future__ import annotations

from html import escape
from math import floor, log10
from typing import Final

STEPS: Final = (1, 2, 2.5, 5, 10)
"""Distances of round numbers, times a power of ten."""


def round_numbers(low: float, high: float, *, most: int) -> list[float]:
    """Round numbers from one value to another, evenly spaced.

    Args:
        low: The smaller value.
        high: The larger value; where they are the same there is one number.
        most: How many distances there are at most.
    """
    if high <= low:
        return [low]
    exponent = floor(log10((high - low) / most))
    step = next(
        each * 10.0**exponent for each in STEPS if (high - low) / (each * 10.0**exponent) <= most
    )
    first, last = -floor(-low / step + 1e-9), floor(high / step + 1e-9)
    return [round(number * step, 12 - exponent) for number in range(first, last + 1)]


def text(x: float, y: float, said: str, *, anchor: str = "start", name: str = "") -> str:
    """A text; ``name`` is its class."""
    of_class = f' class="{name}"' if name else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{of_class}>{escape(said)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, *, name: str) -> str:
    """A line."""
    return f'<line class="{name}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'
