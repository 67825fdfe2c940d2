"""A SoftDevice as a dongle's host sees it: commands in, responses and events out.

One link at a time, and one write command in the queue to the radio unless the host has asked for
more: as the firmware is by default.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from bumble import hci
from bumble.att import ATT_CID

from firmline.errors import RemoteProtocolError
from firmline.links.base import NORDIC
from firmline.links.bumble import commands
from firmline.links.bumble.host import PacketQueue, QuietHost
from firmline.links.connectivity import problems
from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.connectivity.wire.layouts import Table
from firmline.links.virtual_dongle.attributes import Attributes
from firmline.links.virtual_dongle.peer_link import PeerLink
from firmline.links.virtual_radio.radio import VirtualRadio

S132_5_1_0: Final = 0x00A5
"""FWID (``data/softdevices.toml``)."""
_BLUETOOTH_5_0: Final = 9
_MAX_BASES: Final = 10
"""BLE_UUID_VS_COUNT_DEFAULT of the SoftDevice."""
_FIRST_BASE: Final = 2
_NO_LINK: Final = says.Peer(kind=0, octets=bytes(6))
_TIMED_OUT_SCAN, _TIMED_OUT_CONNECTING = 1, 2
Say = Callable[[bytes], None]


class RefusedError(Exception):
    """A command is answered with an error.

    Args:
        error: Its number.
    """

    def __init__(self, error: int) -> None:
        super().__init__(error)
        self.error = error


class SoftDevice:
    """The program on the chip.

    Args:
        radio: The air that it is in.
        table: What can be said to it.
        address: Its address, least significant byte first.
        say: Takes what it says.
        fwid: Which SoftDevice it says it is.
    """

    def __init__(
        self,
        radio: VirtualRadio,
        *,
        table: Table,
        address: bytes,
        say: Say,
        fwid: int = S132_5_1_0,
    ) -> None:
        self._radio = radio
        self._table = table
        self._say = say
        self._fwid = fwid
        self._own = says.Peer(kind=1, octets=address)
        self._booting: asyncio.Task[None] | None = None
        self._link: PeerLink | None = None
        self._boot()

    # One boot.

    def restart(self) -> None:
        """Forget everything, as after a reset; peers hear nothing more."""
        self.vanish()
        self._boot()

    def vanish(self) -> None:
        """Lose the power: nothing is said any more."""
        self._controller.vanish()
        if self._booting is not None:
            self._booting.cancel()
        self._stop_timer()
        self._link = None

    def _boot(self) -> None:
        self._is_enabled = False
        self._mtu = 23
        self._bases: dict[int, bytes] = {}
        self._connecting: says.Connect | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._controller = self._radio.add_controller("dongle")
        self._host = QuietHost("dongle")
        self._host.join(self._controller)
        self._booting = asyncio.get_running_loop().create_task(self._power_on())

    async def _power_on(self) -> None:
        host = self._host
        await host.reset()
        self._tell_address()
        host.post(commands.scan_parameters(extended=False))
        host.on("advertising_report", self._on_report)
        host.on("le_connection", self._on_connection)
        host.on("disconnection", self._on_disconnection)
        host.on("l2cap_pdu", self._on_packet)
        host.on("connection_parameters_update", self._on_parameters)
        host.on("connection_phy_update", self._on_phy)
        host.on("connection_data_length_change", self._on_data_length)
        queue = host.le_acl_packet_queue
        if isinstance(queue, PacketQueue):
            queue.on("flow", self._on_flow)

    def _tell_address(self) -> None:
        address = hci.Address(self._own.octets, hci.Address.RANDOM_DEVICE_ADDRESS)
        self._host.post(hci.HCI_LE_Set_Random_Address_Command(random_address=address))

    # Commands.

    def hear(self, payload: bytes) -> None:
        """Carry a command out, and answer it."""
        try:
            command = self._table.decode_command(payload)
        except RemoteProtocolError:
            opcode = payload[1:2] or b"\x00"
            unknown = problems.NOT_SUPPORTED.to_bytes(4, "little")
            self._say(b"\x01" + opcode + unknown)
            return
        try:
            results, error = self._carry_out(command), 0
        except RefusedError as refused:
            results, error = None, refused.error
        self._say(self._table.encode_response(type(command), error=error, results=results))

    def _carry_out(self, command: object) -> object | None:
        match command:
            case says.LimitMtu() | says.LimitLinks() | says.Enable():
                self._configure(command)
            case _ if not self._is_enabled:
                raise RefusedError(0x3001)
            case says.GetVersion():
                return says.Version(version=_BLUETOOTH_5_0, company=NORDIC, subversion=self._fwid)
            case says.AddUuidBase(base=base):
                return says.UuidKind(kind=self._add(base))
            case says.GetAddress():
                return says.OwnAddress(address=self._own)
            case says.SetAddress(address=address):
                self._own = address
                self._tell_address()
            case says.StartScan() | says.StopScan() | says.Connect() | says.CancelConnect():
                self._use_the_air(command)
            case _:
                return self._of_link(command)
        return None

    def _configure(self, command: object) -> None:
        if self._is_enabled:
            raise RefusedError(problems.INVALID_STATE)
        match command:
            case says.LimitMtu(mtu=mtu):
                self._mtu = mtu
            case says.Enable():
                self._is_enabled = True

    def _add(self, base: bytes) -> int:
        for kind, known in self._bases.items():
            if known[:12] + known[14:] == base[:12] + base[14:]:
                return kind
        if len(self._bases) == _MAX_BASES:
            raise RefusedError(problems.NO_MEMORY)
        kind = _FIRST_BASE + len(self._bases)
        self._bases[kind] = base
        return kind

    def _use_the_air(self, command: object) -> None:
        """Listen or connect; one of the two at a time."""
        match command:
            case says.StartScan(parameters=parameters):
                if self._connecting is not None:
                    raise RefusedError(problems.INVALID_STATE)
                self._listen(on=True)
                self._set_timer(parameters.timeout_s, self._on_scan_over)
            case says.StopScan():
                self._stop_timer()
                self._listen(on=False)
            case says.Connect() if self._connecting is not None:
                raise RefusedError(problems.INVALID_STATE)
            case says.Connect() if self._link is not None:
                raise RefusedError(18)
            case says.Connect():
                self._connect(command)
            case says.CancelConnect():
                if self._connecting is None:
                    raise RefusedError(problems.INVALID_STATE)
                self._connecting = None
                self._stop_timer()
                self._host.post(hci.HCI_LE_Create_Connection_Cancel_Command())

    def _listen(self, *, on: bool) -> None:
        self._host.post(commands.scan_enable(on=on, extended=False))

    def _connect(self, command: says.Connect) -> None:
        self._listen(on=False)
        self._connecting = command
        kind = hci.AddressType(min(command.peer.kind, 1))
        interval_s = command.parameters.interval_min * commands.INTERVAL_UNIT_S
        address = hci.Address(command.peer.octets, kind)
        self._host.post(commands.connect(address, interval_s=interval_s, extended=False))
        self._set_timer(command.scan.timeout_s, self._on_connecting_over)

    def _of_link(self, command: object) -> object | None:
        """A command to a connection."""
        link = self._link
        if link is None or getattr(command, "connection", None) != link.connection:
            raise RefusedError(problems.INVALID_CONNECTION)
        error, results = link.carry_out(command)
        if error:
            raise RefusedError(error)
        return results

    # Times.

    def _set_timer(self, timeout_s: int, over: Callable[[], None]) -> None:
        self._stop_timer()
        if timeout_s:
            self._timer = asyncio.get_running_loop().call_later(timeout_s, over)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_scan_over(self) -> None:
        self._listen(on=False)
        self._tell(told.TimedOut(connection=says.NO_CONNECTION, what=_TIMED_OUT_SCAN))

    def _on_connecting_over(self) -> None:
        self._connecting = None
        self._host.post(hci.HCI_LE_Create_Connection_Cancel_Command())
        self._tell(told.TimedOut(connection=says.NO_CONNECTION, what=_TIMED_OUT_CONNECTING))

    # What happens in the air.

    def _tell(self, event: object) -> None:
        self._say(self._table.encode_event(event))

    def _on_report(self, report: hci.HCI_LE_Advertising_Report_Event.Report) -> None:
        kinds = hci.HCI_LE_Advertising_Report_Event.EventType
        is_response = report.event_type == kinds.SCAN_RSP
        self._tell(
            told.Heard(
                connection=says.NO_CONNECTION,
                peer=says.Peer(
                    kind=int(not report.address.is_public), octets=bytes(report.address)
                ),
                directed_to=_NO_LINK,
                rssi_dbm=report.rssi,
                is_response=int(is_response),
                kind=0 if is_response else int(report.event_type) & 3,
                data=report.data,
            )
        )

    def _on_connection(self, handle: int, peer: hci.Address, *rest: int) -> None:
        *_, interval, latency, supervision = rest
        self._stop_timer()
        self._connecting = None
        parameters = says.LinkParameters(
            interval_min=interval, interval_max=interval, latency=latency, supervision=supervision
        )
        link = PeerLink(
            self._host,
            handle,
            attributes=Attributes(connection=0, bases=self._bases),
            parameters=parameters,
            tell=self._tell,
        )
        self._link = link
        self._tell(
            told.Connected(
                connection=link.connection,
                peer=says.Peer(kind=int(not peer.is_public), octets=bytes(peer)),
                role=2,
                parameters=parameters,
            )
        )

    def _on_disconnection(self, handle: int, reason: int) -> None:
        if self._link is not None and self._link.handle == handle:
            link, self._link = self._link, None
            self._tell(told.Disconnected(connection=link.connection, reason=reason))

    def _on_packet(self, handle: int, channel: int, packet: bytes) -> None:
        if self._link is not None and self._link.handle == handle:
            if channel == ATT_CID:
                self._link.hear(packet)
            else:
                self._link.hear_signal(channel, packet)

    def _on_flow(self) -> None:
        if self._link is not None:
            self._link.on_flow()

    def _on_parameters(self, handle: int, interval: int, latency: int, supervision: int) -> None:
        if self._link is not None and self._link.handle == handle:
            parameters = says.LinkParameters(
                interval_min=interval,
                interval_max=interval,
                latency=latency,
                supervision=supervision,
            )
            self._tell(
                told.ParametersUpdated(connection=self._link.connection, parameters=parameters)
            )

    def _on_phy(self, handle: int, phy: object) -> None:
        if self._link is not None and self._link.handle == handle:
            phys = says.Phys(tx=getattr(phy, "tx_phy", 1), rx=getattr(phy, "rx_phy", 1))
            self._tell(told.PhyUpdated(connection=self._link.connection, status=0, phys=phys))

    def _on_data_length(self, handle: int, *lengths: int) -> None:
        if self._link is not None and self._link.handle == handle:
            tx_octets, tx_time_us, rx_octets, rx_time_us = lengths
            self._tell(
                told.DataLengthUpdated(
                    connection=self._link.connection,
                    lengths=says.DataLengths(
                        tx_octets=tx_octets,
                        rx_octets=rx_octets,
                        tx_time_us=tx_time_us,
                        rx_time_us=rx_time_us,
                    ),
                )
            )
