"""Many updates at once, each with its own stream of events.

They share a radio as connections do: its controller takes their packets in turn, and while one
unit erases, others are sent to. An update that fails ends as its own result and disturbs no other.
Units that share an address take turns (:mod:`firmline.updater.turns`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from firmline.updater.turns import Turns
from firmline.updater.update import Update, UpdateResult


async def update_all(updates: Sequence[Update]) -> list[UpdateResult]:
    """Carry out updates at once.

    Cancelled, it cancels all of them and waits for each to leave its unit.

    Args:
        updates: Of different units, made and not begun.

    Returns:
        How each ended, in their order.

    Raises:
        Exception: A defect of ours, once all the others have come to their end.
    """
    turns = Turns()
    tasks = [asyncio.ensure_future(update.run(turns)) for update in updates]
    try:
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await asyncio.gather(*tasks, return_exceptions=True)
    results: list[UpdateResult] = []
    for result in ended:
        if isinstance(result, BaseException):
            raise result
        results.append(result)
    return results
