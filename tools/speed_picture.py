"""Draw the shares of the speed page as bars, by hand: an SVG of text, rectangles and lines.

Light and dark follow the reader's system; text stays text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from bench.limit_shares import CHIPS, DRAINS_MS, Case, Method

NAMESPACE: Final = "http://www.w3.org/2000/svg"
ROLE: Final = 'role="img" aria-labelledby="name about"'
WIDTH: Final = 960
LEFT, RIGHT = 52, 16
"""Of the panels, pixels."""
PANEL_HEIGHT: Final = 150
PANEL_STEP: Final = PANEL_HEIGHT + 78
"""From one panel to the next, captions between them included."""
TOP: Final = 74
BAR_GAP: Final = 2
GROUP_GAP: Final = 18
SERIAL_BAR: Final = 40
"""Of a bar in the panel of the serial lines, pixels."""
CLASSES: Final = {
    Method.FIRMLINE: "ours",
    Method.STEP_BY_STEP: "step",
    Method.WAIT_400: "long",
    Method.WAIT_100: "short",
}
STYLE: Final = """\
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; font-size: 14px; }
.value { font-size: 10px; text-anchor: middle; }
.name { text-anchor: middle; }
.scale { text-anchor: end; font-size: 11px; }
.paper { fill: #ffffff; }
.grid { stroke: #d0d7de; }
.goal { stroke: #bf3989; stroke-dasharray: 5 4; }
.goal-text { fill: #bf3989; }
.ours { fill: #0969da; } .step { fill: #54aeff; }
.long { fill: #9a6700; } .short { fill: #d4a72c; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .paper { fill: #0d1117; }
  .grid { stroke: #30363d; }
  .goal { stroke: #ff7bc1; }
  .goal-text { fill: #ff7bc1; }
  .ours { fill: #4493f8; } .step { fill: #1f4f8f; }
  .long { fill: #d29922; } .short { fill: #7a5b16; }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One update.

    Attributes:
        case: What was updated, and how.
        share: Per cent of the unit's limit; ``None``: it was given up.
    """

    case: Case
    share: float | None


def draw(bars: Sequence[Bar], *, goal: float) -> str:
    """The picture.

    Args:
        bars: All of them.
        goal: Per cent, drawn as a line.
    """
    tables = list(dict.fromkeys(bar.case.table for bar in bars if bar.case.road.is_radio))
    height = TOP + (len(tables) + 1) * PANEL_STEP
    body: list[str] = [*_legend()]
    for index, table in enumerate(tables):
        top = TOP + index * PANEL_STEP
        body += _frame(table, top, goal)
        body += _groups([bar for bar in bars if bar.case.table == table], top)
    top = TOP + len(tables) * PANEL_STEP
    body += _frame("USB and UART", top, None)
    body += _serial([bar for bar in bars if not bar.case.road.is_radio], top)
    return "\n".join(
        (
            f'<svg xmlns="{NAMESPACE}" viewBox="0 0 {WIDTH} {height}" {ROLE}>',
            '<title id="name">Share of the unit\'s own speed limit</title>',
            f'<desc id="about">{escape(_in_words(bars))}</desc>',
            f"<style>\n{STYLE}</style>",
            f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
            *body,
            "</svg>\n",
        )
    )


def _in_words(bars: Sequence[Bar]) -> str:
    """What the bars say, for those who do not see them."""
    said = []
    for method in Method:
        shares = [bar.share for bar in bars if bar.case.road.is_radio and bar.case.method is method]
        reached = [share for share in shares if share is not None]
        range_ = f"{min(reached):g} to {max(reached):g} %" if reached else "nothing"
        given_up = len(shares) - len(reached)
        said.append(f"{method}: {range_}" + (f", {given_up} gave up" if given_up else ""))
    return f"Over Bluetooth LE, {'; '.join(said)}."


def _legend() -> Iterator[str]:
    yield f'<text class="title" x="{LEFT}" y="22">Share of the unit\'s own speed limit</text>'
    for index, (method, kind) in enumerate(CLASSES.items()):
        x = LEFT + index * 170
        yield f'<rect class="{kind}" x="{x}" y="34" width="12" height="12"/>'
        yield f'<text x="{x + 18}" y="44">{escape(method)}</text>'
    yield f'<text x="{LEFT + len(CLASSES) * 170}" y="44">\u00d7 gives up</text>'


def _frame(title: str, top: int, goal: float | None) -> Iterator[str]:
    """Title, scale and grid of a panel."""
    yield f'<text class="title" x="{LEFT}" y="{top + 4}">{escape(title)}</text>'
    for per_cent in (0, 50, 100):
        y = _height(top, per_cent)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text class="scale" x="{LEFT - 6}" y="{y + 4}">{per_cent} %</text>'
    if goal is not None:
        y = _height(top, goal)
        yield f'<line class="goal" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text class="scale goal-text" x="{LEFT - 6}" y="{y + 4}">{goal:g} %</text>'


def _height(top: int, per_cent: float) -> float:
    """Where a share stands in a panel."""
    return round(top + 30 + PANEL_HEIGHT * (1 - per_cent / 100), 1)


def _groups(bars: Sequence[Bar], top: int) -> Iterator[str]:
    """Bars of a radio: a group for each chip and drain, a bar for each method."""
    keys = [(on, drain_ms) for on in CHIPS for drain_ms in DRAINS_MS]
    step = (WIDTH - LEFT - RIGHT) / len(keys)
    width = (step - GROUP_GAP) / len(CLASSES) - BAR_GAP
    for index, (on, drain_ms) in enumerate(keys):
        left = LEFT + index * step + GROUP_GAP / 2
        shares = {
            bar.case.method: bar.share
            for bar in bars
            if (bar.case.chip, bar.case.drain_ms) == (on, drain_ms)
        }
        for place, method in enumerate(CLASSES):
            yield _bar(
                left + place * (width + BAR_GAP), width, top, CLASSES[method], shares[method]
            )
        yield _name(left + (step - GROUP_GAP) / 2, top, on, f"drain {drain_ms:g} ms")


def _serial(bars: Sequence[Bar], top: int) -> Iterator[str]:
    """Bars of the serial lines, one for each unit."""
    step = (WIDTH - LEFT - RIGHT) / len(bars)
    for index, bar in enumerate(bars):
        middle = LEFT + (index + 0.5) * step
        yield _bar(middle - SERIAL_BAR / 2, SERIAL_BAR, top, CLASSES[bar.case.method], bar.share)
        yield _name(middle, top, bar.case.chip, bar.case.road)


def _bar(x: float, width: float, top: int, kind: str, share: float | None) -> str:
    """A bar with its number; a cross where it was given up."""
    y = _height(top, share or 0.0)
    text = "\u00d7" if share is None else f"{share:.0f}"
    value = f'<text class="value" x="{x + width / 2:.1f}" y="{y - 4:.1f}">{text}</text>'
    if share is None:
        return value
    height = _height(top, 0) - y
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
        f"\n{value}"
    )


def _name(x: float, top: int, *lines: str) -> str:
    """What stands under a group."""
    y = _height(top, 0) + 15
    return "\n".join(
        f'<text class="name" x="{x:.1f}" y="{y + 14 * index:.1f}">{escape(line)}</text>'
        for index, line in enumerate(lines)
    )
