"""A computer's Bluetooth for Bleak, without a radio: a backend over Bumble on the virtual radio.

The public Bleak API drives it as it drives BlueZ, WinRT and CoreBluetooth, and it behaves as they
do where that matters: writes without response are taken at once and without limit, an MTU is agreed
on without being asked for, a link that goes leaves failed calls behind, and what Bleak forgets of a
lost link is forgotten. A :class:`Computer` says which system it is.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar, Self, cast
from uuid import NAMESPACE_OID, uuid5

from bleak.args import SizedBuffer
from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.adapter import BaseBleakAdapter
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError, BleakGATTProtocolError
from bumble import hci
from bumble.att import ATT_Error
from bumble.core import UUID, AdvertisingData
from bumble.device import Advertisement, Connection, Device, DeviceConfiguration, Peer
from bumble.gatt import Characteristic
from bumble.gatt_client import CharacteristicProxy
from bumble.host import Host

from firmline.links.bluetooth.stack import Stack, System
from firmline.links.bonds import MemoryBonds
from firmline.links.bumble.address import from_bumble, to_bumble
from firmline.links.bumble.keys import SharedKeys, just_works
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.values import BleAddress

PROPERTIES: dict[Characteristic.Properties, CharacteristicPropertyName] = {
    Characteristic.Properties.READ: "read",
    Characteristic.Properties.WRITE_WITHOUT_RESPONSE: "write-without-response",
    Characteristic.Properties.WRITE: "write",
    Characteristic.Properties.NOTIFY: "notify",
    Characteristic.Properties.INDICATE: "indicate",
}


def identifier(address: BleAddress) -> str:
    """What macOS would call the unit with an address."""
    return str(uuid5(NAMESPACE_OID, str(address))).upper()


@dataclass
class Computer:
    """A computer with Bluetooth.

    Attributes:
        radio: What its radio reaches.
        system: Which system it is.
        mtu: The MTU that its system asks for.
        trouble: What is raised at a step, once.
        journal: Every step that Bleak had it take.
        late_by: How many times a packet size is asked for until the agreed one is known.
        paired: Who its system says that it is paired with; it encrypts with ``bonds`` alone.
        taken: Who is connected to another program of it.
        room: How many packets its system keeps; more are lost without a word, as on macOS.
            ``None``: it keeps all.
        dropped: How many were lost so.
        bonds: Whom it is paired with, where ``pairs``: it encrypts with them by itself.
        pairs: Whether its user pairs it with everyone it connects to.
    """

    radio: VirtualRadio
    system: System = System.BLUEZ
    mtu: int = 247
    late_by: int = 0
    paired: set[BleAddress] = field(default_factory=set)
    trouble: dict[str, Exception] = field(default_factory=dict)
    journal: list[str] = field(default_factory=list)
    taken: list[BleAddress] = field(default_factory=list)
    bonds: MemoryBonds = field(default_factory=MemoryBonds)
    pairs: bool = False
    connections: list[Connection] = field(default_factory=list)
    arguments: list[dict[str, Any]] = field(default_factory=list)
    room: int | None = None
    dropped: int = 0
    before_packet: Callable[[int], None] = lambda _count: None
    packets: int = 0
    known: dict[str, BleAddress] = field(default_factory=dict)
    device: Device | None = None

    @property
    def stack(self) -> Stack:
        """How firmline reaches it."""
        mine = {"computer": self}
        return Stack(
            system=self.system,
            scanner=type("BumbleScanner", (Scanner,), mine),
            client=type("BumbleClient", (Client,), mine),
            adapter=type("BumbleAdapter", (Adapter,), mine),
        )

    def step(self, name: str) -> None:
        """One step: it is written down, and may fail."""
        self.journal.append(name)
        if name in self.trouble:
            raise self.trouble.pop(name)

    def count(self, name: str) -> int:
        """How often a step was taken."""
        return Counter(self.journal)[name]

    async def switch_on(self) -> Device:
        """Its radio, running."""
        if self.device is None:
            controller = self.radio.add_controller("computer")
            host = Host()
            host.set_packet_sink(controller)
            controller.set_packet_sink(host)
            address = hci.Address("F0:F1:F2:F3:F4:F5", hci.Address.RANDOM_DEVICE_ADDRESS)
            config = DeviceConfiguration(
                address=address, gap_service_enabled=False, gatt_service_enabled=False
            )
            self.device = Device(config=config, host=host)
            self.device.keystore = SharedKeys(self.bonds.get, self.bonds.put)
            self.device.pairing_config_factory = just_works
            await self.device.power_on()
        return self.device

    def is_paired(self, address: BleAddress) -> bool:
        """Whether its system says that it is paired with a unit."""
        return address in self.paired or self.bonds.get(address) is not None

    async def secure(self, link: Connection, address: BleAddress) -> None:
        """Encrypt, with a bond that there is or a new one."""
        if self.bonds.get(address) is None:
            await link.pair()
        else:
            await link.encrypt()

    def is_full(self) -> bool:
        """Whether its system has no room for another packet."""
        queue = None if self.device is None else self.device.host.le_acl_packet_queue
        return self.room is not None and queue is not None and queue.pending >= self.room

    def details_of(self, address: BleAddress) -> dict[str, Any] | None:
        """What its scanner has of a unit: on Linux, all that BlueZ knows of it."""
        if self.system is not System.BLUEZ:
            return None
        return {"path": str(address), "props": {"Paired": self.is_paired(address)}}

    def name_of(self, address: BleAddress) -> str:
        """What it calls the unit with an address."""
        hides = self.system is System.CORE_BLUETOOTH
        name = identifier(address) if hides else str(address)
        self.known[name] = address
        return name


class Scanner(BaseBleakScanner):
    computer: ClassVar[Computer]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        callback, services, self.mode = args
        self.computer.arguments.append(kwargs)
        self._device: Device | None = None
        super().__init__(callback, services)

    async def start(self) -> None:
        self.computer.step("scanner start")
        self.seen_devices = {}
        self._device = await self.computer.switch_on()
        self._device.on("advertisement", self._hear)
        await self._device.start_scanning(filter_duplicates=False)

    async def stop(self) -> None:
        if self._device is not None:
            self._device.remove_listener("advertisement", self._hear)
            await self._device.stop_scanning()
        self.computer.step("scanner stop")

    def _hear(self, advertisement: Advertisement) -> None:
        data = advertisement.data
        uuids = cast(
            "list[UUID]",
            data.get(AdvertisingData.Type.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS) or [],
        )
        uuids += cast(
            "list[UUID]",
            data.get(AdvertisingData.Type.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS) or [],
        )
        name = data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME)
        heard = AdvertisementData(
            local_name=name,
            manufacturer_data={},
            service_data={},
            service_uuids=[long_uuid(uuid) for uuid in uuids],
            tx_power=None,
            rssi=advertisement.rssi,
            platform_data=(),
        )
        called = self.computer.name_of(from_bumble(advertisement.address))
        details = self.computer.details_of(from_bumble(advertisement.address))
        device = self.create_or_update_device(called, called, name, details, heard)
        self.call_detection_callbacks(device, heard)


class Client(BaseBleakClient):
    computer: ClassVar[Computer]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.computer.arguments.append(kwargs)
        super().__init__(
            *args,
            disconnected_callback=kwargs["disconnected_callback"],
            timeout=kwargs["timeout"],
        )
        self._link: Connection | None = None
        self._requester: SimpleNamespace | None = None
        self._proxies: dict[int, CharacteristicProxy[bytes]] = {}
        self._asked = 0

    @property
    def name(self) -> str:
        return self.address

    @property
    def mtu_size(self) -> int:
        raise AssertionError("Nobody asks Bleak for mtu_size.")

    @property
    def is_connected(self) -> bool:
        return self._link is not None

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        assert (pair, kwargs) == (False, {})
        self.computer.step("connect")
        device = await self.computer.switch_on()
        address = to_bumble(self.computer.known[self.address])
        async with asyncio.timeout(self._timeout):
            self._link = await self._called(device, address)
            self._link.on("disconnection", self._on_disconnection)
            self.computer.connections.append(self._link)
            peer = Peer(self._link)
            await self._call(peer.request_mtu(self.computer.mtu))
            await self._call(peer.discover_all())  # type: ignore[no-untyped-call]
            known = self.computer.known[self.address]
            if self.computer.pairs:
                await self.computer.secure(self._link, known)
        if self.computer.system is System.WINRT:
            pairing = SimpleNamespace(is_paired=self.computer.is_paired(known))
            information = SimpleNamespace(pairing=pairing)
            self._requester = SimpleNamespace(device_information=information)
        self.services = self._collect(peer)

    async def _called(self, device: Device, address: hci.Address) -> Connection:
        """A connection; who stops waiting for it stops calling, as on every system."""
        calling = asyncio.ensure_future(
            device.connect(address, own_address_type=hci.OwnAddressType.RANDOM, timeout=None)
        )
        try:
            return await asyncio.shield(calling)
        except asyncio.CancelledError:
            await device.cancel_connection()  # type: ignore[no-untyped-call]
            await asyncio.wait([calling])
            if calling.exception() is None:
                await calling.result().disconnect()
            raise

    def _collect(self, peer: Peer) -> BleakGATTServiceCollection:
        collection = BleakGATTServiceCollection()
        for service in peer.services:
            made = BleakGATTService(service, service.handle, long_uuid(service.uuid))
            collection.add_service(made)
            for proxy in service.characteristics:
                self._proxies[proxy.handle] = proxy
                names = [name for flag, name in PROPERTIES.items() if proxy.properties & flag]
                collection.add_characteristic(
                    BleakGATTCharacteristic(
                        proxy, proxy.handle, long_uuid(proxy.uuid), names, self._packet_size, made
                    )
                )
        return collection

    def _packet_size(self) -> int:
        self._asked += 1
        knows = self._link is not None and self._asked > self.computer.late_by
        return self._link.att_mtu - 3 if knows and self._link is not None else 20

    def _on_disconnection(self, _reason: int) -> None:
        self._link = self._requester = None
        self.services = None
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        if self._link is not None:
            await self._link.disconnect()
        self.computer.step("disconnect")

    async def pair(self, *_args: Any, **_kwargs: Any) -> None:
        raise NotImplementedError

    async def unpair(self) -> None:
        self.computer.step("forget")

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_kwargs: Any
    ) -> bytearray:
        assert not use_cached
        self.computer.step("read")
        return bytearray(await self._call(self._proxy(characteristic).read_value()))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        self.computer.step("write" if response else "packet")
        if not response:
            self.computer.packets += 1
            self.computer.before_packet(self.computer.packets)
            assert len(data) <= characteristic.max_write_without_response_size
            if self.computer.is_full():
                self.computer.dropped += 1
                return
        proxy = self._proxy(characteristic)
        await self._call(proxy.write_value(bytes(data), with_response=response))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_kwargs: Any
    ) -> None:
        self.computer.step("subscribe")
        prefer_notify = "notify" in characteristic.properties
        await self._call(
            self._proxy(characteristic).subscribe(
                lambda value: callback(bytearray(value)), prefer_notify=prefer_notify
            )
        )

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        await self._call(self._proxy(characteristic).unsubscribe())

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        raise NotImplementedError

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        raise NotImplementedError

    def _proxy(self, characteristic: BleakGATTCharacteristic) -> CharacteristicProxy[bytes]:
        if self._link is None:
            raise BleakError("Not connected")
        return self._proxies[characteristic.handle]

    async def _call(self, call: Any) -> Any:
        """What Bumble is asked; it cancels whoever waits for the answer of a lost link."""
        try:
            return await call
        except ATT_Error as error:
            raise BleakGATTProtocolError(int(error.error_code)) from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._link is None and task is not None and not task.cancelling():
                raise BleakError("disconnected") from None
            raise


class Adapter(BaseBleakAdapter):
    computer: ClassVar[Computer]

    @classmethod
    async def get(cls, **_kwargs: Any) -> Self:
        return cls()

    async def get_connected_devices(self, service_uuids: frozenset[str]) -> list[BLEDevice]:
        _ = service_uuids
        names = [self.computer.name_of(address) for address in self.computer.taken]
        return [BLEDevice(name, None, None) for name in names]


def long_uuid(uuid: UUID) -> str:
    """As Bleak has it: 36 characters, lower case."""
    raw = uuid.to_bytes(force_128=True)[::-1].hex()
    return f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"
