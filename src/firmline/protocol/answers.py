"""Answers of the Secure DFU bootloader as values, with the codec of both ends.

The target encodes them, the host decodes them: ``60 opcode result [body]``. All integers are
little-endian (spec sections 2.1 and 2.2).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, RemoteProtocolError
from firmline.protocol.codes import RESPONSE_MARKER, ImageType, Opcode, ResultCode


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolVersion:
    """Answer to GetProtocolVersion."""

    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Crc:
    """Answer to GetCrc, and the unasked answer of the PRN."""

    offset: int
    crc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """Answer to SelectObject.

    Attributes:
        max_size: Largest object of this type, bytes.
        offset: How far the object (command) or the whole image (data) has come, bytes.
        crc: CRC-32 of what has come.
    """

    max_size: int
    offset: int
    crc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mtu:
    """Answer to GetMtu, bytes of an encoded frame."""

    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """Answer to Ping."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareVersion:
    """Answer to GetHardwareVersion (FICR values): part, variant, flash, RAM and page in bytes."""

    part: int
    variant: int
    flash_size: int
    ram_size: int
    page_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareVersion:
    """Answer to GetFirmwareVersion.

    Attributes:
        image_type: An :class:`ImageType`.
        version: As a plain number; a SoftDevice's is major * 1,000,000 + minor * 1,000 + patch.
        address: Where it begins in flash.
        size: Bytes.
    """

    image_type: ImageType
    version: int
    address: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Success without a body."""


AnswerBody = (
    ProtocolVersion | Crc | Selected | Mtu | Pong | HardwareVersion | FirmwareVersion | Done
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of the bootloader.

    Attributes:
        opcode: The request's opcode, as a byte: unknown opcodes are answered too.
        result: The result byte.
        ext_error: The byte after result 0x0B.
        body: The rest, decoded, where the result is success; ``None`` otherwise.
    """

    opcode: int
    result: int
    ext_error: int | None = None
    body: AnswerBody | None = None

    @property
    def ok(self) -> bool:
        """Whether the unit said yes."""
        return self.result == ResultCode.SUCCESS


def encode_answer(answer: Answer) -> bytes:
    """Encode an answer: ``60 opcode result`` and the extended error or the body."""
    head = bytes([RESPONSE_MARKER, answer.opcode, answer.result])
    if answer.ext_error is not None:
        return head + bytes([answer.ext_error])
    return head + (b"" if answer.body is None else _encode_body(answer.body))


def _encode_body(body: AnswerBody) -> bytes:
    match body:
        case Done():
            encoded = b""
        case ProtocolVersion(version=number) | Pong(number=number):
            encoded = bytes([number])
        case Crc(offset=offset, crc=crc):
            encoded = struct.pack("<II", offset, crc)
        case Selected(max_size=max_size, offset=offset, crc=crc):
            encoded = struct.pack("<III", max_size, offset, crc)
        case Mtu(size=size):
            encoded = struct.pack("<H", size)
        case HardwareVersion() as hw:
            encoded = struct.pack(
                "<IIIII", hw.part, hw.variant, hw.flash_size, hw.ram_size, hw.page_size
            )
        case FirmwareVersion() as fw:
            encoded = struct.pack("<BIII", fw.image_type, fw.version, fw.address, fw.size)
    return encoded


_BODIES: Final[dict[int, tuple[str, Callable[..., AnswerBody]]]] = {
    Opcode.PROTOCOL_VERSION: ("<B", lambda version: ProtocolVersion(version=version)),
    Opcode.CRC_GET: ("<II", lambda offset, crc: Crc(offset=offset, crc=crc)),
    Opcode.OBJECT_SELECT: (
        "<III",
        lambda max_size, offset, crc: Selected(max_size=max_size, offset=offset, crc=crc),
    ),
    Opcode.MTU_GET: ("<H", lambda size: Mtu(size=size)),
    Opcode.PING: ("<B", lambda number: Pong(number=number)),
    Opcode.HARDWARE_VERSION: (
        "<IIIII",
        lambda part, variant, flash, ram, page: HardwareVersion(
            part=part, variant=variant, flash_size=flash, ram_size=ram, page_size=page
        ),
    ),
    Opcode.FIRMWARE_VERSION: (
        "<BIII",
        lambda image_type, version, address, size: FirmwareVersion(
            image_type=_image_type(image_type), version=version, address=address, size=size
        ),
    ),
}


def decode_answer(data: bytes) -> Answer:
    """Decode an answer as the host sees it.

    Raises:
        RemoteProtocolError: It does not begin with 0x60, is too short for what it says, or is
            longer than any such answer.
    """
    if len(data) < 3 or data[0] != RESPONSE_MARKER:
        raise RemoteProtocolError(
            Code.ANSWER_MALFORMED,
            f"The unit sent {_show(data)}, which is no answer of a bootloader.",
        )
    opcode, result, body = data[1], data[2], data[3:]
    if result == ResultCode.EXTENDED_ERROR:
        if len(body) != 1:
            raise RemoteProtocolError(
                Code.ANSWER_MALFORMED,
                f"The unit sent {_show(data)}, an extended error without its code.",
            )
        return Answer(opcode=opcode, result=result, ext_error=body[0])
    if result != ResultCode.SUCCESS:
        return Answer(opcode=opcode, result=result)
    layout, build = _BODIES.get(opcode, ("<", Done))
    if len(body) != struct.calcsize(layout):
        raise RemoteProtocolError(
            Code.ANSWER_MALFORMED, f"The unit sent {_show(data)}, an answer of the wrong length."
        )
    return Answer(opcode=opcode, result=result, body=build(*struct.unpack(layout, body)))


def _image_type(value: int) -> ImageType:
    try:
        return ImageType(value)
    except ValueError:
        return ImageType.UNKNOWN


def _show(data: bytes) -> str:
    return f"{data[:20].hex(' ').upper() or 'nothing'}{' ...' if len(data) > 20 else ''}"
