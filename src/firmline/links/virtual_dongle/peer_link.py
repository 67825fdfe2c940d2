"""One connection of a virtual dongle: a client that does one thing at a time, and its queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bumble import hci
from bumble.att import ATT_CID
from bumble.l2cap import L2CAP_LE_SIGNALING_CID

from firmline.links.bumble.host import PacketQueue, QuietHost
from firmline.links.connectivity import problems
from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.virtual_dongle.attributes import (
    CONFIRMATION,
    ERROR_RESPONSE,
    INDICATION,
    MTU_REQUEST,
    MTU_RESPONSE,
    NOTIFICATION,
    Attributes,
)
from firmline.links.virtual_radio.controller import RSSI_DBM

QUEUE: Final = 1
"""Write commands on their way to the radio: BLE_GATTC_WRITE_CMD_TX_QUEUE_SIZE_DEFAULT."""
_IS_COMMAND: Final = 0x40
"""Bit of an ATT opcode that asks for no answer (Core spec, Vol 3, Part F, 3.3.1)."""
_NOT_SUPPORTED: Final = 0x06
_PARAMETERS_REQUEST, _PARAMETERS_RESPONSE = 0x12, 0x13
"""Of the signalling channel (Core spec, Vol 3, Part A, 4.20 and 4.21)."""
_REQUEST_SIZE: Final = 12
Outcome = tuple[int, object | None]
"""An error, 0: none, and results."""
_DONE: Final[Outcome] = (0, None)


class PeerLink:
    """A connection to a unit.

    Args:
        host: Of the radio chip.
        handle: The connection there.
        attributes: What its procedures are in bytes.
        parameters: Those that it began with.
        tell: Takes events.
    """

    def __init__(
        self,
        host: QuietHost,
        handle: int,
        *,
        attributes: Attributes,
        parameters: says.LinkParameters,
        tell: Callable[[object], None],
    ) -> None:
        self.handle = handle
        self._host = host
        self._attributes = attributes
        self._parameters = parameters
        self._tell = tell
        self._procedure: object | None = None
        self._queued = 0
        self._wish: int | None = None
        """The number of the peer's wish for other parameters."""

    @property
    def connection(self) -> int:
        """Its number for the host of the dongle."""
        return self._attributes.connection

    # Commands.

    def carry_out(self, command: object) -> Outcome:
        """Do what the host wants of it."""
        match command:
            case says.Disconnect(reason=reason):
                self._host.post(
                    hci.HCI_Disconnect_Command(connection_handle=self.handle, reason=reason)
                )
            case says.ConfirmIndication():
                self._send(bytes([CONFIRMATION]))
            case says.AnswerMtu(mtu=mtu):
                self._send(bytes([MTU_RESPONSE]) + mtu.to_bytes(2, "little"))
            case says.Write(operation=says.WRITE_COMMAND):
                return self._queue(command)
            case says.GetRssi():
                return 0, says.Rssi(dbm=RSSI_DBM)
            case says.StartRssi():
                return _DONE
            case says.UpdatePhy() | says.UpdateDataLength() | says.UpdateParameters():
                return self._change(command)
            case _:
                return self._begin(command)
        return _DONE

    def _begin(self, command: object) -> Outcome:
        """Begin a procedure of the GATT client."""
        if self._procedure is not None:
            return problems.BUSY, None
        request = self._attributes.request(command)
        if request is None:
            return problems.NOT_SUPPORTED, None
        self._procedure = command
        self._send(request)
        return _DONE

    def _queue(self, command: says.Write) -> Outcome:
        """Take a write command, if there is room."""
        if self._queued >= QUEUE:
            return problems.NO_RESOURCES, None
        self._queued += 1
        self._send(self._attributes.request(command) or b"")
        return _DONE

    def _change(self, command: object) -> Outcome:
        """Change something about the radio link."""
        match command:
            case says.UpdatePhy(phys=phys):
                wants_2m = phys.tx & 2
                self._host.post(
                    hci.HCI_LE_Set_PHY_Command(
                        connection_handle=self.handle,
                        all_phys=hci.HCI_LE_Set_Default_PHY_Command.AnyPhy(0),
                        tx_phys=hci.PhyBit.LE_2M if wants_2m else hci.PhyBit.LE_1M,
                        rx_phys=hci.PhyBit.LE_2M if wants_2m else hci.PhyBit.LE_1M,
                        phy_options=0,
                    )
                )
            case says.UpdateDataLength(lengths=lengths):
                octets = lengths.tx_octets if lengths is not None else 251
                self._host.post(
                    hci.HCI_LE_Set_Data_Length_Command(
                        connection_handle=self.handle, tx_octets=octets, tx_time=2120
                    )
                )
                return 0, says.Limited(limits=None)
            case says.UpdateParameters(parameters=parameters):
                self._answer_wish(parameters)
        return _DONE

    def _answer_wish(self, parameters: says.LinkParameters | None) -> None:
        """Agree to what the peer wants, refuse it, or change the parameters unasked."""
        wish, self._wish = self._wish, None
        if wish is not None:
            refusal = int(parameters is None).to_bytes(2, "little")
            answer = bytes([_PARAMETERS_RESPONSE, wish, 2, 0]) + refusal
            self._host.send_l2cap_pdu(self.handle, L2CAP_LE_SIGNALING_CID, answer)
        if parameters is not None:
            self._host.post(
                hci.HCI_LE_Connection_Update_Command(
                    connection_handle=self.handle,
                    connection_interval_min=parameters.interval_min,
                    connection_interval_max=parameters.interval_max,
                    max_latency=parameters.latency,
                    supervision_timeout=parameters.supervision,
                    min_ce_length=0,
                    max_ce_length=0,
                )
            )

    def _send(self, packet: bytes) -> None:
        self._host.send_l2cap_pdu(self.handle, ATT_CID, packet)

    # What comes from the air.

    def on_flow(self) -> None:
        """The peer's radio has acknowledged something."""
        queue = self._host.le_acl_packet_queue
        if not self._queued or not isinstance(queue, PacketQueue):
            return
        if not queue.unacknowledged(self.handle):
            sent, self._queued = self._queued, 0
            self._tell(
                told.CommandsSent(connection=self.connection, status=0, error_handle=0, count=sent)
            )

    def hear(self, packet: bytes) -> None:
        """Take a packet of the attribute protocol; what makes no sense is left."""
        kind = packet[0] if packet else 0
        if kind in (NOTIFICATION, INDICATION):
            self._on_value(packet)
        elif kind == MTU_REQUEST:
            self._tell(
                told.MtuWanted(
                    connection=self.connection, mtu=int.from_bytes(packet[1:3], "little")
                )
            )
        elif self._procedure is not None and kind & 1:
            event = self._attributes.event(self._procedure, packet)
            if event is not None:
                self._procedure = None
                self._tell(event)
        elif kind and not kind & (1 | _IS_COMMAND):
            self._send(bytes([ERROR_RESPONSE, kind, 0, 0, _NOT_SUPPORTED]))

    def _on_value(self, packet: bytes) -> None:
        self._tell(
            told.ValueHeard(
                connection=self.connection,
                status=0,
                error_handle=0,
                handle=int.from_bytes(packet[1:3], "little"),
                kind=told.INDICATION if packet[0] == INDICATION else 1,
                value=packet[3:],
            )
        )

    def hear_signal(self, channel: int, packet: bytes) -> None:
        """Take a signal of the peer: the wish for other parameters; others are left."""
        if channel != L2CAP_LE_SIGNALING_CID or len(packet) != _REQUEST_SIZE:
            return
        if packet[0] != _PARAMETERS_REQUEST:
            return
        self._wish = packet[1]
        numbers = [int.from_bytes(packet[at : at + 2], "little") for at in (4, 6, 8, 10)]
        wanted = says.LinkParameters(
            interval_min=numbers[0],
            interval_max=numbers[1],
            latency=numbers[2],
            supervision=numbers[3],
        )
        self._tell(told.ParametersWanted(connection=self.connection, parameters=wanted))
