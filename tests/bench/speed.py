"""Shares of the unit's limit beside their target, and what a megabyte costs this computer.

The shares are the same on every computer (:mod:`bench.limit_shares`); all of them are on the page
docs/reference/speed.md.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bench.limit_shares import MTU, SIZE, Case, Road, measure, package
from firmline.device.fabrication import fabricate
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import NO_PAUSES
from firmline.updater.update import Update, UpdateResult, plan_for
from unit.device.makers import describe

if TYPE_CHECKING:
    from bench.run import Figure

GOAL = 0.9
CPU_LIMIT_S = 2.0
RUNS = 5
SHOWN = (
    ("share of the limit, BLE 1M, fast drain", Road.BLE_1M, 0.3),
    ("share of the limit, BLE 1M, slow drain", Road.BLE_1M, 5.0),
    ("share of the limit, USB", Road.USB, None),
)


def measure_speed() -> list[Figure]:
    """Three of the shares, and the processor's time for a megabyte."""
    from bench.run import Figure  # noqa: PLC0415 - it imports this module

    shares = [
        Figure(
            name=name,
            unit="",
            limit=GOAL,
            at_least=True,
            values=(measure(Case(chip="nrf52840", road=road, drain_ms=drain_ms)).share or 0.0,),
        )
        for name, road, drain_ms in SHOWN
    ]
    return [
        *shares,
        Figure(
            name="CPU of host, radio and unit, no physics",
            unit="s/MB",
            limit=CPU_LIMIT_S,
            values=tuple(_cpu_s() * 1e6 / SIZE for _ in range(RUNS + 1))[1:],
        ),
    ]


def _cpu_s() -> float:
    """Processor seconds of one update over the virtual radio: both its ends, and the air."""
    unit_is = describe()
    unit, contents = fabricate(unit_is), package()

    async def update() -> UpdateResult:
        air = open_virtual_radio()
        try:
            unit.power_on(now_s=air.now_s())
            air.add_unit(unit)
            plan = plan_for(
                contents,
                b"",
                package_name="update.zip",
                unit_name="sim:unit",
                pin=unit_is.address,
                pacing=NO_PAUSES,
            )
            link = await air.open_link(mtu=MTU)
            return await Update(plan, link=link, report=lambda _event: None).run()
        finally:
            await air.close()

    begin_s = time.process_time()
    result = run_in_virtual_time(update())
    if result.error is not None:
        raise result.error
    return time.process_time() - begin_s
