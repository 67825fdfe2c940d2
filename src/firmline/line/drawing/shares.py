"""Shares as small drawings in a line of a table: a range with its middle, and a bar."""

from __future__ import annotations

from typing import Final

from firmline.line.statistics.proportion import Share

WIDTH, HEIGHT = 100, 12


def share_range(share: Share, *, least: float) -> str:
    """The interval of a share as a line, the share as a dot.

    Args:
        share: Which.
        least: The share at the left edge, 0 to below 1; all of it is at the right edge.
    """
    value, interval = share.value, share.interval
    if value is None or interval is None:
        return ""
    low, high, middle = (_x(each, least) for each in (*interval, value))
    return (
        f'<svg class="range" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none"'
        f' aria-hidden="true"><rect class="track" width="{WIDTH}" height="{HEIGHT}" rx="1"/>'
        f'<rect class="span" x="{low:g}" y="4" width="{max(0.8, high - low):.2f}" height="4"/>'
        f'<rect class="part" x="{max(0.0, middle - 0.6):.2f}" y="1" width="1.2" height="10"/></svg>'
    )


def share_bar(share: float) -> str:
    """A share as a bar, 0 to 1."""
    return (
        f'<svg class="range" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none"'
        f' aria-hidden="true"><rect class="track" width="{WIDTH}" height="{HEIGHT}" rx="1"/>'
        f'<rect class="part" width="{share * WIDTH:.1f}" height="{HEIGHT}" rx="1"/></svg>'
    )


EDGES: Final = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)


def edge_for(shares: list[Share]) -> float:
    """The largest round share that leaves every interval in sight."""
    lows = [share.interval[0] for share in shares if share.interval is not None]
    least = min(lows, default=0.0)
    return max(edge for edge in EDGES if edge <= least)


def _x(share: float, least: float) -> float:
    return round((share - least) / (1 - least) * WIDTH, 2)
