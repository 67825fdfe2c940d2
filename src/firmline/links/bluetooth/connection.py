"""One open connection to a unit over the computer's own Bluetooth."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import Final, NoReturn, TypeVar

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import BleakGATTProtocolErrorCode

from firmline.errors import Code, LocalProtocolError, TransportError, TransportReason
from firmline.links.base import RemoteVersion
from firmline.links.bluetooth.ears import uuid_text
from firmline.links.bluetooth.problems import PROBLEMS, unit_problem
from firmline.links.bluetooth.stack import System
from firmline.links.gatt import (
    DEFAULT_MTU,
    EXPERIMENTAL_SERVICE,
    NEEDS_ENCRYPTION,
    SECURE_DFU_SERVICE,
    channel_of,
    lost,
    timed_out,
)
from firmline.links.gatt_connection import GattConnection
from firmline.protocol.channels import Channel
from firmline.values import RadioAddress

ATT_HEADER: Final = 3
"""Bytes of a packet that are not the value (Core spec, Vol 3, Part F, 3.4.5.3)."""
ATT_TIMEOUT_S: Final = 30.0
"""After this time an ATT request has failed (Core spec, Vol 3, Part F, 3.3.3)."""
LOOKS_AGAIN_S: Final = 0.1
FAREWELL_S: Final = 10.0
"""How long a system may take to disconnect; Bleak itself waits as long for BlueZ."""
_DFU_SERVICES: Final = frozenset({f"{SECURE_DFU_SERVICE:04X}", EXPERIMENTAL_SERVICE})
_SPEAKS: Final = frozenset({"notify", "indicate"})
_PAIR: Final = {
    System.BLUEZ: "Pair them, and run the same command again: bluetoothctl pair ADDRESS.",
    System.WINRT: "Pair them, and run the same command again: Settings, Bluetooth & devices.",
    System.CORE_BLUETOOTH: "Confirm the system's question to pair, and run the command again.",
}
_NOT_OFFERED: Final = frozenset(
    {
        BleakGATTProtocolErrorCode.INVALID_HANDLE,
        BleakGATTProtocolErrorCode.READ_NOT_PERMITTED,
        BleakGATTProtocolErrorCode.ATTRIBUTE_NOT_FOUND,
    }
)
"""ATT errors of a value that is not there to be read (Core spec, Vol 3, Part F, 3.4.1.1)."""
_T = TypeVar("_T")


class BluetoothConnection(GattConnection[BleakGATTCharacteristic]):
    """Implements :class:`firmline.links.base.Connection` over a client of Bleak.

    Args:
        peer: The unit.
        system: What is under Bleak.
        request_timeout_s: How long the unit may take to answer a request.
    """

    def __init__(
        self, peer: RadioAddress, *, system: System, request_timeout_s: float = ATT_TIMEOUT_S
    ) -> None:
        super().__init__(peer)
        self._system = system
        self._request_timeout_s = request_timeout_s
        self._client: BleakClient | None = None
        self._characteristics: dict[Channel, BleakGATTCharacteristic] = {}
        self._is_closed = False

    # What it is.

    @property
    def channels(self) -> frozenset[Channel]:
        """Which channels the unit serves: they tell its mode."""
        return frozenset(self._characteristics)

    @property
    def mtu(self) -> int:
        """The ATT MTU that the system has agreed on, as far as it tells.

        Told by the characteristic that takes the most; a system may say more a little later.
        """
        sizes = [each.max_write_without_response_size for each in self._characteristics.values()]
        return max([DEFAULT_MTU, *(size + ATT_HEADER for size in sizes)])

    # Setting up.

    async def connect(self, client: BleakClient) -> None:
        """Connect, and look at the services: no system does one without the other.

        Args:
            client: A client that has :meth:`on_disconnected` for a callback.

        Raises:
            TransportError: LOST, REFUSED, TIMEOUT or NOT_FOUND.
        """
        self._client = client
        await self._ask(client.connect(), "a connection")
        self._adopt(client)

    async def set_up(self, *, settle_s: float) -> None:
        """Subscribe to all that speaks.

        Args:
            settle_s: How long to wait for a packet size above the smallest, where it matters.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT.
        """
        client = self._connected()
        for channel, characteristic in self._characteristics.items():
            if _speaks(characteristic):
                await self._subscribe(client, channel, characteristic)
        if Channel.PACKET in self._characteristics:
            await self._await_mtu(settle_s)

    def _adopt(self, client: BleakClient) -> None:
        """Take what the services have into use. Bleak forgets them when the link goes."""
        services = list(client.services)
        self._services = frozenset(uuid_text(service.uuid) for service in services)
        for service in services:
            found = {uuid_text(each.uuid): each for each in service.characteristics}
            uuid = uuid_text(service.uuid)
            if uuid in _DFU_SERVICES:
                self._adopt_channels(found)
            self._adopt_values(uuid, found)

    def _adopt_channels(self, found: dict[str, BleakGATTCharacteristic]) -> None:
        for uuid, characteristic in found.items():
            channel = channel_of(uuid, speaks=_speaks(characteristic))
            if channel is not None:
                self._characteristics[channel] = characteristic

    async def _subscribe(
        self, client: BleakClient, channel: Channel, characteristic: BleakGATTCharacteristic
    ) -> None:
        """Subscribe to a channel, or remember that it is closed without a bond.

        A system that is paired with the unit encrypts by itself, and then it is open.
        """
        hear = partial(self._on_value, channel)
        try:
            await self._ask(
                client.start_notify(characteristic, hear), f"the subscription to {channel}"
            )
        except TransportError as error:
            if error.context.get("att_status") not in NEEDS_ENCRYPTION:
                raise
            self._is_closed = True

    @property
    def needs_encryption(self) -> bool:
        """Whether the unit keeps a channel closed to a system that is not paired with it."""
        return self._is_closed

    async def encrypt(self, *, may_pair: bool, timeout_s: float) -> NoReturn:
        """Pairing is the system's business: it asks its user where it has to.

        Raises:
            TransportError: REFUSED, always.
        """
        _ = may_pair, timeout_s
        raise TransportError(
            Code.BOND_MISSING,
            f"{self._peer} lets in only those that it is bonded with, and this computer is not"
            " paired with it.",
            reason=TransportReason.REFUSED,
            hint=_PAIR[self._system],
        )

    async def _await_mtu(self, settle_s: float) -> None:
        """Give a system that has not heard of the agreed MTU yet the time to hear of it."""
        with_patience = asyncio.get_running_loop().time() + settle_s
        while self.mtu <= DEFAULT_MTU and asyncio.get_running_loop().time() < with_patience:
            await asyncio.sleep(LOOKS_AGAIN_S)
            self._check()

    # Moving bytes.

    async def write(self, channel: Channel, data: bytes) -> None:
        """Write ``data``; see :meth:`firmline.links.base.Connection.write`.

        A write without response returns when the system has taken it, which says nothing of the
        controller's queue, let alone the unit's.
        """
        characteristic = self._characteristics.get(channel)
        if characteristic is None:
            raise LocalProtocolError(f"Nothing can be written to {channel} of {self._peer}.")
        response = channel is not Channel.PACKET
        await self._ask(
            self._connected().write_gatt_char(characteristic, data, response=response),
            f"a write to {channel}",
        )

    async def _read(self, place: BleakGATTCharacteristic, what: str) -> bytes | None:
        """Read a value from the unit; ``None`` where it does not offer it after all."""
        client = self._connected()
        try:
            value = await self._ask(client.read_gatt_char(place, use_cached=False), what)
        except TransportError as error:
            if error.context.get("att_status") in _NOT_OFFERED:
                return None
            raise
        return bytes(value)

    def _connected(self) -> BleakClient:
        """The client that moves the bytes."""
        if self._client is None:
            raise LocalProtocolError(f"{self._peer} is asked before it was connected to.")
        return self._client

    async def remote_version(self, *, timeout_s: float) -> RemoteVersion:
        """No system tells; the link's capabilities say so."""
        _ = timeout_s
        raise LocalProtocolError(f"{self._system} tells nobody the version of a unit's radio.")

    # The end.

    async def close(self) -> None:
        """Disconnect; harmless when already closed.

        A link that a system cannot take down is as good as gone for us: whether the unit is free
        again is seen when it is looked for.
        """
        if self._client is None:
            return
        try:
            async with asyncio.timeout(FAREWELL_S):
                await self._client.disconnect()
        except (*PROBLEMS, TimeoutError):
            pass
        finally:
            self.on_disconnected(self._client)

    def on_disconnected(self, _client: BleakClient) -> None:
        """The link is gone: whoever waits is told, after what has arrived is handed out."""
        self._lose(lambda: lost(self._peer, None), None)

    # What arrives, and what goes wrong.

    def _on_value(
        self, channel: Channel, _sender: BleakGATTCharacteristic, data: bytearray
    ) -> None:
        self._arrived(channel, bytes(data))

    async def _ask(self, asked: Awaitable[_T], what: str) -> _T:
        """Something of Bleak, with every problem as ours."""
        try:
            async with asyncio.timeout(self._request_timeout_s):
                return await asked
        except TimeoutError:
            raise timed_out(self._peer, f"answer {what}", self._request_timeout_s) from None
        except PROBLEMS as problem:
            error = unit_problem(problem, peer=self._peer, what=what, system=self._system)
            if self.lost and error.reason is not TransportReason.REFUSED:
                raise lost(self._peer, None) from problem
            raise error from problem


def _speaks(characteristic: BleakGATTCharacteristic) -> bool:
    """Whether a characteristic notifies or indicates."""
    return not _SPEAKS.isdisjoint(characteristic.properties)
