"""The link: finds and connects units in the air that a dongle hears."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmline.errors import TransportError
from firmline.links.base import USUAL_INTERVAL_S, Link, LinkCapabilities, Sighting
from firmline.links.connectivity.addresses import peer_of
from firmline.links.connectivity.client import ATT_TIMEOUT_S
from firmline.links.connectivity.connection import DongleConnection
from firmline.links.connectivity.dongle import Dongle
from firmline.links.connectivity.ears import Ears
from firmline.links.connectivity.initiator import Initiator
from firmline.links.connectivity.startup import Started
from firmline.links.connectivity.wire import happenings as told
from firmline.links.failure import Failure
from firmline.links.gatt import (
    FAILED_TO_BE_ESTABLISHED,
    LOCAL_HOST_TERMINATED,
    not_found,
    radio_busy,
    timed_out,
)
from firmline.values import RadioAddress

MTU: Final = 247
"""Asked for: the largest of which a packet fits into one of the link layer's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DongleSettings:
    """How a central connects.

    Attributes:
        mtu: The ATT MTU it asks for, in bytes.
        request_timeout_s: How long a unit may take to answer a request.
        interval_s: The connection interval it asks for.
        phy_2m: Whether it asks for the 2M PHY.
    """

    mtu: int = MTU
    request_timeout_s: float = ATT_TIMEOUT_S
    interval_s: float = USUAL_INTERVAL_S
    phy_2m: bool = True


class DongleLink(Link):
    """Implements :class:`firmline.links.base.Link` over a dongle.

    Args:
        dongle: The dongle, open.
        started: What it said when it was started.
        settings: How it connects.
    """

    def __init__(self, dongle: Dongle, started: Started, settings: DongleSettings) -> None:
        self._dongle = dongle
        self._started = started
        self._settings = settings
        self._intervals: dict[RadioAddress, float] = {}
        self._ears = Ears(dongle)
        self._initiator = Initiator(dongle, self._ears, self._adopt)
        self._connections: list[DongleConnection] = []
        self._closed = False
        dongle.listen(self._hear, self._on_failure)

    @property
    def capabilities(self) -> LinkCapabilities:
        """What the firmware can do. A SoftDevice tells nobody the version of its peer."""
        return LinkCapabilities(
            mtu_request=True,
            addresses_visible=True,
            flow_control=True,
            data_length=True,
            phy_2m=True,
            connection_parameters=True,
            remote_version=False,
            pairing=False,
            rssi=True,
        )

    def ask_interval(self, address: RadioAddress, interval_s: float) -> None:
        """Ask for this interval in connections to an address that are made from now on."""
        self._intervals[address] = interval_s

    def now_s(self) -> float:
        """The event loop's clock, in seconds."""
        return asyncio.get_running_loop().time()

    # Finding.

    async def find(self, address: RadioAddress, *, timeout_s: float) -> Sighting:
        """Wait until exactly this address is seen; see ``links.base``."""
        self._check()
        try:
            async with asyncio.timeout(timeout_s):
                return await self._ears.find(address)
        except TimeoutError:
            raise not_found(address, timeout_s) from None

    async def scan(self, *, duration_s: float, seen: Callable[[Sighting], None]) -> None:
        """Listen to everyone for a time; see ``links.base``."""
        self._check()
        try:
            async with asyncio.timeout(duration_s):
                raise await self._ears.listen(seen)
        except TimeoutError:
            return

    # Connecting.

    async def connect(self, address: RadioAddress, *, timeout_s: float) -> DongleConnection:
        """Connect to exactly this address, agree on the MTU, discover and subscribe.

        The dongle has one connection at a time: another one waits for its end.

        Raises:
            TransportError: NOT_FOUND where nobody answered to the address; TIMEOUT where the unit
                did but setting up took too long, or the dongle was connected to another one; LOST,
                REFUSED or NOT_AVAILABLE.
        """
        self._check()
        connection: DongleConnection | None = None
        was_free = ready = False
        try:
            async with asyncio.timeout(timeout_s):
                await self._until_free()
                was_free = True
                while connection is None:
                    connection = await self._establish(address)
                    ready = await self._is_set_up(connection)
                    connection = connection if ready else None
        except TimeoutError:
            if not was_free:
                raise radio_busy(address, timeout_s) from None
            if connection is None:
                raise not_found(address, timeout_s) from None
            raise timed_out(address, "tell its services", timeout_s) from None
        finally:
            if connection is not None and not ready:
                connection.hang_up()
        return connection

    async def _until_free(self) -> None:
        """Wait for the end of the connection that there is."""
        while alive := self._alive():
            await alive[0].until_lost()

    def _alive(self) -> list[DongleConnection]:
        self._connections = [each for each in self._connections if not each.lost]
        return self._connections

    async def _establish(self, address: RadioAddress) -> DongleConnection:
        """Connect; an address does not say of which kind it is, so it is listened to first."""
        if self._ears.kind_of(address) is None:
            await self._ears.find(address)
        peer = peer_of(address, self._ears.kind_of(address) or 0)
        interval_s = self._intervals.get(address, self._settings.interval_s)
        return await self._initiator.connect(peer, interval_s=interval_s)

    async def _is_set_up(self, connection: DongleConnection) -> bool:
        """Take a connection into use; ``False``: it was none, as the radio knows by now."""
        try:
            await connection.set_up(mtu=self._settings.mtu, phy_2m=self._settings.phy_2m)
        except TransportError as error:
            if error.hci_reason == FAILED_TO_BE_ESTABLISHED:
                return False
            raise
        return True

    def _adopt(self, event: told.Connected) -> DongleConnection:
        connection = DongleConnection(
            self._dongle,
            event,
            bases=self._started.bases,
            request_timeout_s=self._settings.request_timeout_s,
        )
        self._connections.append(connection)
        return connection

    # What the dongle tells.

    def _hear(self, event: object) -> None:
        match event:
            case told.Heard():
                self._ears.hear(event)
            case told.Connected():
                self._initiator.hear(event)
            case _:
                number = getattr(event, "connection", None)
                for connection in self._alive():
                    if connection.handle == number:
                        connection.hear(event)

    def _on_failure(self, failure: Failure) -> None:
        self._ears.stop(failure)
        self._initiator.stop(failure)
        for connection in self._alive():
            connection.mark_dongle_lost()

    # The end.

    async def close(self) -> None:
        """Disconnect from the unit and give the dongle back; harmless when already closed."""
        if self._closed:
            return
        self._closed = True
        try:
            for connection in list(self._alive()):
                await connection.close()
        finally:
            for connection in list(self._alive()):
                connection.mark_lost(LOCAL_HOST_TERMINATED)
            await self._dongle.close()

    def _check(self) -> None:
        if self._dongle.failure is not None:
            raise self._dongle.error()
