"""A virtual dongle on a desk, a unit in its air, and our driver, in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.unit import VirtualUnit
from firmline.links.connectivity.central import DongleLink, DongleSettings
from firmline.links.connectivity.dongle import Dongle
from firmline.links.connectivity.startup import Started, start
from firmline.links.connectivity.wire.api5 import API5
from firmline.links.serial.wire import OnData, OnLost
from firmline.links.virtual_dongle.chip import VirtualDongle, dongle_in_air
from firmline.links.virtual_dongle.wire import VirtualDongleWire
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_radio.peripheral import UnitPeripheral
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.links.virtual_time import run_in_virtual_time
from unit.device.makers import describe

PORT = "/dev/ttyACM0"


class BadWire(VirtualDongleWire):
    """A port whose bytes a test may change on their way.

    Attributes:
        down: Treats what the host says; ``up``: what it hears.
    """

    def __init__(self, dongle: VirtualDongle) -> None:
        super().__init__(dongle)
        self.down: Callable[[bytes], bytes] = lambda data: data
        self.up: Callable[[bytes], bytes] = lambda data: data
        self.lost: OnLost = lambda _error: None

    def listen(self, on_data: OnData, on_lost: OnLost) -> None:
        self.lost = on_lost
        super().listen(lambda data: on_data(self.up(data)), on_lost)

    async def write(self, data: bytes) -> None:
        await super().write(self.down(data))


@dataclass
class Desk:
    """A dongle and what is around it.

    Attributes:
        radio: The air.
        chip: The dongle's own side.
        wire: Its port.
        dongle: Our driver.
        unit: The unit in the air.
        home: Its description.
    """

    radio: VirtualRadio
    chip: VirtualDongle
    wire: BadWire
    dongle: Dongle
    unit: VirtualUnit
    peripheral: UnitPeripheral
    home: UnitDescription
    links: list[DongleLink] = field(default_factory=list)

    async def started(self) -> Started:
        await self.dongle.open()
        return await start(self.dongle, mtu=247)

    async def open(self, **settings: Any) -> DongleLink:
        link = DongleLink(self.dongle, await self.started(), DongleSettings(**settings))
        self.links.append(link)
        return link


def at_a_desk(
    story: Callable[[Desk], Awaitable[None]],
    *,
    baud: int | None = 1_000_000,
    unit: UnitDescription | None = None,
    timed: bool = True,
    **dongle: Any,
) -> None:
    """Tell a story in virtual time."""

    async def tell() -> None:
        radio = open_virtual_radio(timed=timed)
        home = describe(size=4_000) if unit is None else unit
        made = fabricate(home, physics=physics_of(home) if timed else None)
        made.power_on(now_s=radio.now_s())
        peripheral = radio.add_unit(made)
        chip = dongle_in_air(radio, baud=baud, **dongle)
        wire = BadWire(chip)
        driver = Dongle(wire, table=API5, port=PORT)
        desk = Desk(radio, chip, wire, driver, made, peripheral, home)
        try:
            await story(desk)
        finally:
            for link in desk.links:
                await link.close()
            with suppress(Exception):
                await driver.close()
            chip.close()
            await radio.close()

    run_in_virtual_time(tell())
