"""One open connection from a dongle to a unit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from firmline.errors import LocalProtocolError, TransportError, TransportReason
from firmline.links.base import RemoteVersion
from firmline.links.connectivity import problems
from firmline.links.connectivity.addresses import address_of
from firmline.links.connectivity.client import GattClient
from firmline.links.connectivity.discovery import Discovery, FoundCharacteristic
from firmline.links.connectivity.dongle import Dongle
from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.connectivity.wire.layouts import Response
from firmline.links.gatt import (
    DEFAULT_MTU,
    EXPERIMENTAL_SERVICE,
    LOCAL_HOST_TERMINATED,
    NEEDS_ENCRYPTION,
    REMOTE_USER_TERMINATED,
    SECURE_DFU_SERVICE,
    channel_of,
    lost,
    subscription,
)
from firmline.links.gatt_connection import GattConnection, Loss
from firmline.protocol.channels import Channel

_DFU_SERVICES: Final = (f"{SECURE_DFU_SERVICE:04X}", EXPERIMENTAL_SERVICE)
_NOTIFIES, _INDICATES = 0x10, 0x20
"""Properties (Core spec, Vol 3, Part G, 3.3.1.1)."""
_INTERVAL_UNIT_S: Final = 1.25e-3
_SUPERVISION_UNIT_S: Final = 10e-3
_LONGER_THAN_SUPERVISION_S: Final = 1.0
"""A disconnection that the peer does not acknowledge is over with the supervision timeout (Core
spec, Vol 6, Part B, 5.1.6); ours on top of it."""
_LONGEST: Final = says.DataLengths(tx_octets=251, rx_octets=251, tx_time_us=0, rx_time_us=0)
"""As the maker's own tool asks for it; 0 leaves the times to the SoftDevice."""
_2M: Final = says.Phys(tx=2, rx=2)
_WHICHEVER: Final = says.Phys(tx=0, rx=0)
_TRY_LATER: Final = (problems.NO_RESOURCES, problems.BUSY)


class DongleConnection(GattConnection[int]):
    """Implements :class:`firmline.links.base.Connection` over a dongle.

    Args:
        dongle: The dongle.
        event: Says that the connection is there.
        bases: The UUID bases that the dongle knows, by their kind.
        request_timeout_s: How long the unit may take to answer a request.
    """

    def __init__(
        self,
        dongle: Dongle,
        event: told.Connected,
        *,
        bases: Mapping[int, bytes],
        request_timeout_s: float,
    ) -> None:
        super().__init__(address_of(event.peer))
        self._dongle = dongle
        self._handle = event.connection
        self._parameters = event.parameters
        self._bases = bases
        self._client = GattClient(dongle, event.connection, self.peer, timeout_s=request_timeout_s)
        self._mtu = DEFAULT_MTU
        self._largest_mtu = DEFAULT_MTU
        self._handles: dict[Channel, int] = {}
        self._speakers: dict[int, Channel] = {}
        self._is_closed = False
        self._unsent = 0
        """Write commands that the unit's radio has not acknowledged yet."""
        self._sent = 0

    # What it is.

    @property
    def handle(self) -> int:
        """The dongle's number for it."""
        return self._handle

    @property
    def channels(self) -> frozenset[Channel]:
        """Which channels the unit serves: they tell its mode."""
        return frozenset(self._handles)

    @property
    def mtu(self) -> int:
        """The ATT MTU agreed upon, in bytes."""
        return self._mtu

    @property
    def interval_s(self) -> float | None:
        """The connection interval, seconds."""
        return self._parameters.interval_max * _INTERVAL_UNIT_S

    # Setting up.

    async def set_up(self, *, mtu: int, phy_2m: bool) -> None:
        """Agree on data length, PHY and MTU, discover, and subscribe to all that speaks.

        Data length and PHY are offers: a unit that does not take them keeps what there was.

        Args:
            mtu: The ATT MTU to ask for, in bytes.
            phy_2m: Whether to ask for the 2M PHY.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT.
        """
        self._largest_mtu = mtu
        self._dongle.post(says.UpdateDataLength(connection=self._handle, lengths=_LONGEST))
        if phy_2m:
            self._dongle.post(says.UpdatePhy(connection=self._handle, phys=_2M))
        self._dongle.post(says.StartRssi(connection=self._handle))
        theirs = await self._client.exchange_mtu(mtu)
        self._mtu = max(DEFAULT_MTU, min(mtu, theirs or DEFAULT_MTU))
        await self._discover()

    async def _discover(self) -> None:
        """Look for the services that matter, and take what they have into use."""
        discovery = Discovery(self._client, self._handle, self._bases, mtu=self._mtu)
        services = await discovery.services()
        self._services = frozenset(uuid for uuid, _ in services if uuid)
        for uuid, handles in services:
            characteristics = await discovery.characteristics(handles)
            if uuid in _DFU_SERVICES:
                for characteristic in characteristics:
                    await self._adopt(characteristic, discovery)
            found = {each.uuid: each.value for each in reversed(characteristics)}
            self._adopt_values(uuid, found)

    async def _adopt(self, characteristic: FoundCharacteristic, discovery: Discovery) -> None:
        """Take a characteristic of the DFU service into use; unknown ones are left alone."""
        indicates = bool(characteristic.properties & _INDICATES)
        speaks = indicates or bool(characteristic.properties & _NOTIFIES)
        channel = channel_of(characteristic.uuid, speaks=speaks)
        if channel is None:
            return
        self._handles[channel] = characteristic.value
        if not speaks:
            return
        self._speakers[characteristic.value] = channel
        cccd = await discovery.cccd(characteristic)
        if cccd is not None:
            await self._subscribe(cccd, subscription(indicates=indicates), channel)

    async def _subscribe(self, handle: int, value: bytes, channel: Channel) -> None:
        """Subscribe to a channel, or remember that it is closed as long as the link is open."""
        try:
            await self._client.write(handle, value, f"the subscription to {channel}")
        except TransportError as error:
            if error.context.get("att_status") not in NEEDS_ENCRYPTION:
                raise
            self._is_closed = True

    @property
    def needs_encryption(self) -> bool:
        """Whether the unit keeps a channel closed until the link is encrypted with a bond."""
        return self._is_closed

    # Moving bytes.

    async def write(self, channel: Channel, data: bytes) -> None:
        """Write ``data``; see :meth:`firmline.links.base.Connection.write`."""
        handle = self._handles.get(channel)
        if handle is None or len(data) > self.mtu - 3:
            raise LocalProtocolError(
                f"{len(data)} bytes cannot be written to {channel} of {self._peer}.", mtu=self.mtu
            )
        if channel is Channel.PACKET:
            await self._write_command(handle, data)
        else:
            await self._client.write(handle, data, f"a write to {channel}")

    async def _write_command(self, handle: int, data: bytes) -> None:
        """Write without response, as soon as the dongle has room for it."""
        command = says.Write(
            connection=self._handle, operation=says.WRITE_COMMAND, handle=handle, value=data
        )
        while True:
            self._check()
            sent = self._sent
            response = await self._try_to(command)
            if not response.error:
                self._unsent += 1
                return
            if response.error not in _TRY_LATER or not self._unsent:
                raise problems.refused(self._dongle.port, "a write", response.error)
            while self._sent == sent:
                await self._change()

    async def _try_to(self, command: object) -> Response:
        """Have the dongle do something with this connection.

        Raises:
            TransportError: LOST.
        """
        try:
            response = await self._dongle.try_to(command)
        except TransportError:
            self._check()
            raise
        if response.error == problems.INVALID_CONNECTION:
            while True:  # its end is on the way, with the reason
                await self._change()
        return response

    async def flush(self) -> None:
        """Wait until the unit's radio has acknowledged all that was written."""
        while self._unsent > 0:
            await self._change()

    # What the unit and its radio say of themselves.

    async def _read(self, place: int, what: str) -> bytes | None:
        """Read a value by its handle."""
        return await self._client.read(place, what, mtu=self._mtu)

    async def remote_version(self, *, timeout_s: float) -> RemoteVersion:
        """No SoftDevice tells; the link's capabilities say so."""
        _ = timeout_s
        raise LocalProtocolError("A dongle tells nobody the version of a unit's radio.")

    async def rssi(self) -> int | None:
        """How strong the unit is heard, in dBm; ``None``: it was not measured yet.

        Raises:
            TransportError: LOST.
        """
        self._check()
        try:
            told_now = await self._dongle.ask(
                says.GetRssi(connection=self._handle), "to tell the signal strength"
            )
        except TransportError as error:
            self._check()
            if "nrf_error" not in error.context:
                raise
            return None
        return told_now.dbm if isinstance(told_now, says.Rssi) else None

    # The end.

    async def close(self) -> None:
        """Disconnect; harmless when already closed.

        A dongle that never confirms it is not waited for longer than a peer can be silent.
        """
        self.hang_up()
        supervision_s = self._parameters.supervision * _SUPERVISION_UNIT_S
        try:
            async with asyncio.timeout(supervision_s + _LONGER_THAN_SUPERVISION_S):
                await self.until_lost()
        except TimeoutError:
            self.mark_lost(LOCAL_HOST_TERMINATED)

    def hang_up(self) -> None:
        """Begin to disconnect, without waiting: usable where nothing may be awaited."""
        if not self.lost:
            command = says.Disconnect(connection=self._handle, reason=REMOTE_USER_TERMINATED)
            self._dongle.post(command)

    def mark_lost(self, reason: int) -> None:
        """The link is gone: whoever waits is told, after what has arrived is handed out.

        Args:
            reason: The HCI reason.
        """
        self._mark_lost(lambda: lost(self._peer, reason), reason)

    def mark_dongle_lost(self) -> None:
        """The dongle is gone, and the link with it."""
        self._mark_lost(lambda: self._dongle.error(TransportReason.LOST), None)

    def _mark_lost(self, loss: Loss, reason: int | None) -> None:
        if not self.lost:
            self._lose(loss, reason)
            self._client.fail(loss)

    # What arrives.

    def hear(self, event: object) -> None:
        """Take an event of this connection."""
        match event:
            case told.ValueHeard():
                self._on_value(event)
            case told.CommandsSent(count=count):
                self._unsent -= count
                self._sent += count
                self._changed.set()
            case told.Disconnected(reason=reason):
                self.mark_lost(reason)
            case told.ParametersUpdated(parameters=parameters):
                self._parameters = parameters
            case _ if (answer := self._answer_to(event)) is not None:
                self._dongle.post(answer)
            case _:
                self._client.hear(event)

    def _on_value(self, event: told.ValueHeard) -> None:
        channel = self._speakers.get(event.handle)
        if channel is not None:
            self._arrived(channel, event.value)
        if event.kind == told.INDICATION:
            command = says.ConfirmIndication(connection=self._handle, handle=event.handle)
            self._dongle.post(command)

    def _answer_to(self, event: object) -> object | None:
        """What a unit that asks is answered: it gets what it wants."""
        match event:
            case told.ParametersWanted(parameters=parameters):
                return says.UpdateParameters(connection=self._handle, parameters=parameters)
            case told.PhyWanted():
                return says.UpdatePhy(connection=self._handle, phys=_WHICHEVER)
            case told.DataLengthWanted():
                return says.UpdateDataLength(connection=self._handle, lengths=None)
            case told.MtuWanted():
                return says.AnswerMtu(connection=self._handle, mtu=self._largest_mtu)
            case _:
                return None
