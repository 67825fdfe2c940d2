"""The figures of a report in words: shares, indices, limits, charts. Pure."""

from __future__ import annotations

from collections import Counter

from firmline.line.doubts import Doubted
from firmline.line.statistics.capability import Capability, Index
from firmline.line.statistics.charts import ControlCharts
from firmline.line.statistics.proportion import Share


def limits_text(fit: Capability) -> str:
    """The limits of a measurement."""
    least = "" if fit.least is None else f"{fit.least:g}"
    most = "" if fit.most is None else f"{fit.most:g}"
    if least and most:
        return f"{least} to {most}"
    return (least and f">= {least}") or (most and f"<= {most}") or "none"


def index_text(index: Index | None) -> str:
    """A capability index with its interval."""
    if index is None:
        return "-"
    return f"{index.value:.2f} ({index.low:.2f} to {index.high:.2f})"


def chart_text(charts: ControlCharts | None) -> str:
    """What a chart shows, in a sentence."""
    if charts is None:
        return "too few readings for a chart."
    out = charts.location.out + charts.spread.out
    points = f"the newest {counted(len(charts.location.points), 'point')} ({charts.location.what})"
    if not out:
        return f"in control: nothing stands out in {points}."
    names = Counter(name for point in out for name in point.rules)
    told = ", ".join(f"{name} {number}x" for name, number in sorted(names.items()))
    last = max(point.at for point in out)
    return f"{counted(len(out), 'signal')} in {points}, the last at {last:%Y-%m-%d %H:%MZ}: {told}."


def doubted_title(told: Doubted) -> str:
    """What units whose serial numbers have passed several times are headed by."""
    return f"Passed more than once: {counted(told.number, 'serial number')}"


def share_text(share: Share) -> str:
    """A share with its interval, in percent; what is nearly all is not rounded to all of it."""
    value, interval = share.value, share.interval
    if value is None or interval is None:
        return "-"
    low, high = interval
    digits = 1 if high - low > 0.002 else 2
    return (
        f"{percent_text(value, digits)} %"
        f" ({percent_text(low, digits)} to {percent_text(high, digits)})"
    )


def percent_text(share: float, digits: int = 1) -> str:
    """A share in percent, without the sign; below 100 and above 0 if it is."""
    least = 10.0**-digits
    shown = share * 100
    if 0 < share < 1:
        shown = min(max(shown, least), 100 - least)
    return f"{shown:.{digits}f}"


def counted(number: int, what: str) -> str:
    """So many of something."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
