"""Many virtual units at once in real time: whether one process keeps up with all of them.

They live on the wall clock, so what the computer is late by shows as seconds above those of one
unit alone in virtual time; and what it has left, as processor seconds below the wall's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from firmline.device.fabrication import fabricate, physics_of
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import AHEAD
from firmline.updater.many import update_all
from firmline.updater.update import Update, UpdateResult, plan_for
from firmline.values import BleAddress
from integration.story import package
from unit.device.makers import describe

if TYPE_CHECKING:
    from bench.run import Figure

UNITS = 32
SIZE = 65_536
FIRST = int.from_bytes(bytes.fromhex("C60504030000"))
EVERY = 2
"""Between two addresses: room for the bootloader of each."""
LATE = 1.5
"""How many times as long as one unit alone in virtual time they may take; ours."""
Results = Coroutine[Any, Any, list[UpdateResult]]


def measure_many() -> list[Figure]:
    """32 units in one process: seconds on the wall, and of the processor."""
    from bench.run import Figure  # noqa: PLC0415 - it imports this module

    alone_s, _ = _measured(1, run_in_virtual_time)
    begin_s = time.perf_counter()
    together_s, cpu_s = _measured(UNITS, asyncio.run)
    wall_s = time.perf_counter() - begin_s
    return [
        Figure(
            name=f"{UNITS} units at once in real time, the last",
            unit="s",
            limit=round(LATE * alone_s, 1),
            values=(together_s,),
        ),
        Figure(
            name="the same, processor time",
            unit="s",
            limit=round(wall_s, 1),
            values=(cpu_s,),
        ),
    ]


def _measured(count: int, run: Callable[[Results], list[UpdateResult]]) -> tuple[float, float]:
    """The longest update, in its own seconds, and the processor's seconds for all of them."""
    begin_s = time.process_time()
    results = run(_updated(count))
    for result in results:
        if result.error is not None:
            raise result.error
    return max(result.finished.duration_s for result in results), time.process_time() - begin_s


async def _updated(count: int) -> list[UpdateResult]:
    content = package(SIZE)
    radio = open_virtual_radio(timed=True)
    try:
        link = await radio.open_link()
        updates = []
        for index in range(count):
            address = BleAddress((FIRST + EVERY * index).to_bytes(6))
            unit_is = replace(describe(), name=f"unit-{index}", address=address)
            unit = fabricate(unit_is, physics=physics_of(unit_is))
            unit.power_on(now_s=radio.now_s())
            radio.add_unit(unit)
            plan = plan_for(
                content,
                b"",
                package_name="update.zip",
                unit_name=unit_is.name,
                pin=address,
                pacing=AHEAD,
            )
            updates.append(Update(plan, link=link, report=lambda _event: None))
        return await update_all(updates)
    finally:
        await radio.close()
