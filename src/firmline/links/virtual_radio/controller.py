"""A virtual radio chip: Bumble's controller with its holes filled.

Bumble's virtual controller accepts more commands than it carries out (bluetooth-stacks.md, table
"What is supported"); each method here says which hole it fills.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial

from bumble import hci, ll
from bumble.controller import Connection, Controller, LegacyAdvertiser

from firmline.links.base import NORDIC
from firmline.links.virtual_radio.air import Air
from firmline.links.virtual_radio.control_pdus import (
    LengthReq,
    LengthRsp,
    PhyInd,
    PhyReq,
    VersionInd,
    VersionReq,
)
from firmline.links.virtual_radio.schedule import Owner, airtime_s

RSSI_DBM = -50
"""The signal strength of everything in the virtual air."""

_MAX_OCTETS = 251  # Largest LL data packet (Core spec, Vol 6, Part B, 4.5.10).
_MAX_TIME_US = 2120  # Its duration on the 1M PHY (same place).
_ADDRESS_SIZE = 6
_LISTENING_S = 0.0003  # About one IFS and the beginning of a request.
_UNIT_S = 0.000625  # HCI counts advertising intervals in 625 us (Core spec, Vol 4, E, 7.8.5).
_INTERVALS = range(6, 3200 + 1)
"""Connection intervals, in 1.25 ms (Core spec, Vol 4, Part E, 7.8.12)."""
_LATENCIES = range(499 + 1)
"""Connection events that a peripheral may leave out (same place)."""
_SUPERVISIONS = range(10, 3200 + 1)
"""Supervision timeouts, in 10 ms (same place)."""


def connection_parameters_exist(
    *, interval_min: int, interval_max: int, latency: int, supervision: int
) -> bool:
    """Whether a link can have these parameters (Core spec, Vol 4, Part E, 7.8.12 and 7.8.18).

    Args:
        interval_min: Shortest connection interval, in 1.25 ms.
        interval_max: Longest, likewise.
        latency: How many connection events the peripheral may leave out.
        supervision: Supervision timeout, in 10 ms; longer than two intervals with their latency.
    """
    return (
        interval_min in _INTERVALS
        and interval_max in _INTERVALS
        and interval_min <= interval_max
        and latency in _LATENCIES
        and supervision in _SUPERVISIONS
        and supervision * 10 > (1 + latency) * interval_max * 1.25 * 2
    )


class _Advertiser(LegacyAdvertiser):
    """Advertises at the interval asked for; Bumble takes its 625 us units for milliseconds.

    It is silent while a central is connected, as a SoftDevice with one link is.
    """

    def send_advertising_data(self) -> None:
        if not self.controller.le_connections:
            super().send_advertising_data()
            self._tell_owner()

    def _tell_owner(self) -> None:
        """One advertising event: the packet on three channels, and a listening after each."""
        owner = self.controller.owner if isinstance(self.controller, RadioController) else None
        if owner is not None and self.enabled:
            packet_s = airtime_s(_ADDRESS_SIZE + len(self.advertising_data), 1)
            now_s = asyncio.get_running_loop().time()
            owner.radio_used(now_s - 3 * (packet_s + _LISTENING_S), now_s)

    def _on_timer_fired(self) -> None:
        self.send_advertising_data()
        self.timer_handle = asyncio.get_running_loop().call_later(
            self.advertising_interval_min * _UNIT_S, self._on_timer_fired
        )


class RadioController(Controller):
    """One radio chip in the virtual air.

    Args:
        name: For messages.
        air: The medium it sends to.
        subversion: The sub-version number of its LL_VERSION_IND; a SoftDevice sends its FWID.
    """

    # 27 by default: an ATT packet of 247 bytes would be cut into ten.
    le_acl_data_packet_length = _MAX_OCTETS
    # As few as real controllers have: this bounds what a host keeps in flight.
    total_num_le_acl_data_packets = 16
    supported_max_tx_octets = _MAX_OCTETS
    supported_max_tx_time = _MAX_TIME_US
    supported_max_rx_octets = _MAX_OCTETS
    supported_max_rx_time = _MAX_TIME_US
    manufacturer_company_identifier = NORDIC
    # A bootloader advertises with legacy PDUs; without these features both hosts use them too.
    le_features = Controller.le_features & ~(
        hci.LeFeatureMask.LE_EXTENDED_ADVERTISING | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
    )

    def __init__(self, name: str, air: Air, *, subversion: int = 0) -> None:
        super().__init__(name, link=air)
        self.air = air
        self.owner: Owner | None = None
        self.only_for: hci.Address | None = None
        self.lmp_subversion = subversion
        self.le_legacy_advertiser = _Advertiser(self)
        self._taken: Counter[int] = Counter()
        self._completed: Counter[int] = Counter()
        self._phys: dict[int, int] = {}

    # The wire to the host.

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Send to the host, without formatting every packet for a log nobody keeps."""
        asyncio.get_running_loop().call_soon(self._deliver, bytes(packet))

    def _deliver(self, packet: bytes) -> None:
        """Hand over a packet, unless the controller has lost its power in the meantime."""
        if self.hci_sink is not None:
            self.hci_sink.on_packet(packet)

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Take a packet from the host, without formatting it for the log."""
        if self.hci_sink is None:
            return
        if isinstance(packet, hci.HCI_AclDataPacket):
            self.on_hci_acl_data_packet(packet)
        elif isinstance(packet, hci.HCI_Command):
            self.on_hci_command_packet(packet)

    def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
        """Send data into the air; packets are reported as sent several in one event."""
        connection = self.find_le_connection_by_handle(packet.connection_handle)
        if connection is None:
            return
        self._taken[connection.handle] += 1
        connection.assembler.feed_packet(packet)
        # An air without time has not asked for them: they are sent.
        self._report_sent(connection, self._taken.pop(connection.handle, 0))

    def take_packets(self, connection: Connection) -> Callable[[], None]:
        """The packets that the air takes now; the call that reports them as sent."""
        return partial(self._report_sent, connection, self._taken.pop(connection.handle, 0))

    def _report_sent(self, connection: Connection, count: int) -> None:
        # Its handle may be another connection's by now.
        if not count or self.le_connections.get(connection.peer_address) is not connection:
            return
        if not self._completed:
            asyncio.get_running_loop().call_soon(self._report_completed)
        self._completed[connection.handle] += count

    def _report_completed(self) -> None:
        completed, self._completed = self._completed, Counter()
        if completed:
            self.send_hci_packet(
                hci.HCI_Number_Of_Completed_Packets_Event(
                    connection_handles=list(completed),
                    num_completed_packets=list(completed.values()),
                )
            )

    # Losing power and links.

    def vanish(self) -> None:
        """Lose power: fall silent at once and for good; peers will time out."""
        self.hci_sink = None
        self.le_scan_enable = False
        self.pending_le_connection = None
        self.le_legacy_advertiser.stop()
        self.air.remove_controller(self)
        self.le_connections.clear()

    def drop_link(self, reason: int) -> None:
        """End every connection; both sides see ``reason`` (Bumble knows no link loss)."""
        for connection in list(self.le_connections.values()):
            connection.send_ll_control_pdu(ll.TerminateInd(reason))
            self.on_le_disconnected(connection, reason)

    def on_le_disconnected(self, connection: Connection, reason: int) -> None:
        """Forget a connection together with all that was kept for it."""
        self.air.part(connection)
        self._taken.pop(connection.handle, None)
        self._completed.pop(connection.handle, None)
        self._phys.pop(connection.handle, None)
        super().on_le_disconnected(connection, reason)

    # Scanning and connecting.

    def on_hci_le_create_connection_command(
        self, command: hci.HCI_LE_Create_Connection_Command
    ) -> None:
        """Connect; Bumble takes parameters that no controller takes, and waits where it cannot.

        A controller has one connection to an address (Core spec, Vol 1, Part F, 2.11).
        """
        if command.peer_address in self.le_connections:
            status = int(hci.HCI_ErrorCode.CONNECTION_ALREADY_EXISTS_ERROR)
            self._send_hci_command_status(status, command.op_code)
        elif self._has_parameters(command):
            super().on_hci_le_create_connection_command(command)

    def on_hci_le_connection_update_command(
        self, command: hci.HCI_LE_Connection_Update_Command
    ) -> None:
        """Change a connection; Bumble takes parameters that no controller takes."""
        if self._has_parameters(command):
            super().on_hci_le_connection_update_command(command)

    def _has_parameters(
        self, command: hci.HCI_LE_Create_Connection_Command | hci.HCI_LE_Connection_Update_Command
    ) -> bool:
        """Whether a command's connection parameters exist; one that has others is refused."""
        exist = connection_parameters_exist(
            interval_min=command.connection_interval_min,
            interval_max=command.connection_interval_max,
            latency=command.max_latency,
            supervision=command.supervision_timeout,
        )
        if not exist:
            status = int(hci.HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR)
            self._send_hci_command_status(status, command.op_code)
        return exist

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        """Report an advertisement once; Bumble adds a scan response that nobody sent."""
        if self.le_scan_enable:
            report = hci.HCI_LE_Advertising_Report_Event.Report(
                event_type=hci.HCI_LE_Advertising_Report_Event.EventType.ADV_IND,
                address_type=pdu.advertiser_address.address_type,
                address=pdu.advertiser_address,
                data=pdu.data,
                rssi=RSSI_DBM,
            )
            self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))
        pending = self.pending_le_connection
        if pending is not None and pending.peer_address == pdu.advertiser_address:
            self.create_le_connection(pdu.advertiser_address)

    def create_le_connection(self, peer_address: hci.Address) -> None:
        """Answer an advertisement, if its sender takes that; Bumble connects in any case."""
        pending = self.pending_le_connection
        is_public = pending is not None and pending.own_address_type == hci.OwnAddressType.PUBLIC
        ours = self.public_address if is_public else self.random_address
        if self.air.advertiser(peer_address, ours) is not None:
            super().create_le_connection(peer_address)

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Cancel; Bumble says yes, connects later all the same, and the host waits for ever."""
        pending = self.pending_le_connection
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.pending_le_connection = None
        # The event follows the answer to the command (Core spec, Vol 4, Part E, 7.8.13).
        asyncio.get_running_loop().call_soon(self._report_cancelled, pending.peer_address)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def _report_cancelled(self, address: hci.Address) -> None:
        self.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=address.address_type,
                peer_address=address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
        )

    # What a connection can be asked.

    def on_ll_control_pdu(self, sender_address: hci.Address, packet: ll.ControlPdu) -> None:
        """Answer the control packets that Bumble does not know."""
        connection = self.le_connections.get(sender_address)
        if connection is None:
            return
        match packet:
            case VersionReq():
                answer = VersionInd(
                    self.lmp_version, self.manufacturer_company_identifier, self.lmp_subversion
                )
                connection.send_ll_control_pdu(answer)
            case VersionInd():
                self._report_version(connection, packet)
            case LengthRsp():
                self._report_length(connection, packet)
            case LengthReq():
                self._report_length(connection, packet)
                connection.send_ll_control_pdu(LengthRsp(_MAX_OCTETS, _MAX_TIME_US))
            case PhyInd():
                self._report_phy(connection, packet.phy)
            case PhyReq():
                self._report_phy(connection, packet.phy)
                connection.send_ll_control_pdu(PhyInd(packet.phy))
            case _:
                super().on_ll_control_pdu(sender_address, packet)

    def on_hci_read_remote_version_information_command(
        self, command: hci.HCI_Read_Remote_Version_Information_Command
    ) -> None:
        """Ask the peer for its version; Bumble lists the command and ignores it."""
        self._ask(command.connection_handle, command.op_code, VersionReq())

    def on_hci_le_set_phy_command(self, command: hci.HCI_LE_Set_PHY_Command) -> None:
        """Agree on a PHY; Bumble ignores the command and its host waits for ever."""
        wants_2m = not command.all_phys & 1 and bool(command.tx_phys & hci.PhyBit.LE_2M)
        phy = hci.Phy.LE_2M if wants_2m else hci.Phy.LE_1M
        self._ask(command.connection_handle, command.op_code, PhyReq(phy))

    def _ask(self, handle: int, op_code: int, request: ll.ControlPdu) -> None:
        """Acknowledge a command and send the request that it stands for."""
        connection = self.find_le_connection_by_handle(handle)
        if connection is None:
            status = int(hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR)
            self._send_hci_command_status(status, op_code)
            return
        self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, op_code)
        connection.send_ll_control_pdu(request)

    def on_hci_le_read_phy_command(
        self, command: hci.HCI_LE_Read_PHY_Command
    ) -> hci.HCI_LE_Read_PHY_ReturnParameters:
        """Read the PHY that was agreed upon; Bumble always names 1M."""
        phy = hci.Phy(self._phys.get(command.connection_handle, hci.Phy.LE_1M))
        return hci.HCI_LE_Read_PHY_ReturnParameters(
            status=hci.HCI_ErrorCode.SUCCESS,
            connection_handle=command.connection_handle,
            tx_phy=phy,
            rx_phy=phy,
        )

    def on_hci_le_set_data_length_command(
        self, command: hci.HCI_LE_Set_Data_Length_Command
    ) -> hci.HCI_StatusAndConnectionHandleReturnParameters:
        """Offer longer packets to the peer; Bumble calls the command unknown."""
        connection = self.find_le_connection_by_handle(command.connection_handle)
        status = hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
        if connection is not None:
            status = hci.HCI_ErrorCode.SUCCESS
            connection.send_ll_control_pdu(LengthReq(command.tx_octets, command.tx_time))
        return hci.HCI_StatusAndConnectionHandleReturnParameters(
            status=status, connection_handle=command.connection_handle
        )

    def on_hci_read_rssi_command(
        self, command: hci.HCI_Read_RSSI_Command
    ) -> hci.HCI_Read_RSSI_ReturnParameters:
        """Read the signal strength; Bumble lists the command and calls it unknown."""
        known = self.find_le_connection_by_handle(command.handle) is not None
        unknown = hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
        status = hci.HCI_ErrorCode.SUCCESS if known else unknown
        return hci.HCI_Read_RSSI_ReturnParameters(
            status=status, handle=command.handle, rssi=RSSI_DBM
        )

    def _report_version(self, connection: Connection, packet: VersionInd) -> None:
        self.send_hci_packet(
            hci.HCI_Read_Remote_Version_Information_Complete_Event(
                status=hci.HCI_ErrorCode.SUCCESS,
                connection_handle=connection.handle,
                version=packet.version,
                manufacturer_name=packet.company,
                subversion=packet.subversion,
            )
        )

    def _report_length(self, connection: Connection, packet: LengthReq) -> None:
        octets, time_us = min(packet.octets, _MAX_OCTETS), min(packet.time_us, _MAX_TIME_US)
        self.send_hci_packet(
            hci.HCI_LE_Data_Length_Change_Event(
                connection_handle=connection.handle,
                max_tx_octets=octets,
                max_tx_time=time_us,
                max_rx_octets=octets,
                max_rx_time=time_us,
            )
        )

    def _report_phy(self, connection: Connection, phy: int) -> None:
        self._phys[connection.handle] = phy
        self.send_hci_packet(
            hci.HCI_LE_PHY_Update_Complete_Event(
                status=hci.HCI_ErrorCode.SUCCESS,
                connection_handle=connection.handle,
                tx_phy=hci.Phy(phy),
                rx_phy=hci.Phy(phy),
            )
        )
