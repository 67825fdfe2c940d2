"""The bootloader's own reading of an init packet, which is not quite protobuf.

``formats`` reads init packets as a careful host does; a bootloader reads them with a small decoder
that has habits of its own, and whether a unit accepts a packet depends on them (spec sections 3, 5,
16.1 W8, 16.2 S1 and S2):

* known fields with another wire type fail; unknown fields are skipped; the last of several scalars
  wins; a tag of zero ends a message without complaint;
* integers wider than 32 bits and enumerations wider than 8 bits fail;
* a required field missing in any occurrence of a sub-message fails;
* the InitCommand is hashed *and decoded* from its first byte to the end of the Command around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_VARINT, _BYTES = 0, 2
_MAX_HASH, _MAX_SIGNATURE, _MAX_SD_REQ, _MAX_VALIDATIONS, _MAX_VALIDATION_DATA = 32, 64, 16, 3, 64


class UndecodableError(Exception):
    """The packet cannot be decoded; EXECUTE answers 05."""


@dataclass(slots=True, kw_only=True)
class UnitInitCommand:
    """What the bootloader found; ``None`` where a field is absent."""

    fw_version: int | None = None
    hw_version: int | None = None
    sd_req: list[int] = field(default_factory=list)
    type: int | None = None
    sd_size: int = 0
    bl_size: int = 0
    app_size: int = 0
    hash_type: int = 0
    hash: bytes = b""
    is_debug: bool = False
    boot_validations: list[tuple[int, bytes]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitInitPacket:
    """An init packet as the bootloader sees it.

    Attributes:
        command: The decoded fields.
        signed_range: The bytes that are hashed.
        signature_type: ``None`` in an unsigned packet.
        signature: The signature's bytes, up to 64.
    """

    command: UnitInitCommand
    signed_range: bytes
    signature_type: int | None = None
    signature: bytes = b""


class _Reader:
    """Reads a message from a range of bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def varint(self, bits: int) -> int:
        value = shift = 0
        while shift < 70:
            octet = self.take(1)[0]
            value |= (octet & 0x7F) << shift
            shift += 7
            if not octet & 0x80:
                break
        else:
            raise UndecodableError
        if value >> bits:
            raise UndecodableError
        return value

    def take(self, size: int) -> bytes:
        if self.position + size > len(self.data):
            raise UndecodableError
        self.position += size
        return self.data[self.position - size : self.position]

    def length_prefixed(self, maximum: int | None = None) -> bytes:
        size = self.varint(32)
        if maximum is not None and size > maximum:
            raise UndecodableError
        return self.take(size)

    def fields(self) -> Iterator[tuple[int, int]]:
        """Field numbers and wire types, until the end or a zero tag."""
        while self.position < len(self.data):
            tag = self.varint(32)
            if tag == 0:
                return
            yield tag >> 3, tag & 7

    def skip(self, wire_type: int) -> None:
        match wire_type:
            case 0:
                self.varint(70)
            case 1:
                self.take(8)
            case 2:
                self.length_prefixed()
            case 5:
                self.take(4)
            case _:
                raise UndecodableError


def _require(wire_type: int, wanted: int) -> None:
    if wire_type != wanted:
        raise UndecodableError


def decode(data: bytes) -> UnitInitPacket:
    """Decode a whole init packet.

    Raises:
        UndecodableError: The bootloader would answer 05.
    """
    reader = _Reader(data)
    found: list[UnitInitPacket] = []
    for number, wire_type in reader.fields():
        if number in (1, 2):
            _require(wire_type, _BYTES)
            body = reader.length_prefixed()
            found.append(_decode_command(body) if number == 1 else _decode_signed_command(body))
        else:
            reader.skip(wire_type)
    if len(found) != 1:
        raise UndecodableError
    return found[0]


def _decode_signed_command(data: bytes) -> UnitInitPacket:
    reader = _Reader(data)
    packet: UnitInitPacket | None = None
    signature_type: int | None = None
    signature: bytes | None = None
    for number, wire_type in reader.fields():
        match number:
            case 1:
                _require(wire_type, _BYTES)
                packet = _decode_command(reader.length_prefixed())
            case 2:
                _require(wire_type, _VARINT)
                signature_type = reader.varint(8)
            case 3:
                _require(wire_type, _BYTES)
                signature = reader.length_prefixed(_MAX_SIGNATURE)
            case _:
                reader.skip(wire_type)
    if packet is None or signature_type is None or signature is None:
        raise UndecodableError
    return UnitInitPacket(
        command=packet.command,
        signed_range=packet.signed_range,
        signature_type=signature_type,
        signature=signature,
    )


def _decode_command(data: bytes) -> UnitInitPacket:
    reader = _Reader(data)
    for number, wire_type in reader.fields():
        match number:
            case 1:
                _require(wire_type, _VARINT)
                reader.varint(8)
            case 2:
                _require(wire_type, _BYTES)
                size = reader.varint(32)
                rest = reader.data[reader.position :]
                if size > len(rest):
                    raise UndecodableError
                return UnitInitPacket(command=_decode_init_command(rest), signed_range=rest)
            case _:
                reader.skip(wire_type)
    raise UndecodableError


_SCALARS = {
    1: ("fw_version", 32),
    2: ("hw_version", 32),
    4: ("type", 8),
    5: ("sd_size", 32),
    6: ("bl_size", 32),
    7: ("app_size", 32),
}


def _decode_init_command(data: bytes) -> UnitInitCommand:
    reader = _Reader(data)
    command = UnitInitCommand()
    for number, wire_type in reader.fields():
        if number in _SCALARS:
            _require(wire_type, _VARINT)
            name, bits = _SCALARS[number]
            setattr(command, name, reader.varint(bits))
        elif number == 3:
            _read_sd_req(reader, wire_type, command.sd_req)
        elif number == 8:
            _require(wire_type, _BYTES)
            command.hash_type, command.hash = _decode_pair(reader.length_prefixed(), _MAX_HASH)
        elif number == 9:
            _require(wire_type, _VARINT)
            command.is_debug = bool(reader.varint(64))
        elif number == 10:
            _require(wire_type, _BYTES)
            if len(command.boot_validations) == _MAX_VALIDATIONS:
                raise UndecodableError
            entry = _decode_pair(reader.length_prefixed(), _MAX_VALIDATION_DATA)
            command.boot_validations.append(entry)
        else:
            reader.skip(wire_type)
    return command


def _read_sd_req(reader: _Reader, wire_type: int, sd_req: list[int]) -> None:
    """One FWID, or a packed run of them."""
    if wire_type == _BYTES:
        packed = _Reader(reader.length_prefixed())
        while packed.position < len(packed.data):
            sd_req.append(packed.varint(32))
    else:
        _require(wire_type, _VARINT)
        sd_req.append(reader.varint(32))
    if len(sd_req) > _MAX_SD_REQ:
        raise UndecodableError


def _decode_pair(data: bytes, maximum: int) -> tuple[int, bytes]:
    """A Hash or a BootValidation: a required type (1) and required bytes (2)."""
    reader = _Reader(data)
    kind: int | None = None
    value: bytes | None = None
    for number, wire_type in reader.fields():
        if number == 1:
            _require(wire_type, _VARINT)
            kind = reader.varint(8)
        elif number == 2:
            _require(wire_type, _BYTES)
            value = reader.length_prefixed(maximum)
        else:
            reader.skip(wire_type)
    if kind is None or value is None:
        raise UndecodableError
    return kind, value
