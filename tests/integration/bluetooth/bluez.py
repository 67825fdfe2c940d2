"""bluetoothd as Bleak's BlueZ backend sees it, on a message bus of its own, without a radio.

Written from BlueZ's ``doc/org.bluez.*.rst``: an object manager with one adapter, the devices it
has heard, and the services of those that it is connected to. What is behind it is the virtual
radio. A habit of BlueZ is kept on purpose: it remembers the services of a device until that is
removed, and does not read them again, unless a device that it is paired with indicates Service
Changed; and that takes a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from bumble import hci
from bumble.att import ATT_Error
from bumble.core import UUID, AdvertisingData
from bumble.device import Advertisement, Connection, Peer
from bumble.gatt import GATT_SERVICE_CHANGED_CHARACTERISTIC
from bumble.gatt_client import CharacteristicProxy
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from firmline.links.bumble.address import from_bumble, to_bumble
from firmline.values import BleAddress
from integration.bluetooth.bleak_over_bumble import PROPERTIES, Computer, long_uuid

REDISCOVERY_S = 0.3
"""For services to be read again over a connection, some tens of round trips."""
ADAPTER = "/org/bluez/hci0"
ADAPTER_1, DEVICE_1 = "org.bluez.Adapter1", "org.bluez.Device1"
SERVICE_1, CHARACTERISTIC_1 = "org.bluez.GattService1", "org.bluez.GattCharacteristic1"
PROPERTIES_INTERFACE = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
Interfaces = dict[str, dict[str, Variant]]


class BlueZError(Exception):
    """An error that a method answers with."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__(text)
        self.name = name


@dataclass
class Known:
    """A device that it has heard.

    Attributes:
        address: Its address.
        link: The connection to it.
        proxies: Its characteristics by handle.
        table: Its services as they are remembered: objects by path.
    """

    address: BleAddress
    link: Connection | None = None
    proxies: dict[int, CharacteristicProxy[bytes]] = field(default_factory=dict)
    table: dict[str, Interfaces] = field(default_factory=dict)


class BlueZ:
    """A bluetoothd.

    Args:
        computer: Whose radio it drives.
        bus_address: Of the message bus.
        bus: Its process.

    Attributes:
        powered: Whether its adapter is switched on.
        devices: Whom it has heard, by path.
        calls: Every method that was called.
        remembered: The services of those it was connected to, by address.
    """

    def __init__(
        self, computer: Computer, bus_address: str, bus: asyncio.subprocess.Process
    ) -> None:
        self.bus = bus
        self.devices: dict[str, Known] = {}
        self.calls: list[str] = []
        self.remembered: dict[BleAddress, dict[str, Interfaces]] = {}
        self._computer = computer
        self._bus = MessageBus(bus_address=bus_address)
        self._objects: dict[str, Interfaces] = {}
        self._scans = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, *, adapter: bool = True, powered: bool = True) -> None:
        """Appear on the bus."""
        await self._bus.connect()
        self._bus.add_message_handler(self._on_message)
        if adapter:
            self._objects[ADAPTER] = {
                ADAPTER_1: {
                    "Address": Variant("s", "F0:F1:F2:F3:F4:F5"),
                    "Powered": Variant("b", powered),
                    "Roles": Variant("as", ["central"]),
                }
            }
        await self._bus.request_name("org.bluez")

    async def stop(self) -> None:
        """Disappear from it."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._bus.disconnect()
        with suppress(EOFError):  # the bus has died before
            await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    def cut_links(self) -> None:
        """Every connection is lost."""
        for known in self.devices.values():
            if known.link is not None:
                task = asyncio.get_running_loop().create_task(known.link.disconnect())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    # The bus.

    def _on_message(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        path, member = message.path or "", message.member or ""
        if message.interface == OBJECT_MANAGER:
            return Message.new_method_return(message, "a{oa{sa{sv}}}", [self._objects])
        methods: dict[str, Callable[..., Awaitable[tuple[str, list[Any]] | None]]] = {
            "SetDiscoveryFilter": self._nothing,
            "StartDiscovery": self._start_discovery,
            "StopDiscovery": self._stop_discovery,
            "RemoveDevice": self._remove_device,
            "Connect": self._connect,
            "Disconnect": self._disconnect,
            "ReadValue": self._read_value,
            "WriteValue": self._write_value,
            "StartNotify": self._start_notify,
        }
        method = methods.get(member)
        if method is None:
            return None
        self.calls.append(member)
        task = asyncio.get_running_loop().create_task(self._answer(message, method, path))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _answer(
        self,
        message: Message,
        method: Callable[..., Awaitable[tuple[str, list[Any]] | None]],
        path: str,
    ) -> None:
        try:
            self._check(path)
            answer = await method(path, *message.body)
        except BlueZError as error:
            await self._bus.send(Message.new_error(message, error.name, str(error)))
            return
        signature, body = answer or ("", [])
        await self._bus.send(Message.new_method_return(message, signature, body))

    def _check(self, path: str) -> None:
        if path not in self._objects:
            raise BlueZError("org.freedesktop.DBus.Error.UnknownObject", f"no {path}")

    def _signal(self, path: str, interface: str, member: str, signature: str, *body: Any) -> None:
        message = Message.new_signal(path, interface, member, signature, list(body))
        if self._bus.connected:
            self._bus.send(message)

    def _add(self, path: str, interfaces: Interfaces) -> None:
        self._objects[path] = interfaces
        self._signal("/", OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", path, interfaces)

    def _remove(self, path: str) -> None:
        names = list(self._objects.pop(path))
        self._signal("/", OBJECT_MANAGER, "InterfacesRemoved", "oas", path, names)

    def _change(self, path: str, interface: str, **changed: Variant) -> None:
        if path in self._objects:
            self._objects[path][interface].update(changed)
            name = "PropertiesChanged"
            self._signal(path, PROPERTIES_INTERFACE, name, "sa{sv}as", interface, changed, [])

    # The adapter.

    async def _nothing(self, _path: str, *_arguments: Any) -> None:
        """It is taken."""

    async def _start_discovery(self, _path: str) -> None:
        if self._scans:
            raise BlueZError("org.bluez.Error.InProgress", "Operation already in progress")
        self._scans = True
        device = await self._computer.switch_on()
        device.on("advertisement", self._hear)
        await device.start_scanning(filter_duplicates=False)

    async def _stop_discovery(self, _path: str) -> None:
        if not self._scans:
            raise BlueZError("org.bluez.Error.Failed", "No discovery started")
        self._scans = False
        device = await self._computer.switch_on()
        device.remove_listener("advertisement", self._hear)
        await device.stop_scanning()

    async def _remove_device(self, _path: str, device: str) -> None:
        if device not in self.devices:
            raise BlueZError("org.bluez.Error.DoesNotExist", "Does Not Exist")
        await self._disconnect(device)
        self.remembered.pop(self.devices[device].address, None)
        for path in [path for path in self._objects if path.startswith(f"{device}/")]:
            self._remove(path)
        del self.devices[device]
        self._remove(device)

    def _hear(self, advertisement: Advertisement) -> None:
        address = from_bumble(advertisement.address)
        path = f"{ADAPTER}/dev_{str(address).replace(':', '_')}"
        kind = AdvertisingData.Type.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS
        uuids = cast("list[UUID]", advertisement.data.get(kind) or [])
        name = advertisement.data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME)
        heard = {
            "RSSI": Variant("n", advertisement.rssi),
            "UUIDs": Variant("as", [long_uuid(uuid) for uuid in uuids]),
            "Name": Variant("s", name),
            "Alias": Variant("s", name),
        }
        if path in self.devices:
            self._change(path, DEVICE_1, **heard)
            return
        self.devices[path] = Known(address)
        bonded = self._computer.is_paired(address)
        fixed = {
            "Address": Variant("s", str(address)),
            "AddressType": Variant("s", "random"),
            "Adapter": Variant("o", ADAPTER),
            **{name: Variant("b", bonded) for name in ("Paired", "Bonded")},
            **{name: Variant("b", False) for name in ("Trusted", "Blocked")},
            "Connected": Variant("b", False),
            "ServicesResolved": Variant("b", False),
        }
        self._add(path, {DEVICE_1: {**fixed, **heard}})

    # A device.

    async def _connect(self, path: str) -> None:
        known = self.devices[path]
        device = await self._computer.switch_on()
        known.link = link = await device.connect(
            to_bumble(known.address), own_address_type=hci.OwnAddressType.RANDOM, timeout=None
        )
        link.on("disconnection", lambda _reason: self._gone(path))
        self._change(path, DEVICE_1, Connected=Variant("b", True))
        peer = Peer(link)
        await peer.request_mtu(self._computer.mtu)
        await peer.discover_all()  # type: ignore[no-untyped-call]
        known.proxies = {
            proxy.handle: proxy for service in peer.services for proxy in service.characteristics
        }
        if self._computer.pairs:
            await self._secure(path, link)
        remembered = self.remembered.get(known.address)
        known.table = table_of(path, peer, link.att_mtu) if remembered is None else remembered
        for name, interfaces in known.table.items():
            self._add(name, interfaces)
        self._change(path, DEVICE_1, ServicesResolved=Variant("b", True))

    async def _secure(self, path: str, link: Connection) -> None:
        """Encrypt, with a bond that there is or a new one, and listen for changes of services."""
        known = self.devices[path]

        def on_change(_handles: bytes) -> None:
            task = asyncio.ensure_future(self._read_again(path, link))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        for proxy in known.proxies.values():
            if proxy.uuid == GATT_SERVICE_CHANGED_CHARACTERISTIC:
                await proxy.subscribe(on_change, prefer_notify=False)
        await self._computer.secure(link, known.address)
        self._change(path, DEVICE_1, Paired=Variant("b", True), Bonded=Variant("b", True))

    async def _read_again(self, path: str, link: Connection) -> None:
        """Its services are others now: what was remembered of them is replaced."""
        known = self.devices[path]
        self.calls.append("ServiceChanged")
        await asyncio.sleep(REDISCOVERY_S)
        if known.link is not link:
            return  # gone before they were read
        self._change(path, DEVICE_1, ServicesResolved=Variant("b", False))
        for name in known.table:
            self._remove(name)
        peer = Peer(link)
        await peer.discover_all()  # type: ignore[no-untyped-call]
        known.table = table_of(path, peer, link.att_mtu)
        for name, interfaces in known.table.items():
            self._add(name, interfaces)
        self._change(path, DEVICE_1, ServicesResolved=Variant("b", True))

    async def _disconnect(self, path: str) -> None:
        link = self.devices[path].link
        if link is not None:
            await link.disconnect()

    def _gone(self, path: str) -> None:
        known = self.devices.get(path)
        if known is None:
            return
        known.link = None
        self.remembered[known.address] = known.table
        for name in known.table:
            self._remove(name)
        known.table = {}
        gone = {name: Variant("b", False) for name in ("ServicesResolved", "Connected")}
        self._change(path, DEVICE_1, **gone)

    # A characteristic.

    async def _read_value(self, path: str, _options: Any) -> tuple[str, list[Any]]:
        return "ay", [bytes(await self._att(self._proxy(path).read_value()))]

    async def _write_value(self, path: str, value: bytes, options: dict[str, Variant]) -> None:
        with_response = options["type"].value == "request"
        proxy = self._proxy(path)
        await self._att(proxy.write_value(bytes(value), with_response=with_response))

    async def _start_notify(self, path: str) -> None:
        def hear(value: bytes) -> None:
            self._change(path, CHARACTERISTIC_1, Value=Variant("ay", bytes(value)))

        proxy = self._proxy(path)
        prefer_notify = bool(proxy.properties & proxy.properties.NOTIFY)
        await self._att(proxy.subscribe(hear, prefer_notify=prefer_notify))

    def _proxy(self, path: str) -> CharacteristicProxy[bytes]:
        known = self.devices[path[: path.index("/service")]]
        if known.link is None:
            raise BlueZError("org.bluez.Error.Failed", "Not connected")
        proxy = known.proxies.get(int(path[-4:], 16))
        if proxy is None:
            raise BlueZError("org.bluez.Error.Failed", "Operation failed with ATT error: 0x01")
        return proxy

    @staticmethod
    async def _att(asked: Awaitable[Any]) -> Any:
        try:
            return await asked
        except ATT_Error as error:
            text = f"Operation failed with ATT error: 0x{int(error.error_code):02x}"
            raise BlueZError("org.bluez.Error.Failed", text) from error
        except asyncio.CancelledError:
            raise BlueZError("org.bluez.Error.Failed", "Not connected") from None


def table_of(device: str, peer: Peer, mtu: int) -> dict[str, Interfaces]:
    """The services of a device as objects."""
    objects: dict[str, Interfaces] = {}
    for service in peer.services:
        path = f"{device}/service{service.handle:04x}"
        objects[path] = {
            SERVICE_1: {
                "UUID": Variant("s", long_uuid(service.uuid)),
                "Device": Variant("o", device),
                "Primary": Variant("b", True),
            }
        }
        for proxy in service.characteristics:
            flags = [name for flag, name in PROPERTIES.items() if proxy.properties & flag]
            objects[f"{path}/char{proxy.handle:04x}"] = {
                CHARACTERISTIC_1: {
                    "UUID": Variant("s", long_uuid(proxy.uuid)),
                    "Service": Variant("o", path),
                    "Flags": Variant("as", flags),
                    "MTU": Variant("q", mtu),
                    "Value": Variant("ay", b""),
                }
            }
    return objects


async def message_bus(folder: Path) -> tuple[asyncio.subprocess.Process, str]:
    """A message bus of its own; the process, and the bus's address."""
    address = f"unix:path={folder}/bus"
    process = await asyncio.create_subprocess_exec(
        *("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address"),
        f"--address={address}",
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), timeout=10)
    return process, line.decode().strip()
