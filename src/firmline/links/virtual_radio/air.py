"""The air: carries packets between the controllers of one virtual radio.

Bumble's LocalLink finds a receiver by its address alone, raises inside event loop callbacks when
there is none, and lets two centrals believe that they are connected to the same peripheral. Here
every connection is a pair of two known controllers; what has no receiver vanishes.

Everything that flies passes through :meth:`Air._fly`: pacing by connection events and lost
packets are to be added there and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bumble import ll
from bumble.controller import Connection, Controller
from bumble.core import PhysicalTransport
from bumble.hci import Address
from bumble.link import LocalLink

from firmline.links.gatt import SUPERVISION_TIMEOUT


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


class Air(LocalLink):
    """The medium that all controllers of one virtual radio share."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Bumble leaves it unannotated
        # A list, since the order of a set depends on memory addresses: runs must repeat exactly.
        self._members: list[Controller] = []
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
        for connection in list(controller.le_connections.values()):
            peer = self._receivers.get((connection.self_address, connection.peer_address))
            self.part(connection)
            if peer is not None and (other := peer.le_connections.get(connection.self_address)):
                self._fly(self._lose, peer, other)

    def advertiser(self, address: Address) -> Controller | None:
        """The controller that advertises under ``address`` at this moment, and is free."""
        for controller in self._members:
            advertiser = controller.le_legacy_advertiser
            free = advertiser.enabled and not controller.le_connections
            if free and advertiser.address == address:
                return controller
        return None

    def part(self, connection: Connection) -> None:
        """Forget one connection in both directions."""
        here, there = connection.self_address, connection.peer_address
        self._receivers.pop((here, there), None)
        self._receivers.pop((there, here), None)

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
        if receiver is not None:
            self._fly(receiver.on_link_acl_data, source, transport, data)

    def send_ll_control_pdu(
        self, sender_address: Address, receiver_address: Address, packet: ll.ControlPdu
    ) -> None:
        """Carry a control packet of a connection."""
        receiver = self._receivers.get((sender_address, receiver_address))
        if receiver is not None:
            self._fly(receiver.on_ll_control_pdu, sender_address, packet)

    def send_advertising_pdu(
        self, sender_controller: Controller, packet: ll.AdvertisingPdu
    ) -> None:
        """Broadcast an advertisement to all who listen, or answer one with a connection."""
        if isinstance(packet, ll.ConnectInd):
            self._join(sender_controller, packet)
            return
        for controller in self._members:
            listens = controller.le_scan_enable or controller.pending_le_connection is not None
            if listens and controller is not sender_controller:
                self._fly(controller.on_ll_advertising_pdu, packet)

    def _join(self, central: Controller, packet: ll.ConnectInd) -> None:
        """Pair two controllers at once: nobody else can take the advertiser in between."""
        peripheral = self.advertiser(packet.advertiser_address)
        if peripheral is None:
            return
        here, there = packet.initiator_address, packet.advertiser_address
        self._receivers[here, there] = peripheral
        self._receivers[there, here] = central
        peripheral.on_le_connect_ind(packet)

    def _lose(self, controller: Controller, connection: Connection) -> None:
        """End one side of a connection whose other side is gone."""
        if controller.le_connections.get(connection.peer_address) is connection:
            controller.on_le_disconnected(connection, SUPERVISION_TIMEOUT)

    def _fly(self, arrive: Callable[..., None], *packet: object) -> None:
        """Let something arrive: at once, but never within the sender's call."""
        asyncio.get_running_loop().call_soon(arrive, *packet)
