"""The air: carries packets between the controllers of one virtual radio.

Bumble's LocalLink finds a receiver by its address alone, raises inside event loop callbacks when
there is none, and lets two centrals believe that they are connected to the same peripheral. Here
every connection is a pair of two known controllers; what has no receiver vanishes.

An air without time lets everything arrive at once. With time, what a connection sends goes by its
connection events (:mod:`firmline.links.virtual_radio.schedule`), and whoever falls silent is missed
after the supervision timeout.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, runtime_checkable

from bumble import hci, ll
from bumble.controller import Connection, Controller
from bumble.core import PhysicalTransport
from bumble.hci import Address
from bumble.link import LocalLink

from firmline.links.gatt import SUPERVISION_TIMEOUT
from firmline.links.virtual_radio.schedule import LinkSchedule, Owner

CONTROL_PDU_SIZE: Final = 12
"""Bytes of a control packet, as of the longest that matters here, LL_CONNECTION_UPDATE_IND (Core
spec, Vol 6, Part B, 2.4.2.1)."""
INTERVAL_UNIT_S: Final = 1.25e-3
SUPERVISION_UNIT_S: Final = 10e-3
"""Units of connection interval and supervision timeout (Core spec, Vol 6, Part B, 2.3.3.1)."""


@runtime_checkable
class Acknowledged(Protocol):
    """A controller that tells its host when packets have been acknowledged."""

    owner: Owner | None

    def take_packets(self, handle: int) -> Callable[[], None]:
        """The packets that were handed over just now; the call that reports them as sent."""


@runtime_checkable
class Choosy(Protocol):
    """A controller that may let in one central alone (filter accept list)."""

    only_for: Address | None


def _lets_in(controller: Controller, initiator: Address) -> bool:
    only_for = controller.only_for if isinstance(controller, Choosy) else None
    return only_for is None or only_for == initiator


def _is_central(connection: Connection) -> bool:
    return connection.role == hci.Role.CENTRAL


def _owners(*controllers: Controller) -> list[Owner]:
    owned = (each.owner for each in controllers if isinstance(each, Acknowledged))
    return [owner for owner in owned if owner is not None]


def _agree(schedule: LinkSchedule, packet: ll.ControlPdu) -> None:
    """What both sides have agreed upon holds from now on."""
    match packet:
        case ll.ConnectionUpdateInd(interval=interval):
            schedule.interval_s = interval * INTERVAL_UNIT_S
        case LengthRsp(octets=octets):
            schedule.octets = octets
        case PhyInd(phy=phy):
            schedule.phy = phy
        case _:
            pass


@dataclass
class VersionReq(ll.ControlPdu):
    """LL_VERSION_IND that asks for the peer's (Core spec, Vol 6, Part B, 5.1.5)."""

    opcode = ll.ControlPdu.Opcode.LL_VERSION_IND


@dataclass
class VersionInd(ll.ControlPdu):
    """LL_VERSION_IND in answer: who made the controller, and which firmware it runs."""

    opcode = ll.ControlPdu.Opcode.LL_VERSION_IND

    version: int
    company: int
    subversion: int


@dataclass
class LengthReq(ll.ControlPdu):
    """LL_LENGTH_REQ: the largest packets the sender takes (Core spec, Vol 6, Part B, 5.1.9)."""

    opcode = ll.ControlPdu.Opcode.LL_LENGTH_REQ

    octets: int
    time_us: int


@dataclass
class LengthRsp(LengthReq):
    """LL_LENGTH_RSP: the same, in answer."""

    opcode = ll.ControlPdu.Opcode.LL_LENGTH_RSP


@dataclass
class PhyReq(ll.ControlPdu):
    """LL_PHY_REQ with the one PHY wanted in both directions (Core spec, Vol 6, Part B, 5.1.10)."""

    opcode = ll.ControlPdu.Opcode.LL_PHY_REQ

    phy: int


@dataclass
class PhyInd(PhyReq):
    """LL_PHY_UPDATE_IND: the PHY both now use."""

    opcode = ll.ControlPdu.Opcode.LL_PHY_UPDATE_IND


@dataclass(frozen=True, slots=True, kw_only=True)
class AirTime:
    """How a host's radio uses the air.

    Attributes:
        packets_per_event: How many packets it sends in a connection event; ``None``: as many as
            fit. Phones send 4 to 7 (physics spec, section 5).
    """

    packets_per_event: int | None = None


class Air(LocalLink):
    """The medium that all controllers of one virtual radio share.

    Args:
        time: How it takes time; ``None``: everything arrives at once.
    """

    def __init__(self, time: AirTime | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Bumble leaves it unannotated
        self._time = time
        self._schedules: dict[tuple[Address, Address], LinkSchedule] = {}
        # A list, since the order of a set depends on memory addresses: runs must repeat exactly.
        self._members: list[Controller] = []
        self._latest: dict[Address, Controller] = {}
        self._receivers: dict[tuple[Address, Address], Controller] = {}

    def add_controller(self, controller: Controller) -> None:
        """Bring a controller into the air."""
        super().add_controller(controller)
        self._members.append(controller)

    def remove_controller(self, controller: Controller) -> None:
        """Take a controller out of the air without a word; its peers time out."""
        if controller not in self._members:
            return
        super().remove_controller(controller)
        self._members.remove(controller)
        self._latest = {at: heard for at, heard in self._latest.items() if heard is not controller}
        for connection in list(controller.le_connections.values()):
            way = (connection.self_address, connection.peer_address)
            peer, schedule = self._receivers.get(way), self._schedules.get(way)
            self.part(connection)
            if schedule is not None:
                schedule.cut(from_central=_is_central(connection))
            if peer is not None and (other := peer.le_connections.get(connection.self_address)):
                asyncio.get_running_loop().call_later(
                    0 if schedule is None else schedule.supervision_s, self._lose, peer, other
                )

    def advertiser(self, address: Address, initiator: Address) -> Controller | None:
        """The controller that advertises under ``address`` now, is free and lets this one in.

        Of two that share an address it is the one that was heard last, whose advertisement is the
        one that is answered.
        """
        latest = self._latest.get(address)
        for controller in (*([latest] if latest else []), *self._members):
            advertiser = controller.le_legacy_advertiser
            free = advertiser.enabled and not controller.le_connections
            if free and advertiser.address == address and _lets_in(controller, initiator):
                return controller
        return None

    def part(self, connection: Connection) -> None:
        """Forget one connection in both directions."""
        here, there = connection.self_address, connection.peer_address
        for way in ((here, there), (there, here)):
            self._receivers.pop(way, None)
            schedule = self._schedules.pop(way, None)
            if schedule is not None:
                schedule.close()

    def interval_s(self, connection: Connection) -> float | None:
        """The connection interval; ``None`` in an air without time."""
        schedule = self._schedules.get((connection.self_address, connection.peer_address))
        return None if schedule is None else schedule.interval_s

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """Carry data of a connection.

        Bumble always names the sender's random address as the source, which cuts off whoever
        advertises under its public one; the connection knows the right address.
        """
        connection = sender_controller.le_connections.get(destination_address)
        if connection is None:
            return
        source = connection.self_address
        receiver = self._receivers.get((source, destination_address))
        if receiver is None:
            return
        arrive = partial(receiver.on_link_acl_data, source, transport, data)
        if not self._send(connection, len(data), arrive, sender_controller):
            self._fly(arrive)

    def send_ll_control_pdu(
        self, sender_address: Address, receiver_address: Address, packet: ll.ControlPdu
    ) -> None:
        """Carry a control packet of a connection."""
        receiver = self._receivers.get((sender_address, receiver_address))
        if receiver is None:
            return
        schedule = self._schedules.get((sender_address, receiver_address))
        arrive = partial(receiver.on_ll_control_pdu, sender_address, packet)
        if schedule is None:
            self._fly(arrive)
            return

        def agree_and_arrive() -> None:
            _agree(schedule, packet)
            arrive()

        sender = receiver.le_connections.get(sender_address)
        schedule.send(
            from_central=sender is None or not _is_central(sender),
            size=CONTROL_PDU_SIZE,
            arrive=agree_and_arrive,
        )

    def _send(
        self, connection: Connection, size: int, arrive: Callable[[], None], sender: Controller
    ) -> bool:
        """Hand data to the connection's schedule, if there is one."""
        schedule = self._schedules.get((connection.self_address, connection.peer_address))
        if schedule is None:
            return False
        sent = sender.take_packets(connection.handle) if isinstance(sender, Acknowledged) else None
        schedule.send(from_central=_is_central(connection), size=size, arrive=arrive, sent=sent)
        return True

    def send_advertising_pdu(
        self, sender_controller: Controller, packet: ll.AdvertisingPdu
    ) -> None:
        """Broadcast an advertisement to all who listen, or answer one with a connection."""
        if isinstance(packet, ll.ConnectInd):
            self._join(sender_controller, packet)
            return
        if isinstance(packet, ll.AdvInd | ll.AdvExtInd):
            self._latest[packet.advertiser_address] = sender_controller
        for controller in self._members:
            listens = controller.le_scan_enable or controller.pending_le_connection is not None
            if listens and controller is not sender_controller:
                self._fly(controller.on_ll_advertising_pdu, packet)

    def _join(self, central: Controller, packet: ll.ConnectInd) -> None:
        """Pair two controllers at once: nobody else can take the advertiser in between."""
        peripheral = self.advertiser(packet.advertiser_address, packet.initiator_address)
        if peripheral is None:
            return
        here, there = packet.initiator_address, packet.advertiser_address
        self._receivers[here, there] = peripheral
        self._receivers[there, here] = central
        if self._time is not None:
            schedule = LinkSchedule(
                interval_s=packet.interval * INTERVAL_UNIT_S,
                supervision_s=packet.timeout * SUPERVISION_UNIT_S,
                owners=partial(_owners, central, peripheral),
                packets_per_event=self._time.packets_per_event,
            )
            self._schedules[here, there] = self._schedules[there, here] = schedule
        peripheral.on_le_connect_ind(packet)

    def _lose(self, controller: Controller, connection: Connection) -> None:
        """End one side of a connection whose other side is gone."""
        if controller.le_connections.get(connection.peer_address) is connection:
            controller.on_le_disconnected(connection, SUPERVISION_TIMEOUT)

    def _fly(self, arrive: Callable[..., None], *packet: object) -> None:
        """Let something arrive: at once, but never within the sender's call."""
        asyncio.get_running_loop().call_soon(arrive, *packet)
