"""Requests of the Secure DFU protocol as values, with the codec of both ends.

The host encodes them, the target decodes them. All integers are little-endian (spec section 2.1).

A request that is longer than it needs to be is accepted and the rest ignored, as the bootloader
does; one that is too short cannot be decoded here. (What the real bootloader then does, reading
stale memory, is the business of ``device``.)
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, RemoteProtocolError
from firmline.protocol.codes import ObjectType, Opcode

MAX_PRN: Final = 0xFFFF
"""The PRN is a 16-bit number (bootloader spec, section 2.1)."""


@dataclass(frozen=True, slots=True)
class GetProtocolVersion:
    """Ask for the protocol version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateObject:
    """Create an object and make it current.

    Attributes:
        object_type: An :class:`ObjectType`, or any other byte (the unit answers 05 to those).
        size: Bytes.
    """

    object_type: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPrn:
    """Ask for an unasked CRC answer after every ``count`` writes, up to MAX_PRN; 0 = never."""

    count: int


@dataclass(frozen=True, slots=True)
class GetCrc:
    """Ask for offset and CRC of the current object."""


@dataclass(frozen=True, slots=True)
class ExecuteObject:
    """Execute the current object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectObject:
    """Make the last object of a type current and ask how far it came."""

    object_type: int


@dataclass(frozen=True, slots=True)
class GetMtu:
    """Ask a serial unit for its MTU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteObject:
    """Append bytes to the current object; answered only when a PRN is due."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """Ask for the same number back; 0 to 255."""

    number: int


@dataclass(frozen=True, slots=True)
class GetHardwareVersion:
    """Ask for chip, variant and memory sizes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetFirmwareVersion:
    """Ask for the version of the image with this index (0 = bootloader)."""

    index: int


@dataclass(frozen=True, slots=True)
class Abort:
    """Ask the bootloader to give up and reset."""


Request = (
    GetProtocolVersion
    | CreateObject
    | SetPrn
    | GetCrc
    | ExecuteObject
    | SelectObject
    | GetMtu
    | WriteObject
    | Ping
    | GetHardwareVersion
    | GetFirmwareVersion
    | Abort
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownRequest:
    """An opcode that the protocol does not have; the target answers 02 to it."""

    opcode: int


_NO_BODY: Final[dict[Opcode, Request]] = {
    Opcode.PROTOCOL_VERSION: GetProtocolVersion(),
    Opcode.CRC_GET: GetCrc(),
    Opcode.OBJECT_EXECUTE: ExecuteObject(),
    Opcode.MTU_GET: GetMtu(),
    Opcode.HARDWARE_VERSION: GetHardwareVersion(),
    Opcode.ABORT: Abort(),
}
_OPCODES: Final[dict[type[Request], Opcode]] = {
    **{type(request): opcode for opcode, request in _NO_BODY.items()},
    CreateObject: Opcode.OBJECT_CREATE,
    SetPrn: Opcode.PRN_SET,
    SelectObject: Opcode.OBJECT_SELECT,
    WriteObject: Opcode.OBJECT_WRITE,
    Ping: Opcode.PING,
    GetFirmwareVersion: Opcode.FIRMWARE_VERSION,
}
_BODY_READERS: Final[dict[Opcode, Callable[[bytes], Request]]] = {
    Opcode.OBJECT_CREATE: lambda body: CreateObject(
        object_type=body[0], size=int.from_bytes(body[1:5], "little")
    ),
    Opcode.PRN_SET: lambda body: SetPrn(count=int.from_bytes(body[:2], "little")),
    Opcode.OBJECT_SELECT: lambda body: SelectObject(object_type=body[0]),
    Opcode.PING: lambda body: Ping(number=body[0]),
    Opcode.FIRMWARE_VERSION: lambda body: GetFirmwareVersion(index=body[0]),
}
REQUEST_BODY_SIZE: Final[dict[int, int]] = {
    Opcode.OBJECT_CREATE: 5,
    Opcode.PRN_SET: 2,
    Opcode.OBJECT_SELECT: 1,
    Opcode.PING: 1,
    Opcode.FIRMWARE_VERSION: 1,
}
"""Bytes that must follow the opcode of a request (spec section 2.1); 0 where not listed."""


def opcode_of(request: Request) -> Opcode:
    """The opcode of a request."""
    return _OPCODES[type(request)]


def encode_request(request: Request) -> bytes:
    """Encode a request: opcode and body."""
    match request:
        case CreateObject():
            body = struct.pack("<BI", request.object_type, request.size)
        case SetPrn():
            body = struct.pack("<H", request.count)
        case SelectObject():
            body = bytes([request.object_type])
        case WriteObject():
            body = request.data
        case Ping():
            body = bytes([request.number])
        case GetFirmwareVersion():
            body = bytes([request.index])
        case _:
            body = b""
    return bytes([opcode_of(request)]) + body


def creates(data: bytes, object_type: ObjectType) -> bool:
    """Whether a request, as it went out on whichever road, creates an object of this type.

    Neither byte is one that SLIP escapes, so that a frame begins as a write over the air does.
    """
    return data[:2] == bytes([Opcode.OBJECT_CREATE, object_type])


def selects(data: bytes, object_type: ObjectType) -> bool:
    """Whether a request, as it went out on whichever road, selects objects of this type."""
    return data[:2] == bytes([Opcode.OBJECT_SELECT, object_type])


def decode_request(data: bytes) -> Request | UnknownRequest:
    """Decode a request as the target sees it.

    Raises:
        RemoteProtocolError: The bytes are empty or shorter than the request needs.
    """
    if not data:
        raise RemoteProtocolError(Code.FRAME_MALFORMED, "A request without any byte arrived.")
    try:
        opcode = Opcode(data[0])
    except ValueError:
        return UnknownRequest(opcode=data[0])
    body = data[1:]
    if opcode is Opcode.OBJECT_WRITE:
        return WriteObject(data=body)
    if opcode in _NO_BODY:
        return _NO_BODY[opcode]
    if len(body) < REQUEST_BODY_SIZE[opcode]:
        raise RemoteProtocolError(
            Code.FRAME_MALFORMED,
            f"A {opcode.name} request of {len(data)} bytes arrived; it needs"
            f" {1 + REQUEST_BODY_SIZE[opcode]}.",
        )
    return _BODY_READERS[opcode](body)
