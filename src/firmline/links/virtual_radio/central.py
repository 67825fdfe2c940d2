"""The host's link: finds and connects units in the virtual air.

Whatever may be cancelled ends with calls that need no waiting (``finally`` without ``await``): a
task that was cancelled at any point leaves the radio as usable as before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Self

from bumble import hci
from bumble.device import Connection as BumbleConnection
from bumble.device import Device, DeviceConfiguration

from firmline.errors import Code, LocalProtocolError, TransportError, TransportReason
from firmline.links.base import Link, LinkCapabilities, Sighting
from firmline.links.gatt import (
    DEFAULT_MTU,
    LOCAL_HOST_TERMINATED,
    not_found,
    parse_advertising,
    timed_out,
)
from firmline.links.virtual_radio.address import from_bumble, to_bumble
from firmline.links.virtual_radio.air import INTERVAL_UNIT_S, Air
from firmline.links.virtual_radio.connection import VirtualConnection
from firmline.links.virtual_radio.controller import RadioController
from firmline.links.virtual_radio.host import QuietHost
from firmline.values import BleAddress, RadioAddress

SHORTEST_INTERVAL_S = 0.0075
_ATT_TIMEOUT_S = 30.0
"""After this time an ATT request has failed (Core spec, Vol 3, Part F, 3.3.3)."""

_SCAN = 0x10  # 10 ms in units of 0.625 ms: always listening.
_SUPERVISION = 400  # 4 s, as nRF Connect asks for, in units of 10 ms.
_MAX_SUPERVISION = 3200  # 32 s (Core spec, Vol 4, Part E, 7.8.12).
_INTERVALS_PER_SUPERVISION = 3  # More than two, or no controller takes it (same place).
_INTERVALS_PER_UNIT = 8  # 10 ms are eight times 1.25 ms.


class VirtualRadioLink(Link):
    """Implements :class:`firmline.links.base.Link` over Bumble; made by :meth:`open`.

    Args:
        air: Where it listens.
        address: Its own address.
        mtu: The ATT MTU it asks for, in bytes.
        request_timeout_s: How long a unit may take to answer a request.
        interval_s: The connection interval it asks for; 7.5 ms is the shortest there is.
    """

    def __init__(
        self,
        air: Air,
        address: BleAddress,
        *,
        mtu: int = 247,
        request_timeout_s: float = _ATT_TIMEOUT_S,
        interval_s: float = SHORTEST_INTERVAL_S,
    ) -> None:
        if mtu < DEFAULT_MTU:
            raise LocalProtocolError(f"An ATT MTU of {mtu} is below {DEFAULT_MTU}.")
        self._mtu = mtu
        self._request_timeout_s = request_timeout_s
        self._interval = round(interval_s / INTERVAL_UNIT_S)
        self._controller = RadioController(f"host {address}", air)
        self._host = QuietHost(self._controller)
        config = DeviceConfiguration(
            address=to_bumble(address), gap_service_enabled=False, gatt_service_enabled=False
        )
        self._device = Device(config=config, host=self._host)
        # Bumble sets this only while it connects by itself, and fails if a connection comes late.
        self._device.connect_own_address_type = hci.OwnAddressType.RANDOM
        self._sought: dict[RadioAddress, list[asyncio.Future[Sighting | None]]] = {}
        self._listeners: list[tuple[Callable[[Sighting], None], asyncio.Event]] = []
        self._expected: tuple[hci.Address, asyncio.Future[VirtualConnection | None]] | None = None
        self._initiating = asyncio.Lock()
        self._connections: list[VirtualConnection] = []
        self._closed = False
        self._host.on("advertising_report", self._on_report)
        self._device.on(Device.EVENT_CONNECTION, self._on_connection)

    @classmethod
    async def open(
        cls,
        air: Air,
        address: BleAddress,
        *,
        mtu: int = 247,
        request_timeout_s: float = _ATT_TIMEOUT_S,
        interval_s: float = SHORTEST_INTERVAL_S,
    ) -> Self:
        """Make a link and power it on."""
        link = cls(
            air, address, mtu=mtu, request_timeout_s=request_timeout_s, interval_s=interval_s
        )
        try:
            await link._device.power_on()
        except BaseException:
            link._controller.vanish()
            raise
        return link

    @property
    def capabilities(self) -> LinkCapabilities:
        """Everything but pairing."""
        return LinkCapabilities(
            mtu_request=True,
            addresses_visible=True,
            flow_control=True,
            data_length=True,
            phy_2m=True,
            connection_parameters=True,
            remote_version=True,
            pairing=False,
        )

    def now_s(self) -> float:
        """The event loop's clock, in seconds."""
        return asyncio.get_running_loop().time()

    # Finding.

    async def find(self, address: RadioAddress, *, timeout_s: float) -> Sighting:
        """Wait until exactly this address is seen; see ``links.base``."""
        self._check_open()
        seen: asyncio.Future[Sighting | None] = asyncio.get_running_loop().create_future()
        self._sought.setdefault(address, []).append(seen)
        self._listen()
        try:
            async with asyncio.timeout(timeout_s):
                sighting = await seen
        except TimeoutError:
            raise not_found(address, timeout_s) from None
        finally:
            waiting = self._sought[address]
            waiting.remove(seen)
            if not waiting:
                del self._sought[address]
            self._listen()
        if sighting is None:
            raise _not_available()
        return sighting

    async def scan(self, *, duration_s: float, seen: Callable[[Sighting], None]) -> None:
        """Listen to everyone for a time; see ``links.base``."""
        self._check_open()
        listener = (seen, asyncio.Event())
        self._listeners.append(listener)
        self._listen()
        try:
            async with asyncio.timeout(duration_s):
                await listener[1].wait()
        except TimeoutError:
            return
        finally:
            self._listeners.remove(listener)
            self._listen()
        raise _not_available()

    def _listen(self) -> None:
        """Have the controller listen as long as somebody wants to know."""
        self._controller.le_scan_enable = bool(self._sought or self._listeners)

    def _on_report(self, report: hci.HCI_LE_Advertising_Report_Event.Report) -> None:
        address = from_bumble(report.address)
        waiting = self._sought.get(address, [])
        if not waiting and not self._listeners:
            return
        advertised = parse_advertising(report.data)
        sighting = Sighting(
            address=address,
            name=advertised.name,
            services=advertised.services,
            rssi_dbm=report.rssi,
            long_services=advertised.long_services,
        )
        for seen in waiting:
            if not seen.done():
                seen.set_result(sighting)
        for listener, _ in list(self._listeners):
            listener(sighting)

    # Connecting.

    async def connect(self, address: RadioAddress, *, timeout_s: float) -> VirtualConnection:
        """Connect to exactly this address, agree on the MTU, discover and subscribe.

        A radio creates one connection at a time (HCI); others wait their turn, in their time.

        Raises:
            TransportError: NOT_FOUND where nobody answered to the address, TIMEOUT where the unit
                did but setting up took too long; LOST or REFUSED.
        """
        self._check_open()
        connection: VirtualConnection | None = None
        ready = False
        try:
            async with asyncio.timeout(timeout_s):
                connection = await self._establish(to_bumble(address))
                await connection.set_up(self._mtu)
            ready = True
        except TimeoutError:
            if connection is None:
                raise not_found(address, timeout_s) from None
            raise timed_out(address, "tell its services", timeout_s) from None
        finally:
            if not ready:
                _hang_up(connection)
            self._connections = [other for other in self._connections if not other.lost]
        return connection

    async def _establish(self, address: hci.Address) -> VirtualConnection:
        """Have the controller connect, and give up cleanly when cancelled."""
        async with self._initiating:
            self._check_open()
            made: asyncio.Future[VirtualConnection | None]
            made = asyncio.get_running_loop().create_future()
            self._expected = (address, made)
            taken = False
            try:
                self._host.post(_connect_command(address, self._interval))
                connection = await made
                taken = True
            finally:
                self._expected = None
                self._controller.stop_initiating()
                if not taken and made.done() and not made.cancelled():
                    _hang_up(made.result())
        if connection is None:
            raise _not_available()
        return connection

    def _on_connection(self, link: BumbleConnection) -> None:
        """A connection is there; one that nobody expects any more is dropped.

        It is adopted here and not by the task that waits: it may be lost before that task runs.
        """
        connection = VirtualConnection(self._host, link, request_timeout_s=self._request_timeout_s)
        self._connections.append(connection)
        if self._expected is not None:
            address, made = self._expected
            if link.peer_address == address and not made.done():
                made.set_result(connection)
                return
        connection.hang_up()

    # The end.

    async def close(self) -> None:
        """Disconnect from all units and leave the air; harmless when already closed."""
        if self._closed:
            return
        self._closed = True
        for seen in [seen for waiting in self._sought.values() for seen in waiting]:
            if not seen.done():
                seen.set_result(None)
        for _, gone in self._listeners:
            gone.set()
        if self._expected is not None and not self._expected[1].done():
            self._expected[1].set_result(None)
        for connection in self._connections:
            connection.hang_up()
        try:
            for connection in list(self._connections):
                await connection.close()
        finally:
            self._controller.vanish()
            for connection in self._connections:
                connection.mark_lost(LOCAL_HOST_TERMINATED)

    def _check_open(self) -> None:
        if self._closed:
            raise _not_available()


def _hang_up(connection: VirtualConnection | None) -> None:
    """Begin to disconnect what was connected in vain."""
    if connection is not None:
        connection.hang_up()


def _not_available() -> TransportError:
    return TransportError(
        Code.LINK_NOT_AVAILABLE,
        "The virtual radio's link is closed.",
        reason=TransportReason.NOT_AVAILABLE,
    )


def _connect_command(address: hci.Address, interval: int) -> hci.HCI_LE_Create_Connection_Command:
    """Connect to one address, at an interval in units of 1.25 ms, without latency."""
    return hci.HCI_LE_Create_Connection_Command(
        le_scan_interval=_SCAN,
        le_scan_window=_SCAN,
        initiator_filter_policy=0,
        peer_address_type=address.address_type,
        peer_address=address,
        own_address_type=hci.OwnAddressType.RANDOM,
        connection_interval_min=interval,
        connection_interval_max=interval,
        max_latency=0,
        supervision_timeout=_supervision(interval),
        min_ce_length=0,
        max_ce_length=0,
    )


def _supervision(interval: int) -> int:
    """How long a link may be silent, in units of 10 ms, at an interval in units of 1.25 ms."""
    longer = -(-interval * _INTERVALS_PER_SUPERVISION // _INTERVALS_PER_UNIT)
    return min(max(_SUPERVISION, longer), _MAX_SUPERVISION)
