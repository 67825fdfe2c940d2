"""A virtual dongle at a pseudo-terminal, in real time, with a unit in its air."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate
from firmline.device.unit import VirtualUnit
from firmline.links.serving.pseudo_terminal import serve_on_pty
from firmline.links.virtual_dongle.chip import VirtualDongle, dongle_in_air
from firmline.links.virtual_radio import open_virtual_radio


@asynccontextmanager
async def dongle_at_pty(
    home: UnitDescription, *, baud: int | None = 1_000_000, timed: bool = True
) -> AsyncIterator[tuple[str, VirtualUnit, VirtualDongle]]:
    """The dongle's path, and the unit, whose flash takes no time."""
    radio = open_virtual_radio(timed=timed)
    unit = fabricate(home, physics=None)
    unit.power_on(now_s=radio.now_s())
    radio.add_unit(unit)
    dongle = dongle_in_air(radio, baud=baud)
    try:
        async with serve_on_pty(dongle) as path:
            yield path, unit, dongle
    finally:
        dongle.close()
        await radio.close()
