"""Listening: one scanner for everyone who wants to hear something.

Systems do not like two scans of one program at a time (BlueZ: ``InProgress``), so all searches of a
link share a scanner, which runs as long as somebody listens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from firmline.errors import InputError
from firmline.links.base import Sighting
from firmline.links.bluetooth.problems import PROBLEMS, adapter_problem
from firmline.links.bluetooth.stack import Stack
from firmline.links.gatt import clean_text
from firmline.values import BleAddress, PeripheralId, RadioAddress

UNKNOWN_RSSI: Final = -127
"""What systems report that know no signal strength (Core spec, Vol 4, Part E, 7.7.65.2: 127)."""
MAX_DEVICES: Final = 4096
"""Units that are remembered; who passes by with a private address is soon another."""
BASE_UUID: Final = "-0000-1000-8000-00805F9B34FB"
"""Behind the first 32 bits of a UUID of the SIG (Core spec, Vol 3, Part B, 2.5.1)."""

Hear = Callable[[Sighting], None]


class Ears:
    """The scanner of one adapter.

    Args:
        stack: The Bluetooth stack.
        adapter: Which adapter; ``None``: the system's own choice.

    Attributes:
        devices: Who was heard, as Bleak wants to have it for a connection: named by an address
            alone it would scan by itself. Those heard longest ago are forgotten first.
    """

    def __init__(self, stack: Stack, adapter: str | None) -> None:
        self.devices: dict[RadioAddress, BLEDevice] = {}
        self._stack = stack
        self._adapter = adapter
        self._listeners: list[Hear] = []
        self._scanner: BleakScanner | None = None
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def listening(self, hear: Hear) -> AsyncIterator[None]:
        """Tell everything that is heard, until the end of the block.

        Raises:
            TransportError: NOT_AVAILABLE: the adapter does not listen.
        """
        self._listeners.append(hear)
        try:
            async with self._turn:
                if self._scanner is None:
                    self._scanner = await self._start()
            yield
        finally:
            self._listeners.remove(hear)
            async with self._turn:
                if not self._listeners and self._scanner is not None:
                    scanner, self._scanner = self._scanner, None
                    await _stop(scanner)

    async def _start(self) -> BleakScanner:
        kwargs: dict[str, Any] = {}
        if self._adapter is not None:
            kwargs["bluez"] = {"adapter": self._adapter}
        scanner: BleakScanner | None = None
        started = False
        try:
            scanner = BleakScanner(self._on_heard, backend=self._stack.scanner, **kwargs)
            await scanner.start()
            started = True
        except PROBLEMS as problem:
            raise adapter_problem(problem, self._stack.system) from problem
        finally:
            if scanner is not None and not started:
                await _stop(scanner)
        return scanner

    def _on_heard(self, device: BLEDevice, advertised: AdvertisementData) -> None:
        try:
            address = radio_address(device.address)
        except InputError:
            return  # nothing that could be connected to by anybody
        self.devices.pop(address, None)
        self.devices[address] = device  # behind all that were heard before
        if len(self.devices) > MAX_DEVICES:
            del self.devices[next(iter(self.devices))]
        services, long_services = split_uuids(advertised.service_uuids)
        rssi = advertised.rssi
        sighting = Sighting(
            address=address,
            name=clean_text((advertised.local_name or "").encode("utf-8", "replace")),
            services=services,
            rssi_dbm=None if rssi == UNKNOWN_RSSI else rssi,
            long_services=long_services,
        )
        for hear in list(self._listeners):
            hear(sighting)


async def _stop(scanner: BleakScanner) -> None:
    """Stop listening; what was heard counts, however a system says that it has stopped before."""
    try:
        await scanner.stop()
    except PROBLEMS:
        return


def radio_address(text: str) -> RadioAddress:
    """What Bleak calls a unit: an address, or the identifier of macOS.

    Raises:
        InputError: It is neither.
    """
    return BleAddress.parse(text) if ":" in text else PeripheralId.parse(text)


def split_uuids(uuids: list[str]) -> tuple[frozenset[int], frozenset[str]]:
    """UUIDs as Bleak has them, as :class:`~firmline.links.base.Sighting` has them."""
    short: set[int] = set()
    long: set[str] = set()
    for uuid in uuids:
        text = uuid_text(uuid)
        if len(text) == len("FE59"):
            short.add(int(text, 16))
        else:
            long.add(text)
    return frozenset(short), frozenset(long)


def uuid_text(uuid: str) -> str:
    """A UUID of Bleak as ``links.base`` has it: ``FE59``, or 36 characters, upper case."""
    text = uuid.upper()
    is_short = text.startswith("0000") and text.endswith(BASE_UUID)
    return text[4:8] if is_short else text
