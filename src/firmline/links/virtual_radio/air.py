"""The air: carries packets between the controllers of one virtual radio.

Bumble's LocalLink finds a receiver by its address alone, raises inside event loop callbacks when
there is none, and lets two centrals believe that they are connected to the same peripheral. Here
every connection is one of two known ends (:mod:`firmline.links.virtual_radio.ends`), and of two
units that advertise under one address exactly one is connected to: the one whose advertisement was
answered. An initiator answers T_IFS, 150 us, after one advertising packet and on its channel, and
an advertiser listens there for so long after its own packets only (Core spec, Vol 6, Part B, 4.1.1
and 4.4.2.3.1). So the other one does not hear the CONNECT_IND, and goes on advertising.

An air without time lets everything arrive at once. With time, what a connection sends goes by its
connection events (:mod:`firmline.links.virtual_radio.schedule`), and whoever falls silent is missed
after the supervision timeout.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

from bumble import ll
from bumble.controller import Connection, Controller
from bumble.core import PhysicalTransport
from bumble.hci import Address
from bumble.link import LocalLink

from firmline.links.virtual_radio.ends import (
    INTERVAL_UNIT_S,
    SUPERVISION_UNIT_S,
    Acknowledged,
    ConnectionEnd,
    fly,
)
from firmline.links.virtual_radio.schedule import LinkSchedule, Owner


@runtime_checkable
class Choosy(Protocol):
    """A controller that may let in one central alone (filter accept list)."""

    only_for: Address | None


def _lets_in(controller: Controller, initiator: Address) -> bool:
    only_for = controller.only_for if isinstance(controller, Choosy) else None
    return only_for is None or only_for == initiator


def _owners(*controllers: Controller) -> list[Owner]:
    owned = (each.owner for each in controllers if isinstance(each, Acknowledged))
    return [owner for owner in owned if owner is not None]


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
        # A list, since the order of a set depends on memory addresses: runs must repeat exactly.
        self._members: list[Controller] = []
        self._listening: Controller | None = None
        """Who has just advertised, and would hear an answer at this moment."""

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
            if isinstance(connection.link, ConnectionEnd):
                connection.link.fall_silent()

    def advertiser(self, address: Address, initiator: Address) -> Controller | None:
        """Who takes a connection to ``address`` at this moment; ``None``: nobody hears it.

        It has just advertised under that address, is free and lets this initiator in.
        """
        controller = self._listening
        if controller is None or controller not in self._members:
            return None
        advertiser = controller.le_legacy_advertiser
        free = advertiser.enabled and not controller.le_connections
        takes = free and advertiser.address == address and _lets_in(controller, initiator)
        return controller if takes else None

    def part(self, connection: Connection) -> None:
        """A connection is over for one of its controllers: nothing is sent in it any more."""
        if isinstance(connection.link, ConnectionEnd):
            connection.link.part()

    def interval_s(self, connection: Connection) -> float | None:
        """The connection interval; ``None`` in an air without time."""
        end = connection.link
        schedule = end.schedule if isinstance(end, ConnectionEnd) else None
        return None if schedule is None else schedule.interval_s

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """Lose data of a connection that has no other end."""

    def send_ll_control_pdu(
        self, sender_address: Address, receiver_address: Address, packet: ll.ControlPdu
    ) -> None:
        """Lose a control packet of a connection that has no other end."""

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
                fly(self._hear, controller, sender_controller, packet)

    def _hear(self, scanner: Controller, sender: Controller, packet: ll.AdvertisingPdu) -> None:
        """An advertisement arrives; it can be answered within this call."""
        self._listening = sender
        try:
            scanner.on_ll_advertising_pdu(packet)
        finally:
            self._listening = None

    def _join(self, central: Controller, packet: ll.ConnectInd) -> None:
        """Connect two controllers at once: nobody else can take the advertiser in between."""
        peripheral = self.advertiser(packet.advertiser_address, packet.initiator_address)
        if peripheral is None:
            return
        schedule = None
        if self._time is not None:
            schedule = LinkSchedule(
                interval_s=packet.interval * INTERVAL_UNIT_S,
                supervision_s=packet.timeout * SUPERVISION_UNIT_S,
                owners=partial(_owners, central, peripheral),
                packets_per_event=self._time.packets_per_event,
            )
        peripheral.on_le_connect_ind(packet)
        here = central.le_connections[packet.advertiser_address]
        there = peripheral.le_connections[packet.initiator_address]
        ConnectionEnd(central, here, schedule).tie(ConnectionEnd(peripheral, there, schedule))
