"""A GATT client's procedures as packets of the attribute protocol, and the answers as events.

Each procedure of a SoftDevice is one request, and its event one answer (Core spec, Vol 3, Part F,
3.4). There is no I/O here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says

ERROR_RESPONSE: Final = 0x01
MTU_REQUEST, MTU_RESPONSE = 0x02, 0x03
_FIND_INFORMATION, _FIND_BY_TYPE, _READ_BY_TYPE = 0x04, 0x06, 0x08
_READ, _READ_BLOB, _READ_BY_GROUP = 0x0A, 0x0C, 0x10
_WRITE, _WRITE_COMMAND = 0x12, 0x52
NOTIFICATION, INDICATION, CONFIRMATION = 0x1B, 0x1D, 0x1E
_PRIMARY_SERVICE, _CHARACTERISTIC = 0x2800, 0x2803
_GATT_ERROR: Final = 0x0100
_UNKNOWN: Final = says.Uuid(number=0, kind=0)
_SHORT, _LONG = 2, 16


def _u16(value: int) -> bytes:
    return value.to_bytes(2, "little")


def _int(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


@dataclass(frozen=True, slots=True)
class Attributes:
    """What one connection's procedures are in bytes.

    Attributes:
        connection: Its handle.
        bases: The UUID bases that the host has added, by their kind.
    """

    connection: int
    bases: Mapping[int, bytes]

    def request(self, command: object) -> bytes | None:  # noqa: PLR0911 - one a procedure
        """The packet of a procedure; ``None``: it is none, or names an unknown UUID."""
        match command:
            case says.ExchangeMtu(mtu=mtu):
                return bytes([MTU_REQUEST]) + _u16(mtu)
            case says.DiscoverServices(start=start, uuid=None):
                return bytes([_READ_BY_GROUP]) + _u16(start) + b"\xff\xff" + _u16(_PRIMARY_SERVICE)
            case says.DiscoverServices(start=start, uuid=says.Uuid() as uuid):
                raw = self._raw(uuid)
                if raw is None:
                    return None
                head = bytes([_FIND_BY_TYPE]) + _u16(start) + b"\xff\xff"
                return head + _u16(_PRIMARY_SERVICE) + raw
            case says.DiscoverCharacteristics(handles=handles):
                head = bytes([_READ_BY_TYPE]) + _u16(handles.start) + _u16(handles.end)
                return head + _u16(_CHARACTERISTIC)
            case says.DiscoverDescriptors(handles=handles):
                return bytes([_FIND_INFORMATION]) + _u16(handles.start) + _u16(handles.end)
            case says.Read(handle=handle, offset=0):
                return bytes([_READ]) + _u16(handle)
            case says.Read(handle=handle, offset=offset):
                return bytes([_READ_BLOB]) + _u16(handle) + _u16(offset)
            case says.Write(operation=operation, handle=handle, value=value):
                is_command = operation == says.WRITE_COMMAND
                return bytes([_WRITE_COMMAND if is_command else _WRITE]) + _u16(handle) + value
            case _:
                return None

    def event(self, command: object, answer: bytes) -> object | None:
        """The event of a procedure that was answered; ``None``: it is no answer to it.

        Args:
            command: What began it.
            answer: The packet of the peer.
        """
        if answer[:1] == bytes([ERROR_RESPONSE]) and len(answer) == 5:
            return self._of_error(command, _int(answer[2:4]), _GATT_ERROR | answer[4])
        request = self.request(command)
        if request is None or not answer or answer[0] != request[0] + 1:
            return None
        return self._of_answer(command, answer[1:])

    def _of_error(  # noqa: PLR0911 - likewise
        self, command: object, handle: int, status: int
    ) -> object | None:
        common = {"connection": self.connection, "status": status, "error_handle": handle}
        match command:
            case says.ExchangeMtu():
                return told.MtuExchanged(**common, mtu=0)
            case says.DiscoverServices():
                return told.ServicesFound(**common, services=())
            case says.DiscoverCharacteristics():
                return told.CharacteristicsFound(**common, characteristics=())
            case says.DiscoverDescriptors():
                return told.DescriptorsFound(**common, descriptors=())
            case says.Read(handle=at, offset=offset):
                return told.ReadDone(**common, handle=at, offset=offset, value=b"")
            case says.Write(handle=at, operation=operation):
                return told.WriteDone(**common, handle=at, operation=operation, offset=0, value=b"")
            case _:
                return None

    def _of_answer(  # noqa: PLR0911 - likewise
        self, command: object, body: bytes
    ) -> object | None:
        common = {"connection": self.connection, "status": told.SUCCESS, "error_handle": 0}
        match command:
            case says.ExchangeMtu():
                return told.MtuExchanged(**common, mtu=_int(body[:2]))
            case says.DiscoverServices(uuid=uuid):
                return told.ServicesFound(**common, services=tuple(self._services(body, uuid)))
            case says.DiscoverCharacteristics():
                return told.CharacteristicsFound(
                    **common, characteristics=tuple(self._characteristics(body))
                )
            case says.DiscoverDescriptors():
                return told.DescriptorsFound(**common, descriptors=tuple(self._descriptors(body)))
            case says.Read(handle=handle, offset=offset):
                return told.ReadDone(**common, handle=handle, offset=offset, value=body)
            case says.Write(handle=handle, operation=operation):
                return told.WriteDone(
                    **common, handle=handle, operation=operation, offset=0, value=b""
                )
            case _:
                return None

    def _services(self, body: bytes, wanted: says.Uuid | None) -> list[told.Service]:
        if wanted is not None:  # handles alone: the UUID was in the question
            return [told.Service(uuid=wanted, handles=_handles(each)) for each in _pieces(body, 4)]
        return [
            told.Service(uuid=self._uuid(each[4:]), handles=_handles(each))
            for each in _pieces(body[1:], body[0])
        ]

    def _characteristics(self, body: bytes) -> list[told.Characteristic]:
        return [
            told.Characteristic(
                uuid=self._uuid(each[5:]),
                properties=each[2] & 0x7F,
                is_extended=each[2] >> 7,
                declaration=_int(each[:2]),
                value=_int(each[3:5]),
            )
            for each in _pieces(body[1:], body[0])
        ]

    def _descriptors(self, body: bytes) -> list[told.Descriptor]:
        size = _SHORT if body[0] == 1 else _LONG
        return [
            told.Descriptor(handle=_int(each[:2]), uuid=self._uuid(each[2:]))
            for each in _pieces(body[1:], 2 + size)
        ]

    def _uuid(self, raw: bytes) -> says.Uuid:
        """A UUID of the air as a SoftDevice tells it."""
        if len(raw) == _SHORT:
            return says.Uuid(number=_int(raw), kind=1)
        for kind, base in self.bases.items():
            if raw[:12] + raw[14:] == base[:12] + base[14:]:
                return says.Uuid(number=_int(raw[12:14]), kind=kind)
        return _UNKNOWN

    def _raw(self, uuid: says.Uuid) -> bytes | None:
        """A UUID of a command as it stands in the air."""
        if uuid.kind == 1:
            return _u16(uuid.number)
        base = self.bases.get(uuid.kind)
        return None if base is None else base[:12] + _u16(uuid.number) + base[14:]


def _pieces(body: bytes, size: int) -> list[bytes]:
    """A list of equal parts; what is left over is none."""
    if size < 1:
        return []
    return [body[at : at + size] for at in range(0, len(body) - size + 1, size)]


def _handles(raw: bytes) -> says.Handles:
    return says.Handles(start=_int(raw[:2]), end=_int(raw[2:4]))
