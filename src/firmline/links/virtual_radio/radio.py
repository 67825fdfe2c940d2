"""The virtual radio as a whole: the air, the units in it and the hosts' links."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

from bumble.hci import Address, AddressType

from firmline.device.radio_face import RadioUnit
from firmline.links.base import USUAL_INTERVAL_S
from firmline.links.bumble.btsnoop import BtsnoopWriter
from firmline.links.bumble.central import ATT_TIMEOUT_S, BumbleLink, CentralSettings
from firmline.links.bumble.host import QuietHost
from firmline.links.virtual_radio.air import Air, AirTime
from firmline.links.virtual_radio.controller import RadioController
from firmline.links.virtual_radio.peripheral import UnitPeripheral
from firmline.values import BleAddress

_CONTROLLERS = bytes.fromhex("00FEED000000")
_HOSTS = bytes.fromhex("FEED00000000")  # Random static: the two highest bits are set.


class VirtualRadio:
    """Units and hosts that hear each other; must be made in a running event loop.

    Args:
        time: How packets take time; ``None``: everything arrives at once.
    """

    def __init__(self, time: AirTime | None = None) -> None:
        self._air = Air(time)
        self._units: list[UnitPeripheral] = []
        self._links: list[BumbleLink] = []
        self._addresses = count(int.from_bytes(_HOSTS) + 1)
        self._public_addresses = count(int.from_bytes(_CONTROLLERS) + 1)

    def now_s(self) -> float:
        """The event loop's clock, in seconds."""
        return asyncio.get_running_loop().time()

    def add_unit(self, unit: RadioUnit) -> UnitPeripheral:
        """Bring a unit into the air; it advertises as soon as the event loop runs."""
        peripheral = UnitPeripheral(unit, self._air)
        self._units.append(peripheral)
        return peripheral

    def add_controller(self, name: str) -> RadioController:
        """A radio chip for somebody who brings a Bluetooth stack; ``vanish`` takes it away.

        Args:
            name: For messages.
        """
        controller = RadioController(name, self._air)
        address = next(self._public_addresses).to_bytes(6, "little")
        controller.public_address = Address(address, Address.PUBLIC_DEVICE_ADDRESS)
        return controller

    async def open_link(
        self,
        *,
        mtu: int = 247,
        request_timeout_s: float = ATT_TIMEOUT_S,
        interval_s: float = USUAL_INTERVAL_S,
        phy_2m: bool = False,
        packet_log: Callable[[bytes], None] | None = None,
    ) -> BumbleLink:
        """A host's link with an address of its own; several can be open at once.

        Args:
            mtu: The ATT MTU it asks for, in bytes.
            request_timeout_s: How long a unit may take to answer a request.
            interval_s: The connection interval it asks for.
            phy_2m: Whether it asks for the 2M PHY.
            packet_log: Takes a btsnoop file of what passes between this host and its controller.
        """
        settings = CentralSettings(
            mtu=mtu,
            request_timeout_s=request_timeout_s,
            interval_s=interval_s,
            phy_2m=phy_2m,
            kind=AddressType.RANDOM_DEVICE,  # as every virtual unit's
        )
        address = BleAddress(next(self._addresses).to_bytes(6))
        controller = RadioController(f"host {address}", self._air)
        host = QuietHost("the virtual radio")
        host.join(controller)
        if packet_log is not None:
            host.snooper = BtsnoopWriter(packet_log)

        async def power_off() -> None:
            controller.vanish()

        link = await BumbleLink.open(host, address=address, settings=settings, give_back=power_off)
        self._links.append(link)
        return link

    async def close(self) -> None:
        """Close all links and take all units out of the air; harmless when already closed."""
        try:
            for link in self._links:
                await link.close()
        finally:
            for unit in self._units:
                await unit.close()
