"""One open connection from a central to a unit."""

from __future__ import annotations

import asyncio

from bumble import hci
from bumble.core import UUID
from bumble.device import Connection as DeviceConnection
from bumble.gatt import GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR
from bumble.gatt_client import CharacteristicProxy
from bumble.host import DataPacketQueue

from firmline.errors import Code, LocalProtocolError, TransportError, TransportReason
from firmline.links.base import BondUse, RemoteVersion
from firmline.links.bonds import BondStore
from firmline.links.bumble.address import from_bumble
from firmline.links.bumble.client import AttClient
from firmline.links.bumble.encryption import Encryption
from firmline.links.bumble.host import FAILED, VERSION_TOLD, Answer, PacketQueue, QuietHost
from firmline.links.gatt import (
    DEFAULT_MTU,
    EXPERIMENTAL_SERVICE,
    LOCAL_HOST_TERMINATED,
    NEEDS_ENCRYPTION,
    REMOTE_USER_TERMINATED,
    SECURE_DFU_SERVICE,
    UNKNOWN_CONNECTION,
    channel_of,
    lost,
    subscription,
    timed_out,
    uuid_text,
)
from firmline.links.gatt_connection import GattConnection, Loss
from firmline.protocol.channels import Channel

_DFU_SERVICES = (UUID.from_16_bits(SECURE_DFU_SERVICE), UUID(EXPERIMENTAL_SERVICE))
_DATA_LENGTH = (251, 2120)  # Octets and microseconds (Core spec, Vol 6, Part B, 4.5.10).
_LONGER_THAN_SUPERVISION_S = 1.0
"""A disconnection that the peer does not acknowledge is over with the supervision timeout (Core
spec, Vol 6, Part B, 5.1.6); ours on top of it."""


_NOT_MEASURED = 127  # (Core spec, Vol 4, Part E, 7.5.4)


class BumbleConnection(GattConnection[int]):
    """Implements :class:`firmline.links.base.Connection` over Bumble.

    Args:
        host: The Bumble host the link belongs to.
        link: Bumble's connection; open.
        request_timeout_s: How long the unit may take to answer a request.
        bonds: Where this computer keeps its bonds.
    """

    def __init__(
        self,
        host: QuietHost,
        link: DeviceConnection,
        *,
        request_timeout_s: float,
        bonds: BondStore,
    ) -> None:
        super().__init__(from_bumble(link.peer_address))
        self._host = host
        self._link = link
        self._client = AttClient(link, self._on_value, timeout_s=request_timeout_s)
        self._handles: dict[Channel, int] = {}
        self._speakers: dict[int, Channel] = {}
        self._version: hci.HCI_Read_Remote_Version_Information_Complete_Event | None = None
        self._version_refused = 0
        self._closed: list[tuple[int, bytes, Channel]] = []
        self._encryption = Encryption(
            host, link, bonds, change=self._change, changed=self._changed.set
        )
        self._queue = self._watch(host.le_acl_packet_queue)

    def _watch(self, queue: DataPacketQueue | None) -> PacketQueue:
        """Listen to everything that concerns this connection."""
        if not isinstance(queue, PacketQueue):
            raise LocalProtocolError("A connection exists before its host was powered on.")
        self._link.gatt_client = self._client
        self._link.on(DeviceConnection.EVENT_DISCONNECTION, self.mark_lost)
        self._host.on(VERSION_TOLD, self._on_version)
        self._host.on(FAILED, self._on_controller_failed)
        queue.on("flow", self._changed.set)
        return queue

    # What it is.

    @property
    def channels(self) -> frozenset[Channel]:
        """Which channels the unit serves: they tell its mode."""
        return frozenset(self._handles)

    @property
    def mtu(self) -> int:
        """The ATT MTU agreed upon, in bytes."""
        return self._link.att_mtu

    @property
    def interval_s(self) -> float | None:
        """The connection interval, seconds."""
        return self._link.parameters.connection_interval / 1000

    # Setting up.

    async def set_up(self, *, mtu: int, data_length: bool, phy_2m: bool) -> None:
        """Agree on data length, PHY and MTU, discover, and subscribe to all that speaks.

        Data length and PHY are offers: a unit that does not take them keeps what there was.

        Args:
            mtu: The ATT MTU to ask for, in bytes.
            data_length: Whether to offer the longest packets there are.
            phy_2m: Whether to ask for the 2M PHY.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT.
        """
        if data_length:
            self._offer_data_length()
        if phy_2m:
            self._offer_2m()
        if mtu > DEFAULT_MTU:
            with self._client.refusals(f"an ATT MTU of {mtu}"):
                await self._client.request_mtu(mtu)
        with self._client.refusals("the discovery of its services"):
            await self._discover()

    def _offer_data_length(self) -> None:
        self._host.post(
            hci.HCI_LE_Set_Data_Length_Command(
                connection_handle=self._link.handle,
                tx_octets=_DATA_LENGTH[0],
                tx_time=_DATA_LENGTH[1],
            )
        )

    def _offer_2m(self) -> None:
        self._host.post(
            hci.HCI_LE_Set_PHY_Command(
                connection_handle=self._link.handle,
                all_phys=hci.HCI_LE_Set_Default_PHY_Command.AnyPhy(0),
                tx_phys=hci.PhyBit.LE_2M,
                rx_phys=hci.PhyBit.LE_2M,
                phy_options=0,
            )
        )

    async def _discover(self) -> None:
        """Look for the services that matter, and take what they have into use."""
        services = await self._client.discover_services()
        self._services = frozenset(_uuid_text(service.uuid) for service in services)
        for service in services:
            characteristics = await self._client.discover_characteristics((), service)
            if service.uuid in _DFU_SERVICES:
                for characteristic in characteristics:
                    await self._adopt(characteristic)
            found = {_uuid_text(each.uuid): each.handle for each in reversed(characteristics)}
            self._adopt_values(_uuid_text(service.uuid), found)

    async def _adopt(self, characteristic: CharacteristicProxy[bytes]) -> None:
        """Take a characteristic of the DFU service into use; unknown ones are left alone."""
        indicates = bool(characteristic.properties & characteristic.properties.INDICATE)
        speaks = indicates or bool(characteristic.properties & characteristic.properties.NOTIFY)
        channel = channel_of(_uuid_text(characteristic.uuid), speaks=speaks)
        if channel is None:
            return
        self._handles[channel] = characteristic.handle
        if not speaks:
            return
        self._speakers[characteristic.handle] = channel
        await self._client.discover_descriptors(characteristic)
        cccd = characteristic.get_descriptor(GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR)
        if cccd is not None:
            await self._subscribe(cccd.handle, subscription(indicates=indicates), channel)

    async def _subscribe(self, handle: int, value: bytes, channel: Channel) -> None:
        """Subscribe to a channel, or remember that it is closed as long as the link is open."""
        try:
            await self._client.write(handle, value, f"the subscription to {channel}")
        except TransportError as error:
            if error.context.get("att_status") not in NEEDS_ENCRYPTION or self._link.is_encrypted:
                raise
            self._closed.append((handle, value, channel))

    @property
    def needs_encryption(self) -> bool:
        """Whether the unit keeps a channel closed until the link is encrypted with a bond."""
        return bool(self._closed)

    async def encrypt(self, *, may_pair: bool, timeout_s: float) -> BondUse:
        """Encrypt the link, and open what was closed; see ``links.base``."""
        self._check()
        try:
            async with asyncio.timeout(timeout_s):
                used = await self._encryption.begin(may_pair=may_pair)
                closed, self._closed = self._closed, []
                for handle, value, channel in closed:
                    await self._subscribe(handle, value, channel)
        except TimeoutError:
            raise timed_out(self._peer, "encrypt the link", timeout_s) from None
        return used

    # Moving bytes.

    async def write(self, channel: Channel, data: bytes) -> None:
        """Write ``data``; see :meth:`firmline.links.base.Connection.write`."""
        handle = self._handles.get(channel)
        if handle is None or len(data) > self.mtu - 3:
            raise LocalProtocolError(
                f"{len(data)} bytes cannot be written to {channel} of {self._peer}.", mtu=self.mtu
            )
        if channel is Channel.PACKET:
            # Bumble queues without limit: without this wait the whole image would be in RAM.
            while self._queue.pending >= self._queue.max_in_flight:
                await self._change()
            self._check()
            self._client.post(handle, data)
        else:
            await self._client.write(handle, data, f"a write to {channel}")

    async def flush(self) -> None:
        """Wait until the unit's radio has acknowledged all that was written."""
        while self._queue.unacknowledged(self._link.handle):
            await self._change()

    # What the unit and its radio say of themselves.

    async def _read(self, place: int, what: str) -> bytes | None:
        """Read a value by its handle."""
        return await self._client.read(place, what)

    async def remote_version(self, *, timeout_s: float) -> RemoteVersion:
        """Ask the unit's controller for its version: a SoftDevice answers with its FWID.

        Raises:
            TransportError: LOST or TIMEOUT.
        """
        self._check()
        self._version_refused = 0
        if self._version is None or self._version.status:
            self._version = None
            command = hci.HCI_Read_Remote_Version_Information_Command(
                connection_handle=self._link.handle
            )
            self._host.post(command, self._on_version_answer)
        try:
            async with asyncio.timeout(timeout_s):
                while self._version is None and not self._version_refused:
                    await self._change()
        except TimeoutError:
            raise timed_out(self._peer, "tell its version", timeout_s) from None
        return self._told_version()

    def _told_version(self) -> RemoteVersion:
        told = self._version
        status = self._version_refused if told is None else told.status
        if told is None or status:
            raise TransportError(
                Code.LINK_TIMEOUT,
                f"{self._peer} did not tell its version (HCI error 0x{status:02X}).",
                reason=TransportReason.TIMEOUT,
            )
        return RemoteVersion(
            version=told.version, company=told.manufacturer_name, subversion=told.subversion
        )

    async def rssi(self) -> int | None:
        """How strong the unit is heard, in dBm; ``None``: the controller cannot tell.

        Raises:
            TransportError: LOST, or NOT_AVAILABLE where the controller refuses.
        """
        self._check()
        command = hci.HCI_Read_RSSI_Command(handle=self._link.handle)
        answer = await self._host.ask(command, "to tell the signal strength")
        self._check()
        return _rssi_of(answer)

    # The end.

    async def close(self) -> None:
        """Disconnect; harmless when already closed.

        A controller that never confirms it is not waited for longer than a peer can be silent.
        """
        self.hang_up()
        supervision_s = self._link.parameters.supervision_timeout / 1000
        try:
            async with asyncio.timeout(supervision_s + _LONGER_THAN_SUPERVISION_S):
                await self.until_lost()
        except TimeoutError:
            self.mark_lost(LOCAL_HOST_TERMINATED)

    def hang_up(self) -> None:
        """Begin to disconnect, without waiting: usable where nothing may be awaited."""
        if not self.lost:
            command = hci.HCI_Disconnect_Command(
                connection_handle=self._link.handle, reason=REMOTE_USER_TERMINATED
            )
            self._host.post(command, self._on_hung_up)

    def _on_hung_up(self, status: int) -> None:
        if status == UNKNOWN_CONNECTION:
            # A controller that was restarted knows nothing of it; no event will come.
            self.mark_lost(LOCAL_HOST_TERMINATED)

    def mark_lost(self, reason: int) -> None:
        """The link is gone: whoever waits is told, after what has arrived is handed out.

        Args:
            reason: The HCI reason.
        """
        self._mark_lost(lambda: lost(self._peer, reason), reason)

    def _on_controller_failed(self) -> None:
        self._mark_lost(lambda: self._host.error(TransportReason.LOST), None)

    def _mark_lost(self, loss: Loss, reason: int | None) -> None:
        if not self.lost:
            self._lose(loss, reason)
            self._client.fail(loss)
            self._queue.remove_listener("flow", self._changed.set)
            self._host.remove_listener(VERSION_TOLD, self._on_version)
            self._host.remove_listener(FAILED, self._on_controller_failed)

    # What arrives.

    def _on_value(self, handle: int, data: bytes) -> None:
        channel = self._speakers.get(handle)
        if channel is not None:
            self._arrived(channel, data)

    def _on_version(self, event: hci.HCI_Read_Remote_Version_Information_Complete_Event) -> None:
        if event.connection_handle == self._link.handle:
            self._version = event
            self._changed.set()

    def _on_version_answer(self, status: int) -> None:
        if status != UNKNOWN_CONNECTION:  # its loss is on its way then, and says more
            self._version_refused = status
            self._changed.set()


def _rssi_of(answer: Answer) -> int | None:
    """A strength that was measured (Core spec, Vol 4, Part E, 7.5.4)."""
    match answer:
        case hci.HCI_Command_Complete_Event(
            return_parameters=hci.HCI_Read_RSSI_ReturnParameters(rssi=int(rssi))
        ) if rssi != _NOT_MEASURED:
            return rssi
        case _:
            return None


def _uuid_text(uuid: UUID) -> str:
    """A UUID as ``links.base`` has it."""
    raw = uuid.to_bytes()
    return uuid_text(raw) if len(raw) > 2 else raw[::-1].hex().upper()
