"""A road to one virtual unit without any radio: every step can be interfered with.

Implements the interfaces of ``firmline.links.base``. Time is a number that grows with every step
and with every wait that is in vain; nothing sleeps.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from firmline.device.fabrication import fabricate
from firmline.device.radio_face import AttStatus, DropLink, Indicate, Notify, Restarted
from firmline.device.synthetic import synthetic_bytes
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, TransportError, TransportReason
from firmline.events import Event, UpdateFinished
from firmline.formats.firmware import FirmwareImage
from firmline.formats.package import Package, write_package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.links.base import (
    Connection,
    DeviceInformation,
    Link,
    LinkCapabilities,
    Received,
    RemoteVersion,
    Sighting,
)
from firmline.links.gatt import parse_advertising
from firmline.protocol.channels import Channel
from firmline.protocol.pacing import NO_PAUSES
from firmline.updater.timeouts import Timeouts
from firmline.updater.update import Update, UpdatePlan, UpdateResult, plan_for
from firmline.values import BleAddress, Fwid, FwVersion, PeripheralId, RadioAddress, UnitPin
from unit.device.makers import ADDRESS, FWID, KEY, describe

NEXT = ADDRESS.plus_one()
FIELDS = {
    0x2A24: "model",
    0x2A25: "serial_number",
    0x2A26: "firmware_revision",
    0x2A29: "manufacturer",
}
STEP_S = 0.01
"""How long every step of the fake takes."""


def identifier(address: BleAddress) -> PeripheralId:
    """What a system that hides an address calls it."""
    return PeripheralId.parse(str(uuid5(NAMESPACE_OID, str(address))))


def transport_error(reason: TransportReason, hci_reason: int | None = None) -> TransportError:
    """The error of a link, with the code that goes with the reason."""
    code = {
        TransportReason.LOST: Code.LINK_LOST,
        TransportReason.TIMEOUT: Code.LINK_TIMEOUT,
        TransportReason.REFUSED: Code.LINK_REFUSED,
        TransportReason.NOT_FOUND: Code.UNIT_NOT_FOUND,
        TransportReason.NOT_AVAILABLE: Code.LINK_NOT_AVAILABLE,
    }[reason]
    return TransportError(code, f"The link says: {reason}.", reason=reason, hci_reason=hci_reason)


@dataclass
class FakeLink(Link):
    """The road.

    Attributes:
        unit: The unit in the air; ``None``: nobody.
        interfere: Told of every step before it is taken; may raise, or change the world.
        information: What every application says of itself, whatever it is.
        channels: What every unit offers, whatever it is.
        mtu: The MTU that is agreed upon.
        asks_radio: Whether this link can ask a radio who it is.
        radio: What the unit's radio says then; ``None``: nothing.
        rssi: How strong a unit is heard, where this link can tell; ``None``: it cannot.
        hides_addresses: Whether units are seen under identifiers, as on macOS.
        strangers: Others in the air: what is heard of them in every scan.
        journal: Every step that was taken.
        connections: Every connection there was.
    """

    unit: VirtualUnit | None
    interfere: Callable[[str], None] = lambda _step: None
    information: DeviceInformation | None = None
    channels: frozenset[Channel] | None = None
    mtu: int = 247
    asks_radio: bool = False
    radio: RemoteVersion | None = None
    rssi: Callable[[], Awaitable[int | None]] | None = None
    hides_addresses: bool = False
    strangers: tuple[Sighting, ...] = ()
    clock_s: float = 1000.0
    journal: list[str] = field(default_factory=list)
    connections: list[FakeConnection] = field(default_factory=list)
    sought: list[RadioAddress] = field(default_factory=list)

    @property
    def capabilities(self) -> LinkCapabilities:
        return LinkCapabilities(
            mtu_request=True,
            addresses_visible=not self.hides_addresses,
            flow_control=True,
            data_length=False,
            phy_2m=False,
            connection_parameters=False,
            remote_version=self.asks_radio,
            pairing=False,
            rssi=self.rssi is not None,
        )

    def now_s(self) -> float:
        return self.clock_s

    async def step(self, name: str) -> None:
        """One step: a place to be cancelled at, and to be interfered with."""
        self.journal.append(name)
        self.clock_s += STEP_S
        self.interfere(name)
        await asyncio.sleep(0)

    def wait_in_vain(self, timeout_s: float) -> None:
        """Let time pass; the unit's timers run."""
        self.clock_s += timeout_s
        if self.unit is not None:
            self.unit.wake(now_s=self.clock_s)
            self.unit.take_outputs()

    async def find(self, address: RadioAddress, *, timeout_s: float) -> Sighting:
        self.sought.append(address)
        await self.step(f"find {address}")
        if self.unit is None or not self._is_in_the_air(address):
            self.wait_in_vain(timeout_s)
            raise transport_error(TransportReason.NOT_FOUND)
        advertisement = self.unit.advertisement
        assert advertisement is not None
        advertised = parse_advertising(advertisement.data)
        return Sighting(
            address=address, name=advertised.name, services=advertised.services, rssi_dbm=-50
        )

    async def scan(self, *, duration_s: float, seen: Callable[[Sighting], None]) -> None:
        await self.step("scan")
        for stranger in self.strangers:
            seen(stranger)
        free = all(connection.ended for connection in self.connections)
        advertisement = self.unit.advertisement if self.unit is not None and free else None
        if advertisement is None:
            self.wait_in_vain(duration_s)
            return
        advertised = parse_advertising(advertisement.data)
        sighting = Sighting(
            address=self.seen_under(advertisement.address),
            name=advertised.name,
            services=advertised.services,
            rssi_dbm=-50,
        )
        seen(sighting)
        await asyncio.sleep(0)
        seen(sighting)

    def seen_under(self, address: BleAddress) -> RadioAddress:
        """What this link calls the unit with this address."""
        return identifier(address) if self.hides_addresses else address

    async def connect(self, address: RadioAddress, *, timeout_s: float) -> FakeConnection:
        self.sought.append(address)
        await self.step(f"connect {address}")
        if self.unit is None or not self._is_in_the_air(address):
            self.wait_in_vain(timeout_s)
            raise transport_error(TransportReason.NOT_FOUND)
        connection = FakeConnection(link=self, unit=self.unit, address=address)
        self.connections.append(connection)
        return connection

    async def close(self) -> None:
        """Nothing to give back."""

    def _is_in_the_air(self, address: RadioAddress) -> bool:
        """A unit that is connected does not advertise."""
        advertisement = self.unit.advertisement if self.unit is not None else None
        free = all(connection.ended for connection in self.connections)
        if not free or advertisement is None:
            return False
        return self.seen_under(advertisement.address) == address


class FakeConnection(Connection):
    """An open connection.

    Attributes:
        closed: Whether this side has closed it.
    """

    def __init__(self, *, link: FakeLink, unit: VirtualUnit, address: RadioAddress) -> None:
        self.closed = False
        self._link = link
        self._unit = unit
        self._address = address
        self._lost: int | None = None
        self._heard: deque[Received] = deque()
        services = unit.services
        self._channels = services.channels if link.channels is None else link.channels
        self._information = link.information or DeviceInformation(
            **{FIELDS[uuid]: text for uuid, text in services.device_information}
        )
        unit.connected(now_s=link.clock_s)
        for channel in services.channels - {Channel.PACKET}:
            unit.subscribed(channel, True, now_s=link.clock_s)

    @property
    def peer(self) -> RadioAddress:
        return self._address

    @property
    def channels(self) -> frozenset[Channel]:
        return self._channels

    @property
    def mtu(self) -> int:
        return self._link.mtu

    @property
    def ended(self) -> bool:
        """Whether the unit is free again."""
        return self.closed or self._lost is not None

    def lose(self, hci_reason: int) -> TransportError:
        """The link breaks; the error that says so."""
        if self._lost is None:
            self._lost = hci_reason
            self._unit.disconnected(now_s=self._link.clock_s)
        return transport_error(TransportReason.LOST, self._lost)

    async def write(self, channel: Channel, data: bytes) -> None:
        name = "write packet" if channel is Channel.PACKET else f"write {channel} {data[:1].hex()}"
        await self._link.step(name)
        self._check_open()
        status = self._unit.receive(channel, data, now_s=self._link.clock_s)
        self._take_outputs()
        if status is not AttStatus.OK:
            raise transport_error(TransportReason.REFUSED)

    async def receive(self, *, timeout_s: float) -> Received:
        await self._link.step("receive")
        if self._heard:
            received = self._heard.popleft()
            if received.channel is Channel.BUTTONLESS:
                self._unit.indication_confirmed(Channel.BUTTONLESS, now_s=self._link.clock_s)
                self._take_outputs()
            return received
        self._check_open()
        self._link.wait_in_vain(timeout_s)
        raise transport_error(TransportReason.TIMEOUT)

    async def rssi(self) -> int | None:
        return None if self._link.rssi is None else await self._link.rssi()

    async def device_information(self) -> DeviceInformation:
        await self._link.step("read information")
        self._check_open()
        return self._information

    async def remote_version(self, *, timeout_s: float) -> RemoteVersion:
        await self._link.step("ask the radio")
        self._check_open()
        if self._link.radio is None:
            self._link.wait_in_vain(timeout_s)
            raise transport_error(TransportReason.TIMEOUT)
        return self._link.radio

    async def wait_closed(self, *, timeout_s: float) -> int | None:
        await self._link.step("wait for the drop")
        if self._lost is None:
            self._link.wait_in_vain(timeout_s)
            raise transport_error(TransportReason.TIMEOUT)
        return self._lost

    async def close(self) -> None:
        if not self.ended:
            self._unit.disconnected(now_s=self._link.clock_s)
        self.closed = True
        await self._link.step("close")

    def _check_open(self) -> None:
        if self._lost is not None:
            raise transport_error(TransportReason.LOST, self._lost)

    def _take_outputs(self) -> None:
        for output in self._unit.take_outputs():
            match output:
                case Notify() | Indicate():
                    self._heard.append(Received(channel=output.channel, data=output.data))
                case DropLink(reason=reason):
                    self._lost = reason
                case Restarted():
                    self._lost = 0x08 if self._lost is None else self._lost


# What is updated, and with what.

IMAGE = synthetic_bytes("the update's application", 5_000)


def firmware(data: bytes) -> FirmwareImage:
    return FirmwareImage(data=data, address=None, source_name="image.bin")


def package(**changes: Any) -> Package:
    """An application for the unit of the bench, signed with the key it trusts."""
    spec: dict[str, Any] = {
        "application": firmware(IMAGE),
        "hw_version": 52,
        "application_version": FwVersion(4),
        "sd_req": (Fwid(FWID),),
        "signing_key": KEY,
    }
    return build_package(PackageSpec(**{**spec, **changes}))


def running_unit(**changes: Any) -> VirtualUnit:
    """A unit of the bench that runs its application."""
    unit = fabricate(describe(size=4_000, **changes))
    unit.power_on(now_s=999.0)
    return unit


TIMEOUTS = Timeouts(
    search_s=15, already_there_s=5, connect_s=14, answer_s=20, drop_s=9, return_s=61
)


def plan(contents: Package, pin: UnitPin = ADDRESS) -> UpdatePlan:
    return plan_for(
        contents,
        write_package(contents),
        package_name="update.zip",
        unit_name="sim:bench-unit",
        pin=pin,
        timeouts=TIMEOUTS,
        pacing=NO_PAUSES,
    )


@dataclass
class Story:
    """An update that was told to its end: the result, the events, and the road it took."""

    result: UpdateResult
    events: list[Event]
    link: FakeLink

    def of(self, kind: type[Event]) -> list[Any]:
        """The events of one type."""
        return [event for event in self.events if type(event) is kind]

    @property
    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


async def tell(link: FakeLink, contents: Package | None = None, *, pin: UnitPin = ADDRESS) -> Story:
    """Run an update, and check what is true of every update."""
    heard: list[Event] = []
    made = plan(contents or package(), pin)
    result = await Update(made, link=link, report=heard.append).run()
    check(heard, link)
    assert heard[-1] is result.finished
    assert (result.error is None) == (result.finished.code == "")
    return Story(result, heard, link)


def check(heard: list[Event], link: FakeLink) -> None:
    """Stamped in order, finished once and at the end, everything closed, nobody else touched."""
    stamps = [event.at_s for event in heard]
    assert stamps == sorted(stamps)
    assert stamps[0] >= 1000.0
    assert [event for event in heard if isinstance(event, UpdateFinished)] == [heard[-1]]
    assert all(connection.closed for connection in link.connections)
    assert set(link.sought) <= {link.seen_under(ADDRESS), link.seen_under(NEXT)}
