"""The link: finds and connects units in the air that a controller hears."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

from bumble import hci
from bumble.device import Connection as DeviceConnection
from bumble.device import Device, DeviceConfiguration

from firmline.errors import LocalProtocolError, TransportError
from firmline.links.base import USUAL_INTERVAL_S, Link, LinkCapabilities, Sighting
from firmline.links.bonds import BondStore, MemoryBonds
from firmline.links.bumble.address import to_bumble
from firmline.links.bumble.connection import BumbleConnection
from firmline.links.bumble.failure import refused
from firmline.links.bumble.host import FAILED, ControllerGoneError, QuietHost
from firmline.links.bumble.initiator import Initiator
from firmline.links.bumble.keys import SharedKeys, just_works
from firmline.links.bumble.scanner import Scanner
from firmline.links.connecting_turns import ConnectingTurns, TurnOverError
from firmline.links.failure import Failure, closed
from firmline.links.gatt import (
    DEFAULT_MTU,
    FAILED_TO_BE_ESTABLISHED,
    LOCAL_HOST_TERMINATED,
    not_found,
    still_connected,
    timed_out,
)
from firmline.values import BleAddress, RadioAddress

ATT_TIMEOUT_S = 30.0
"""After this time an ATT request has failed (Core spec, Vol 3, Part F, 3.3.3)."""

GiveBack = Callable[[], Awaitable[None]]
"""Gives the controller back, at the end; harmless where it has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CentralSettings:
    """How a central connects.

    Attributes:
        mtu: The ATT MTU it asks for, in bytes.
        request_timeout_s: How long a unit may take to answer a request.
        interval_s: The connection interval it asks for; 7.5 ms is the shortest there is.
        phy_2m: Whether it asks for the 2M PHY, where its controller has it.
        bonds: Where it keeps its bonds; by default they end with the process.
        kind: Whether the units' addresses are random or public; ``None``: as each is heard.
    """

    mtu: int = 247
    request_timeout_s: float = ATT_TIMEOUT_S
    interval_s: float = USUAL_INTERVAL_S
    phy_2m: bool = False
    kind: hci.AddressType | None = None
    bonds: BondStore = field(default_factory=MemoryBonds)

    def __post_init__(self) -> None:
        if self.mtu < DEFAULT_MTU:
            raise LocalProtocolError(f"An ATT MTU of {self.mtu} is below {DEFAULT_MTU}.")


class BumbleLink(Link):
    """Implements :class:`firmline.links.base.Link` over Bumble; made by :meth:`open`.

    Args:
        host: The host of the controller.
        address: The central's own address, a random static one.
        settings: How it connects.
        give_back: Gives the controller back at the end.
    """

    def __init__(
        self,
        host: QuietHost,
        *,
        address: BleAddress,
        settings: CentralSettings,
        give_back: GiveBack,
    ) -> None:
        self._host = host
        self._settings = settings
        self._intervals: dict[RadioAddress, float] = {}
        self._give_back = give_back
        config = DeviceConfiguration(
            address=to_bumble(address), gap_service_enabled=False, gatt_service_enabled=False
        )
        self._device = Device(config=config, host=host)
        # Bumble sets this only while it connects by itself, and fails if a connection comes late.
        self._device.connect_own_address_type = hci.OwnAddressType.RANDOM
        self._device.keystore = SharedKeys(settings.bonds.get)
        self._device.pairing_config_factory = just_works
        self._scanner = Scanner(host)
        self._turns = ConnectingTurns()
        self._initiator = Initiator(host, self._device, self._adopt)
        self._connections: list[BumbleConnection] = []
        self._closed = False
        self._ended: Failure | None = None
        host.on(FAILED, self._on_controller_failed)

    @classmethod
    async def open(
        cls,
        host: QuietHost,
        *,
        address: BleAddress,
        settings: CentralSettings,
        give_back: GiveBack,
    ) -> Self:
        """Make a link and power its controller on; what fails gives it back.

        Raises:
            TransportError: NOT_AVAILABLE: the controller refused what it has to do, or failed.
        """
        try:
            link = cls(host, address=address, settings=settings, give_back=give_back)
            await link._power_on()
        except BaseException:
            await give_back()
            raise
        return link

    async def _power_on(self) -> None:
        try:
            await self._device.power_on()
        except ControllerGoneError:
            raise self._host.error() from None
        except hci.HCI_Error as error:
            raise refused(self._host.name, "to start", error.error_code or 0).error() from error
        await self._scanner.prepare()

    @property
    def capabilities(self) -> LinkCapabilities:
        """What the controller says that it can do."""
        has = self._host.supports_command
        return LinkCapabilities(
            mtu_request=True,
            addresses_visible=True,
            flow_control=True,
            data_length=self._has_data_length,
            phy_2m=self._has_2m,
            connection_parameters=True,
            remote_version=has(hci.HCI_READ_REMOTE_VERSION_INFORMATION_COMMAND),
            pairing=has(hci.HCI_LE_ENABLE_ENCRYPTION_COMMAND),
            rssi=has(hci.HCI_READ_RSSI_COMMAND),
        )

    @property
    def _has_data_length(self) -> bool:
        return self._host.supports_le_features(
            hci.LeFeatureMask.LE_DATA_PACKET_LENGTH_EXTENSION
        ) and self._host.supports_command(hci.HCI_LE_SET_DATA_LENGTH_COMMAND)

    @property
    def _has_2m(self) -> bool:
        return self._host.supports_le_features(
            hci.LeFeatureMask.LE_2M_PHY
        ) and self._host.supports_command(hci.HCI_LE_SET_PHY_COMMAND)

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
                return await self._scanner.find(address)
        except TimeoutError:
            raise not_found(address, timeout_s) from None

    async def scan(self, *, duration_s: float, seen: Callable[[Sighting], None]) -> None:
        """Listen to everyone for a time; see ``links.base``."""
        self._check()
        try:
            async with asyncio.timeout(duration_s):
                raise await self._scanner.listen(seen)
        except TimeoutError:
            return

    # Connecting.

    async def connect(self, address: RadioAddress, *, timeout_s: float) -> BumbleConnection:
        """Connect to exactly this address, agree on the MTU, discover and subscribe.

        A radio creates one connection at a time (HCI), and has one to an address. Others wait their
        turn, which is none of their time.

        Raises:
            TransportError: NOT_FOUND where nobody answered to the address, TIMEOUT where the unit
                did but setting up took too long, somebody is connected to the address already, or
                the turn did not come; LOST, REFUSED or NOT_AVAILABLE.
        """
        self._check()
        connection: BumbleConnection | None = None
        ready = False
        try:
            async with asyncio.timeout(timeout_s) as limit:
                await self._until_free(address)
                while connection is None:
                    connection = await self._establish(address, limit)
                    ready = await self._is_set_up(connection)
                    connection = connection if ready else None
        except TimeoutError:
            if connection is None and self._own_connection(address) is not None:
                raise still_connected(address, timeout_s) from None
            if connection is None:
                raise not_found(address, timeout_s) from None
            raise timed_out(address, "tell its services", timeout_s) from None
        finally:
            if connection is not None and not ready:
                connection.hang_up()
            self._connections = [other for other in self._connections if not other.lost]
        return connection

    def _own_connection(self, address: RadioAddress) -> BumbleConnection | None:
        """The connection to an address that there is."""
        has_it = (each for each in self._connections if each.peer == address and not each.lost)
        return next(has_it, None)

    async def _until_free(self, address: RadioAddress) -> None:
        """Wait for the end of the connection that there is: there can be one to an address."""
        while (other := self._own_connection(address)) is not None:
            await other.until_lost()

    async def _establish(self, address: RadioAddress, limit: asyncio.Timeout) -> BumbleConnection:
        """Connect; an address does not say of which kind it is, so it is listened to first."""
        kind = self._settings.kind
        if kind is None:
            kind = self._scanner.kind_of(address)
        if kind is None:
            await self._scanner.find(address)
            kind = self._scanner.kind_of(address)
        peer = to_bumble(address) if kind is None else to_bumble(address, kind)
        interval_s = self._intervals.get(address, self._settings.interval_s)
        was_heard = False
        while True:
            try:
                async with self._turns.taken(address, limit=limit, was_heard=was_heard):
                    return await self._initiator.connect(peer, interval_s=interval_s)
            except TurnOverError:
                await self._scanner.find(address)
                was_heard = True

    async def _is_set_up(self, connection: BumbleConnection) -> bool:
        """Take a connection into use; ``False``: it was none, as the controller knows by now."""
        settings = self._settings
        try:
            await connection.set_up(
                mtu=settings.mtu,
                data_length=self._has_data_length,
                phy_2m=settings.phy_2m and self._has_2m,
            )
        except TransportError as error:
            if error.hci_reason == FAILED_TO_BE_ESTABLISHED:
                return False
            raise
        return True

    def _adopt(self, link: DeviceConnection) -> BumbleConnection:
        settings = self._settings
        connection = BumbleConnection(
            self._host, link, request_timeout_s=settings.request_timeout_s, bonds=settings.bonds
        )
        self._connections.append(connection)
        return connection

    # The end.

    async def close(self) -> None:
        """Disconnect from all units and give the controller back; harmless when already closed."""
        if self._closed:
            return
        self._closed = True
        self._end(closed(self._host.name))
        for connection in self._connections:
            connection.hang_up()
        try:
            for connection in list(self._connections):
                await connection.close()
        finally:
            for connection in self._connections:
                connection.mark_lost(LOCAL_HOST_TERMINATED)
            await self._give_back()

    def _on_controller_failed(self) -> None:
        self._end(self._host.failure or closed(self._host.name))

    def _end(self, failure: Failure) -> None:
        self._ended = self._ended or failure
        self._scanner.stop(failure)
        self._initiator.stop(failure)

    def _check(self) -> None:
        if self._ended is not None:
            raise self._ended.error()
