"""Time limits of what lives in real time, also beside virtual units that live faster than we do.

A customer's step and a label printer are programs: they take the seconds that this computer takes.
Measured by the clock of virtual units, which at twenty times the speed passes twenty seconds in
one, a step of half a second would have been too late.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

LEAST_S: Final = 0.05
"""Of a look at the clock, seconds of the loop's time; ours."""


@asynccontextmanager
async def within_wall_s(seconds: float) -> AsyncIterator[None]:
    """Let something take so long, by the clock of the wall.

    Args:
        seconds: At most.

    Raises:
        TimeoutError: It took longer, and was stopped.
    """
    until_s = time.monotonic() + seconds

    async def watch(limit: asyncio.Timeout) -> None:
        # A loop whose time goes faster sleeps less than it was told, and is told again.
        while (left_s := until_s - time.monotonic()) > 0:  # noqa: ASYNC110 - it looks at a clock
            await asyncio.sleep(max(left_s, LEAST_S))
        limit.reschedule(asyncio.get_running_loop().time())

    async with asyncio.timeout(None) as limit:
        watching = asyncio.create_task(watch(limit))
        try:
            yield
        finally:
            watching.cancel()
