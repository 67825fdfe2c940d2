"""The computer's own Bluetooth as the updater sees it: finds and connects units."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from bleak import BleakAdapter, BleakClient
from bleak.args.bluez import BlueZAdapterArgs
from bleak.backends.device import BLEDevice

from firmline.errors import InputError, TransportError, TransportReason
from firmline.links.base import Link, LinkCapabilities, Sighting
from firmline.links.bluetooth.connection import ATT_TIMEOUT_S, BluetoothConnection
from firmline.links.bluetooth.ears import Ears, radio_address
from firmline.links.bluetooth.pairing import is_paired
from firmline.links.bluetooth.problems import PROBLEMS
from firmline.links.bluetooth.stack import Stack
from firmline.links.connecting_turns import ConnectingTurns, TurnOverError
from firmline.links.gatt import not_found, timed_out
from firmline.values import RadioAddress

SETTLE_S: Final = 2.0
"""How long Windows may take until it knows the packet size (smpclient waits as long)."""


class BluetoothLink(Link):
    """Implements :class:`firmline.links.base.Link` over Bleak; made in a running event loop.

    Args:
        stack: What is under Bleak.
        adapter: Which adapter, on Linux; ``None``: the system's own choice.
        request_timeout_s: How long a unit may take to answer a request.
        settle_s: How long a system may take until it knows the packet size.
    """

    def __init__(
        self,
        *,
        stack: Stack,
        adapter: str | None = None,
        request_timeout_s: float = ATT_TIMEOUT_S,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._stack = stack
        self._adapter = adapter
        self._request_timeout_s = request_timeout_s
        self._settle_s = settle_s
        self._ears = Ears(stack, adapter)
        self._turns = ConnectingTurns()
        self._connections: list[BluetoothConnection] = []
        self._paired: set[RadioAddress] = set()

    @property
    def capabilities(self) -> LinkCapabilities:
        """Next to nothing: the system decides, and does not tell."""
        return LinkCapabilities(
            mtu_request=False,
            addresses_visible=self._stack.addresses_visible,
            flow_control=False,
            data_length=False,
            phy_2m=False,
            connection_parameters=False,
            remote_version=False,
            pairing=False,
            remembers_services=self._stack.remembers_bonded_services,
        )

    def now_s(self) -> float:
        """The event loop's clock, in seconds."""
        return asyncio.get_running_loop().time()

    # Finding.

    async def find(self, address: RadioAddress, *, timeout_s: float) -> Sighting:
        """Wait until exactly this address is seen; see ``links.base``."""
        seen: asyncio.Future[Sighting] = asyncio.get_running_loop().create_future()

        def hear(sighting: Sighting) -> None:
            if sighting.address == address and not seen.done():
                seen.set_result(sighting)

        async with self._ears.listening(hear):
            try:
                async with asyncio.timeout(timeout_s):
                    return await seen
            except TimeoutError:
                pass
        error = not_found(address, timeout_s)
        if await self._is_taken(address):
            error.hint = (
                "This computer is connected to it already, so it does not advertise: close the"
                " program that holds it, or disconnect it in the system's list of devices."
            )
        raise error

    async def scan(self, *, duration_s: float, seen: Callable[[Sighting], None]) -> None:
        """Listen to everyone for a time; see ``links.base``."""
        async with self._ears.listening(seen):
            await asyncio.sleep(duration_s)

    async def _is_taken(self, address: RadioAddress) -> bool:
        """Whether another program of this computer is connected to the unit; explains only."""
        chosen: BlueZAdapterArgs = {} if self._adapter is None else {"adapter": self._adapter}
        try:
            adapter = await BleakAdapter.get(bluez=chosen, backend=self._stack.adapter)
            devices = await adapter.get_connected_devices()
            return address in [radio_address(device.address) for device in devices]
        except (*PROBLEMS, NotImplementedError, InputError):
            return False

    def is_paired(self, address: RadioAddress) -> bool:
        """Whether the system is paired with who has this address; see ``links.base``."""
        device = self._ears.devices.get(address)
        return address in self._paired or (device is not None and is_paired(device))

    # Connecting.

    async def connect(self, address: RadioAddress, *, timeout_s: float) -> BluetoothConnection:
        """Connect to exactly this address, discover and subscribe; see ``links.base``.

        One connection is made at a time, as radios do. Others wait their turn, which is none of
        their time; subscribing, and what a system takes to settle, are nobody else's either.
        """
        connection: BluetoothConnection | None = None
        ready = was_called = was_heard = False
        try:
            async with asyncio.timeout(timeout_s) as limit:
                while connection is None:
                    was_called = False
                    device = await self._heard(address, timeout_s)
                    try:
                        async with self._turns.taken(address, limit=limit, was_heard=was_heard):
                            was_called = True
                            connection = await self._called(device, address, timeout_s)
                    except TurnOverError:
                        self._ears.devices.pop(address, None)
                    except TransportError as error:
                        if error.reason is not TransportReason.NOT_FOUND or was_heard:
                            raise
                        self._ears.devices.pop(address, None)  # the system has forgotten it
                    was_heard = True
                await connection.set_up(settle_s=self._settle_s)
            ready = True
        except TimeoutError:
            if not was_called:
                raise not_found(address, timeout_s) from None
            raise timed_out(address, "tell its services", timeout_s) from None
        finally:
            if connection is not None and not ready:
                await connection.close()
        self._connections = [each for each in self._connections if not each.lost]
        self._connections.append(connection)
        return connection

    async def _called(
        self, device: BLEDevice, address: RadioAddress, timeout_s: float
    ) -> BluetoothConnection:
        """A connection; where there is none, the system is told so before anybody else connects."""
        connection = BluetoothConnection(
            address, system=self._stack.system, request_timeout_s=self._request_timeout_s
        )
        is_open = False
        try:
            client = self._client(device, connection, timeout_s=timeout_s)
            await connection.connect(client)
            self._paired.discard(address)
            if is_paired(device, client):
                self._paired.add(address)
            is_open = True
        finally:
            if not is_open:
                await connection.close()
        return connection

    async def _heard(self, address: RadioAddress, timeout_s: float) -> BLEDevice:
        """The unit as Bleak wants to have it; heard before, or now."""
        device = await self._device(address, timeout_s)
        if self._stack.remembers_services and await self._forget(device):
            self._ears.devices.pop(address, None)
            device = await self._device(address, timeout_s)
        return device

    async def _device(self, address: RadioAddress, timeout_s: float) -> BLEDevice:
        """The unit, once it was heard; again where too many others were heard behind it."""
        while (device := self._ears.devices.get(address)) is None:
            await self.find(address, timeout_s=timeout_s)
        return device

    async def _forget(self, device: BLEDevice) -> bool:
        """Have BlueZ forget what it knows of a unit, and with it its services.

        Not where it is paired: the bond would go with the rest.
        """
        if is_paired(device):
            return False
        try:
            await self._client(device, None, timeout_s=self._request_timeout_s).unpair()
        except PROBLEMS:
            return False  # it is not known there, or in use: then it is taken as it is
        return True

    def _client(
        self, device: BLEDevice, connection: BluetoothConnection | None, *, timeout_s: float
    ) -> BleakClient:
        kwargs: dict[str, Any] = {}
        if self._adapter is not None:
            kwargs["bluez"] = {"adapter": self._adapter}
        return BleakClient(
            device,
            None if connection is None else connection.on_disconnected,
            timeout=timeout_s,
            winrt={"use_cached_services": False},
            backend=self._stack.client,
            **kwargs,
        )

    # The end.

    async def close(self) -> None:
        """Disconnect from all units; harmless when already closed."""
        for connection in self._connections:
            await connection.close()
        self._connections.clear()
