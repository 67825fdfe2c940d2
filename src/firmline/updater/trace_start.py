"""The first line of a trace: what wrote it, where and when."""

from __future__ import annotations

import platform
from datetime import datetime

from firmline import __version__
from firmline.events import TraceStarted
from firmline.formats.trace import TRACE_FORMAT


def trace_started(*, at_s: float, now: datetime) -> TraceStarted:
    """The first line of a trace.

    Args:
        at_s: The time on the link's clock, seconds.
        now: The same time by the clock on the wall, UTC.
    """
    return TraceStarted(
        at_s=at_s,
        trace_format=TRACE_FORMAT,
        firmline=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        started_at=now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )
