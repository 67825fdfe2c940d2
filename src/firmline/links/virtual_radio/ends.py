"""The two ends of a connection: what one controller sends arrives at the other, and nowhere else.

In the air every connection has an access address of its own, and whoever is not in it does not hear
it (Core spec, Vol 6, Part B, 2.1.2). So an end knows the one end that hears it, and not merely an
address: two units may share one, and what one of them still says after its connection is over does
not reach the connection that has taken its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol, runtime_checkable

from bumble import hci, ll
from bumble.controller import Connection, Controller
from bumble.core import PhysicalTransport
from bumble.hci import Address
from bumble.link import LocalLink

from firmline.links.gatt import SUPERVISION_TIMEOUT
from firmline.links.virtual_radio.control_pdus import LengthRsp, PhyInd
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

    def take_packets(self, connection: Connection) -> Callable[[], None]:
        """The packets that were handed over just now; the call that reports them as sent."""


class ConnectionEnd(LocalLink):
    """One end of a connection, in the place of the link that Bumble would send it by.

    Bumble finds a receiver by its address, and names the sender's random address as the source,
    which cuts off whoever advertises under its public one. An end needs neither.

    Args:
        controller: Whose end it is.
        connection: The connection as this controller knows it.
        schedule: When packets are in the air; ``None``: they arrive at once.

    Attributes:
        schedule: The same.
        other: The other end; ``None``: nobody hears this one, as before :meth:`tie` and after the
            connection's end.
    """

    def __init__(
        self, controller: Controller, connection: Connection, schedule: LinkSchedule | None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Bumble leaves it unannotated
        self.schedule = schedule
        self._controller = controller
        self._connection = connection
        self.other: ConnectionEnd | None = None
        connection.link = self

    def tie(self, other: ConnectionEnd) -> None:
        """Make a connection of two ends."""
        self.other, other.other = other, self

    @property
    def _is_central(self) -> bool:
        return self._connection.role == hci.Role.CENTRAL

    @property
    def _is_known(self) -> bool:
        """Whether the controller has not ended it, nor another with that address begun since."""
        known = self._controller.le_connections.get(self._connection.peer_address)
        return known is self._connection

    # Sending: nothing after the end, whichever side has ended it.

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """Carry data to the other end."""
        del sender_controller, destination_address  # known
        if self.other is None:
            return
        arrive = partial(self.other.take_data, transport, data)
        if self.schedule is None:
            fly(arrive)
            return
        sender = self._controller
        sent = None
        if isinstance(sender, Acknowledged):
            sent = sender.take_packets(self._connection)
        self.schedule.send(from_central=self._is_central, size=len(data), arrive=arrive, sent=sent)

    def send_ll_control_pdu(
        self, sender_address: Address, receiver_address: Address, packet: ll.ControlPdu
    ) -> None:
        """Carry a control packet to the other end."""
        del sender_address, receiver_address  # known
        if self.other is None:
            return
        arrive = partial(self.other.take_control, packet)
        if self.schedule is None:
            fly(arrive)
            return
        self.schedule.send(from_central=self._is_central, size=CONTROL_PDU_SIZE, arrive=arrive)

    # Receiving: what comes after the end is lost.

    def take_data(self, transport: PhysicalTransport, data: bytes) -> None:
        """Data have arrived."""
        if self._is_known:
            self._controller.on_link_acl_data(self._connection.peer_address, transport, data)

    def take_control(self, packet: ll.ControlPdu) -> None:
        """A control packet has arrived; what it agrees upon holds from now on."""
        if self.schedule is not None:
            _agree(self.schedule, packet)
        if self._is_known:
            self._controller.on_ll_control_pdu(self._connection.peer_address, packet)

    # Ending.

    def part(self) -> None:
        """The controller has ended it: neither end sends any more; what waits still goes."""
        if self.other is not None:
            self.other.other = None
        self.other = None
        if self.schedule is not None:
            self.schedule.close()

    def fall_silent(self) -> None:
        """The controller has lost its power: the other one misses it after a time."""
        other = self.other
        self.part()
        after_s = 0.0
        if self.schedule is not None:
            self.schedule.cut(from_central=self._is_central)
            after_s = self.schedule.supervision_s
        if other is not None:
            asyncio.get_running_loop().call_later(after_s, other.lose)

    def lose(self) -> None:
        """The other side was not heard any more."""
        if self._is_known:
            self._controller.on_le_disconnected(self._connection, SUPERVISION_TIMEOUT)


def fly(arrive: Callable[..., None], *packet: object) -> None:
    """Let something arrive: at once, but never within the sender's call."""
    asyncio.get_running_loop().call_soon(arrive, *packet)


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
