"""The Bluetooth stack of a unit: what makes no sense is answered or ignored, never an exception.

Bumble parses what a central sends within event loop callbacks and raises there. A SoftDevice
answers a request it cannot read with an ATT error, and drops everything else that is malformed.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from bumble import att
from bumble.device import Device
from bumble.l2cap import L2CAP_LE_SIGNALING_CID, L2CAP_Control_Frame

_IS_COMMAND: Final = 0x40
"""Bit of an ATT opcode that asks for no answer (Core spec, Vol 3, Part F, 3.3.1)."""
_PAIRING_REQUEST: Final = 0x01
_PAIRING_NOT_SUPPORTED: Final = bytes([0x05, 0x05])
"""Pairing Failed and its reason (Core spec, Vol 3, Part H, 3.5.5); DFU is open (section 11)."""
_SMP_CID: Final = 0x06


class UnitDevice(Device):
    """A Bumble device that serves, and asks nothing.

    Attributes:
        pairs: Whether it makes bonds.
    """

    pairs = False

    def on_gatt_pdu(self, connection_handle: int, pdu: bytes) -> None:
        """Hand a packet to the server, if it is one."""
        connection = self.lookup_connection(connection_handle)
        if connection is None:
            return
        if not pdu or pdu[0] & 1:  # odd ones answer requests, and a unit has asked nothing
            return
        if pdu[0] not in att.ATT_PDU.pdu_classes:
            self._refuse(connection_handle, pdu, att.ATT_REQUEST_NOT_SUPPORTED_ERROR)
            return
        try:
            packet = att.ATT_PDU.from_bytes(pdu)
        except Exception:  # noqa: BLE001 - Bumble's parsers raise any of them
            self._refuse(connection_handle, pdu, att.ATT_INVALID_PDU_ERROR)
            return
        self.gatt_server.on_gatt_pdu(connection, packet)

    def _refuse(self, connection_handle: int, pdu: bytes, error: int) -> None:
        """Answer a request that cannot be carried out; commands are never answered."""
        if pdu[0] & _IS_COMMAND:
            return
        answer = att.ATT_Error_Response(
            request_opcode_in_error=att.Opcode(pdu[0]),
            attribute_handle_in_error=0,
            error_code=att.ErrorCode(error),
        )
        self.send_l2cap_pdu(connection_handle, att.ATT_CID, bytes(answer))

    def on_smp_pdu(self, connection_handle: int, pdu: bytes) -> None:
        """Pair, where that is offered; what cannot be read is dropped."""
        if self.pairs:
            with suppress(Exception):  # Bumble's parsers raise any
                super().on_smp_pdu(connection_handle, pdu)
        elif pdu[:1] == bytes([_PAIRING_REQUEST]):
            self.send_l2cap_pdu(connection_handle, _SMP_CID, _PAIRING_NOT_SUPPORTED)

    def on_l2cap_pdu(self, connection_handle: int, cid: int, pdu: bytes) -> None:
        """Take a packet of a channel; signals that cannot be read are dropped."""
        if cid == L2CAP_LE_SIGNALING_CID:
            try:
                L2CAP_Control_Frame.from_bytes(pdu)
            except Exception:  # noqa: BLE001 - likewise
                return
        super().on_l2cap_pdu(connection_handle, cid, pdu)
