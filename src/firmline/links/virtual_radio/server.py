"""The GATT server of a virtual unit.

Bumble starts a task for every write and every read, which nobody owns: a disconnection overtakes
the writes before it, and the radio cannot wait for them when it is closed. Here every packet is
handled within the call that delivers it, so that the unit sees all of them in the order they were
sent, whatever the characteristic, and nothing of them is left once that call has returned.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable
from typing import Protocol

from bumble import att
from bumble.att import Bearer
from bumble.core import UUID
from bumble.device import Connection, Device
from bumble.gatt import (
    GATT_APPEARANCE_CHARACTERISTIC,
    GATT_DEVICE_NAME_CHARACTERISTIC,
    GATT_GENERIC_ACCESS_SERVICE,
    GATT_GENERIC_ATTRIBUTE_SERVICE,
    GATT_PERIPHERAL_PREFERRED_CONNECTION_PARAMETERS_CHARACTERISTIC,
    GATT_SERVICE_CHANGED_CHARACTERISTIC,
    Characteristic,
    Service,
)
from bumble.gatt_server import Server

from firmline.device.radio_face import AttStatus, UnitServices, agreed_mtu
from firmline.errors import LocalProtocolError
from firmline.formats.peer_data import SERVICE_CHANGED_CCCD
from firmline.links.bumble.address import from_bumble
from firmline.links.gatt import (
    BATTERY_LEVEL,
    BATTERY_SERVICE,
    CHANNEL_UUIDS,
    DEVICE_INFORMATION_SERVICE,
    EXPERIMENTAL_SERVICE,
    LEGACY_CONTROL,
    LEGACY_DFU_SERVICE,
    LEGACY_PACKET,
    SECURE_DFU_SERVICE,
    SMP_CHARACTERISTIC,
    SMP_SERVICE,
)
from firmline.protocol.channels import WAYS_IN, Channel

_Properties = Characteristic.Properties
_PROPERTIES = {
    Channel.CONTROL: _Properties.WRITE | _Properties.NOTIFY,
    Channel.PACKET: _Properties.WRITE_WITHOUT_RESPONSE,
    Channel.BUTTONLESS: _Properties.WRITE | _Properties.INDICATE,
    Channel.BUTTONLESS_BONDED: _Properties.WRITE | _Properties.INDICATE,
    Channel.BUTTONLESS_EXPERIMENTAL: _Properties.WRITE | _Properties.NOTIFY,
}
# Largest values in bytes: the SDK's max_len of the characteristics (spec section 11).
_MAX_SIZE = {Channel.CONTROL: 23, Channel.PACKET: 244, **dict.fromkeys(WAYS_IN, 23)}
# Bits of the Client Characteristic Configuration (Core spec, Vol 3, Part G, 3.3.3.3).
_NOTIFICATIONS, _INDICATIONS = 0x01, 0x02
_CCCD_BIT = {
    Channel.CONTROL: _NOTIFICATIONS,
    Channel.BUTTONLESS: _INDICATIONS,
    Channel.BUTTONLESS_BONDED: _INDICATIONS,
    Channel.BUTTONLESS_EXPERIMENTAL: _NOTIFICATIONS,
}


class UnitSide(Protocol):
    """What the server tells the unit."""

    def write(self, channel: Channel, data: bytes) -> AttStatus:
        """The central wrote a value."""

    def subscribe(self, channel: Channel, enabled: bool) -> None:
        """The central switched notifications or indications."""

    def confirm(self, channel: Channel) -> None:
        """The central confirmed an indication."""

    def wants_changes(self, enabled: bool) -> None:
        """The central wrote the CCCD of Service Changed."""

    def change_confirmed(self) -> None:
        """The central confirmed Service Changed."""

    def settle(self) -> None:
        """The packet is handled and answered: what the unit wants done can be done."""


def _at_once(handler: Callable[..., None]) -> Callable[[Server, Bearer, att.ATT_PDU], None]:
    """Bumble's handler of a request, without the task that it runs in.

    It is a coroutine only for attributes whose values have to be waited for. Ours are bytes, so
    that its first step is its last.

    Args:
        handler: A method of Bumble's server, decorated with its ``AsyncRunner.run_in_task``.
    """
    steps = inspect.unwrap(handler)

    def handle(server: Server, bearer: Bearer, request: att.ATT_PDU) -> None:
        coroutine = steps(server, bearer, request)
        try:
            coroutine.send(None)
        except StopIteration:
            return
        coroutine.close()
        raise LocalProtocolError(f"The answer to {request.name} had to be waited for.")

    return handle


class UnitServer(Server):
    """Serves one unit in one mode to one central at a time.

    Args:
        device: The Bumble device it belongs to.
        services: What to serve.
        unit: Who is told of what the central does.
    """

    # Reading and discovery: Bumble's own, which looks its handlers up under these names.
    on_att_find_by_type_value_request = _at_once(Server.on_att_find_by_type_value_request)
    on_att_read_by_type_request = _at_once(Server.on_att_read_by_type_request)
    on_att_read_request = _at_once(Server.on_att_read_request)
    on_att_read_blob_request = _at_once(Server.on_att_read_blob_request)
    on_att_read_by_group_type_request = _at_once(Server.on_att_read_by_group_type_request)
    on_att_read_multiple_request = _at_once(Server.on_att_read_multiple_request)
    on_att_read_multiple_variable_request = _at_once(Server.on_att_read_multiple_variable_request)

    def __init__(self, device: Device, services: UnitServices, unit: UnitSide) -> None:
        super().__init__(device)
        self.max_mtu = services.max_mtu
        self._unit = unit
        self._values: dict[int, Channel] = {}
        self._switches: dict[int, Channel] = {}
        self._handles: dict[Channel, int] = {}
        self._enabled: set[Channel] = set()
        self._indications: deque[tuple[Channel | None, bytes]] = deque()
        self._changed: Characteristic[bytes] | None = None
        self._security = services.security
        if services.service_changed:
            self._serve_generic()
        experimental = services.channels & {Channel.BUTTONLESS_EXPERIMENTAL}
        if experimental:
            self._serve_dfu(UUID(EXPERIMENTAL_SERVICE), experimental)
        if services.channels - experimental:
            secure = UUID.from_16_bits(SECURE_DFU_SERVICE)
            self._serve_dfu(secure, services.channels - experimental)
        if services.legacy_dfu:
            self._serve_closed(LEGACY_DFU_SERVICE, LEGACY_CONTROL, LEGACY_PACKET)
        if services.smp:
            self._serve_closed(SMP_SERVICE, SMP_CHARACTERISTIC)
        if services.device_information:
            self._serve_information(services.device_information)
        if services.battery_level is not None:
            self._serve_battery(services.battery_level)

    def _serve_dfu(self, uuid: UUID, channels: frozenset[Channel]) -> None:
        """Add a DFU service with the characteristics of the present mode."""
        characteristics = {
            channel: Characteristic[bytes](
                CHANNEL_UUIDS[channel], _PROPERTIES[channel], Characteristic.WRITEABLE, b""
            )
            for channel in CHANNEL_UUIDS
            if channel in channels
        }
        self.add_service(Service(uuid, list(characteristics.values())))
        for channel, characteristic in characteristics.items():
            self._values[characteristic.handle] = channel
            self._handles[channel] = characteristic.handle
            if channel in _CCCD_BIT:
                # Bumble puts the CCCD right behind a value that has no other descriptor.
                self._switches[characteristic.handle + 1] = channel

    def _serve_generic(self) -> None:
        """Add the services of GAP and GATT, with which a SoftDevice's table begins.

        Seven attributes, then four: the CCCD of Service Changed has the handle that an application
        leaves to its bootloader (formats/peer_data), and the product's services begin behind it.
        """
        described = [
            Characteristic[bytes](uuid, _Properties.READ, Characteristic.READABLE, value)
            for uuid, value in (
                (GATT_DEVICE_NAME_CHARACTERISTIC, self.device.name.encode()),
                (GATT_APPEARANCE_CHARACTERISTIC, bytes(2)),
                (GATT_PERIPHERAL_PREFERRED_CONNECTION_PARAMETERS_CHARACTERISTIC, bytes(8)),
            )
        ]
        self.add_service(Service(GATT_GENERIC_ACCESS_SERVICE, described))
        self._changed = Characteristic[bytes](
            GATT_SERVICE_CHANGED_CHARACTERISTIC, _Properties.INDICATE, Characteristic.READABLE, b""
        )
        self.add_service(Service(GATT_GENERIC_ATTRIBUTE_SERVICE, [self._changed]))

    def _serve_closed(self, service: str, control: str, packet: str = "") -> None:
        """Add a service of another protocol; it can be found, and every write is refused."""
        offered = {control: _Properties.WRITE | _Properties.NOTIFY}
        if packet:
            offered[packet] = _Properties.WRITE_WITHOUT_RESPONSE
        characteristics = [
            Characteristic[bytes](uuid, properties, Characteristic.WRITEABLE, b"")
            for uuid, properties in offered.items()
        ]
        self.add_service(Service(service, characteristics))

    def _serve_information(self, values: tuple[tuple[int, str], ...]) -> None:
        """Add the Device Information Service."""
        readable = [
            Characteristic[bytes](
                UUID.from_16_bits(uuid),
                _Properties.READ,
                Characteristic.READABLE,
                text.encode(),
            )
            for uuid, text in values
        ]
        self.add_service(Service(UUID.from_16_bits(DEVICE_INFORMATION_SERVICE), readable))

    def _serve_battery(self, level: int) -> None:
        """Add the Battery Service."""
        readable = Characteristic[bytes](
            UUID.from_16_bits(BATTERY_LEVEL),
            _Properties.READ,
            Characteristic.READABLE,
            bytes([level]),
        )
        self.add_service(Service(UUID.from_16_bits(BATTERY_SERVICE), [readable]))

    def notify(self, bearer: Bearer, channel: Channel, data: bytes) -> None:
        """Send a notification; dropped where the central has not subscribed."""
        if channel in self._enabled:
            self.send_response(
                bearer,
                att.ATT_Handle_Value_Notification(
                    attribute_handle=self._handles[channel],
                    attribute_value=data[: bearer.att_mtu - 3],
                ),
            )

    def indicate(self, bearer: Bearer, channel: Channel, data: bytes) -> None:
        """Send an indication, after those before it have been confirmed."""
        if channel in self._enabled:
            self._indications.append((channel, data))
            if len(self._indications) == 1:
                self._send_indication(bearer)

    def indicate_change(self, bearer: Bearer) -> None:
        """Indicate Service Changed: of every handle behind its own, to the last there can be."""
        first = SERVICE_CHANGED_CCCD + 1
        self._indications.append((None, first.to_bytes(2, "little") + b"\xff\xff"))
        if len(self._indications) == 1:
            self._send_indication(bearer)

    def _send_indication(self, bearer: Bearer) -> None:
        channel, data = self._indications[0]
        changed = 0 if self._changed is None else self._changed.handle
        self.send_response(
            bearer,
            att.ATT_Handle_Value_Indication(
                attribute_handle=changed if channel is None else self._handles[channel],
                attribute_value=data[: bearer.att_mtu - 3],
            ),
        )

    def on_disconnection(self, bearer: Bearer) -> None:
        """Forget what the central had switched on."""
        super().on_disconnection(bearer)
        self._enabled.clear()
        self._indications.clear()

    def send_response(self, bearer: Bearer, response: att.ATT_PDU) -> None:
        """Send a packet to the central, without formatting it for the log."""
        self.send_gatt_pdu(bearer, bytes(response))

    def on_gatt_pdu(self, bearer: Bearer, att_pdu: att.ATT_PDU) -> None:
        """Handle a packet of the central: what reaches the unit here, the rest by Bumble."""
        match att_pdu:
            case att.ATT_Write_Command():
                self._on_command(bearer, att_pdu)
            case att.ATT_Write_Request():
                self._on_request(bearer, att_pdu)
            case att.ATT_Exchange_MTU_Request():
                self._on_mtu_request(bearer, att_pdu)
            case att.ATT_Handle_Value_Confirmation():
                self._on_confirmation(bearer)
            case att.ATT_Prepare_Write_Request() | att.ATT_Execute_Write_Request():
                # No DFU characteristic takes a value that is longer than a packet.
                self._answer(bearer, att_pdu, 0, att.ATT_REQUEST_NOT_SUPPORTED_ERROR)
            case _:
                super().on_gatt_pdu(bearer, att_pdu)

    def _closed_to(self, bearer: Bearer, channel: Channel) -> AttStatus:
        """Why a channel is closed on this link; OK: it is open (Core spec, Vol 3, Part C, 10.3)."""
        security = self._security
        connection = bearer if isinstance(bearer, Connection) else bearer.connection
        if channel not in security.encrypted or connection.is_encrypted:
            return AttStatus.OK
        if from_bumble(connection.peer_address) in security.bonds:
            return AttStatus.INSUFFICIENT_ENCRYPTION
        return AttStatus.INSUFFICIENT_AUTHENTICATION

    def _on_command(self, bearer: Bearer, command: att.ATT_Write_Command) -> None:
        """A write without response: wrong ones are ignored, there is no way to answer."""
        channel = self._values.get(command.attribute_handle)
        if channel is None or self._closed_to(bearer, channel) is not AttStatus.OK:
            return
        if channel is Channel.PACKET and len(command.attribute_value) <= _MAX_SIZE[channel]:
            self._unit.write(channel, command.attribute_value)
            self._unit.settle()

    def _on_request(self, bearer: Bearer, request: att.ATT_Write_Request) -> None:
        """A write with response: the answer goes out before anything the unit says to it."""
        handle, value = request.attribute_handle, request.attribute_value
        status: int = AttStatus.WRITE_NOT_PERMITTED
        if self._changed is not None and handle == self._changed.handle + 1:
            status = self._on_changes_switch(value)
        elif (switched := self._switches.get(handle)) is not None:
            status = self._closed_to(bearer, switched) or self._on_switch(switched, value)
        elif (channel := self._values.get(handle)) is not None and channel is not Channel.PACKET:
            if closed := self._closed_to(bearer, channel):
                status = closed
            elif len(value) > _MAX_SIZE[channel]:
                status = att.ATT_INVALID_ATTRIBUTE_LENGTH_ERROR
            else:
                status = self._unit.write(channel, value)
        self._answer(bearer, request, handle, status)
        self._unit.settle()

    def _on_switch(self, channel: Channel, value: bytes) -> int:
        """A write to a CCCD: the ATT status that answers it."""
        if len(value) != 2:
            return att.ATT_INVALID_ATTRIBUTE_LENGTH_ERROR
        enabled = bool(value[0] & _CCCD_BIT[channel])
        (self._enabled.add if enabled else self._enabled.discard)(channel)
        self._unit.subscribe(channel, enabled)
        return AttStatus.OK

    def _on_changes_switch(self, value: bytes) -> int:
        """A write to the CCCD of Service Changed."""
        if len(value) != 2:
            return att.ATT_INVALID_ATTRIBUTE_LENGTH_ERROR
        self._unit.wants_changes(bool(value[0] & _INDICATIONS))
        return AttStatus.OK

    def _on_mtu_request(self, bearer: Bearer, request: att.ATT_Exchange_MTU_Request) -> None:
        """Agree on an MTU the way the SDK does."""
        mtu = agreed_mtu(request.client_rx_mtu, self.max_mtu)
        self.send_response(bearer, att.ATT_Exchange_MTU_Response(server_rx_mtu=mtu))
        bearer.on_att_mtu_update(mtu)

    def _on_confirmation(self, bearer: Bearer) -> None:
        """The indication has arrived; the next one may go."""
        if not self._indications:
            return
        channel, _ = self._indications.popleft()
        if self._indications:
            self._send_indication(bearer)
        if channel is None:
            self._unit.change_confirmed()
        else:
            self._unit.confirm(channel)
        self._unit.settle()

    def _answer(self, bearer: Bearer, request: att.ATT_PDU, handle: int, status: int) -> None:
        """Answer a write request."""
        if status == AttStatus.OK:
            self.send_response(bearer, att.ATT_Write_Response())
            return
        self.send_response(
            bearer,
            att.ATT_Error_Response(
                request_opcode_in_error=request.op_code,
                attribute_handle_in_error=handle,
                error_code=att.ErrorCode(status),
            ),
        )
