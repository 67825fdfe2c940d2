"""Init packets, field by field: what protobuf allows, what it does not, and what units make of it.

A field here is its number, its wire type and its bytes, so that a message can be written in ways
that no library writes it. Beside the reader runs the decoder of the virtual bootloader: what
firmline accepts, it must read the same.
"""

from __future__ import annotations

import random
import zlib

from firmline.device.bootloader.init_decoder import decode
from firmline.formats.init_packet import (
    InitCommand,
    InitPacket,
    decode_init_packet,
    encode_init_command,
    encode_init_packet,
)
from firmline.formats.key_recovery import FIELD, ORDER, recover_keys
from fuzz.damage import NUMBERS, damaged
from fuzz.files import Target

_VARINT, _FIXED64, _BYTES, _GROUP, _GROUP_END, _FIXED32 = range(6)
Field = tuple[int, int, bytes]
Fields = list[Field]


def varint(number: int, *, padding: int = 0) -> bytes:
    """A number; with padding in more bytes than it needs, which decoders take as well."""
    octets = []
    while True:
        octets.append(number & 0x7F)
        number >>= 7
        if not number:
            break
    octets += [0] * padding
    return bytes([octet | 0x80 for octet in octets[:-1]] + octets[-1:])


def message(fields: Fields) -> bytes:
    """The fields in the order given; what is length-delimited gets its length."""
    return b"".join(
        varint(number << 3 | kind) + (varint(len(body)) if kind == _BYTES else b"") + body
        for number, kind, body in fields
    )


def number_field(number: int, value: int) -> tuple[int, int, bytes]:
    return number, _VARINT, varint(value)


def bytes_field(number: int, body: bytes) -> tuple[int, int, bytes]:
    return number, _BYTES, body


def _u32(rng: random.Random) -> int:
    return rng.choice([0, 1, 52, 0x101, 0xFFFF, 0x1_0000, 0xFFFF_FFFF, rng.getrandbits(32)])


def _init_command(rng: random.Random) -> Fields:
    """A good one, in the schema's order, with fields left out that may be."""
    fields = [number_field(1, _u32(rng)), number_field(2, _u32(rng))]
    sd_req = [varint(_u32(rng) & 0xFFFF) for _ in range(rng.choice([0, 1, 1, 2, 16]))]
    if sd_req:
        fields.append(bytes_field(3, b"".join(sd_req)))
    fields.append(number_field(4, rng.choice([0, 0, 0, 1, 2, 3, 4])))
    fields += [number_field(number, _u32(rng)) for number in (5, 6, 7)]
    fields.append(bytes_field(8, message(_pair(rng.choice([3, 3, 3, 1]), rng.randbytes(32)))))
    fields.append(number_field(9, rng.choice([0, 0, 1])))
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        kind = rng.randrange(4)
        fields.append(bytes_field(10, message(_pair(kind, rng.randbytes(64 if kind == 3 else 0)))))
    if rng.random() < 0.3:
        del fields[rng.randrange(len(fields))]
    return fields


def _pair(kind: int, body: bytes) -> Fields:
    return [number_field(1, kind), bytes_field(2, body)]


def _more(rng: random.Random) -> Fields:
    """Fields that no reader knows, or knows in another form; a tag of zero ends a message."""
    group = [(14, _GROUP, b""), number_field(1, 1), (14, _GROUP_END, b"")]
    return rng.choice(
        [
            [number_field(15, 1)],
            [bytes_field(2047, b"x")],
            [(19, _FIXED64, bytes(8))],
            [(19, _FIXED32, bytes(4))],
            group,
            [(14, rng.choice([_GROUP, _GROUP_END, 6, 7]), b"")],
            [number_field(3, _u32(rng))],
            [(0, 0, rng.choice([b"", b"\x00"]))],
            [bytes_field(rng.choice([8, 10]), b"")],
            [(rng.choice([13, 1, 2, 4]), _VARINT, _long_varint(rng))],
        ]
    )


def _long_varint(rng: random.Random) -> bytes:
    return b"\x80" * rng.choice([4, 5, 8, 9, 10, 20]) + rng.choice([b"\x00", b"\x01"])


def _other(rng: random.Random, field: Field) -> Fields:
    """The field, with something about it that is wrong or unusual."""
    number, kind, body = field
    if rng.random() < 0.3:
        return [(number, rng.choice([_VARINT, _FIXED64, _BYTES, _FIXED32]), body)]
    if kind != _VARINT or not body:
        return [(number, kind, damaged(rng, [body], most=1))]
    if rng.random() < 0.5:  # in more bytes than needed
        return [(number, kind, body[:-1] + bytes([body[-1] | 0x80]) + bytes(1))]
    wide = rng.choice([1 << 32, (1 << 64) - 1, (1 << 63), 256, (1 << 35) | 1])
    return [number_field(number, wide)]


def _with_quirk(rng: random.Random, fields: Fields) -> Fields:
    """Something that a decoder can get wrong, at this level of the packet."""
    fields = list(fields)
    at = rng.randrange(len(fields))
    match rng.randrange(10):
        case 0:  # twice
            fields.insert(rng.randrange(len(fields) + 1), fields[at])
        case 1:
            rng.shuffle(fields)
        case 2 | 3 | 4:
            fields[at : at + 1] = _other(rng, fields[at])
        case 5 | 6:  # at the end, where protobuf itself would write it
            fields += _more(rng)
        case 7:
            fields += _other(rng, fields[at])
        case _:
            fields[at:at] = _more(rng)
    return fields


def _lying(rng: random.Random, encoded: bytes) -> bytes:
    """A length that is not the one of what follows."""
    lie = rng.choice([*NUMBERS, len(encoded) - 1, len(encoded) + 1])
    return varint(max(lie, 0), padding=rng.choice([0, 0, 1, 3])) + encoded


def draw_packet(rng: random.Random) -> bytes:
    """A packet, signed or not, with at most two quirks at any level."""
    quirks = [rng.randrange(4) for _ in range(rng.choice([0, 0, 0, 1, 1, 2]))]
    fields = _init_command(rng)
    for _ in range(quirks.count(0)):
        fields = _with_quirk(rng, fields)
    inner = [number_field(1, 1), bytes_field(2, message(fields))]
    for _ in range(quirks.count(1)):
        inner = _with_quirk(rng, inner)
    signed = [bytes_field(1, message(inner)), number_field(2, 0), bytes_field(3, _signature(rng))]
    for _ in range(quirks.count(2)):
        signed = _with_quirk(rng, signed)
    outer = [bytes_field(2, message(signed)) if rng.random() < 0.6 else signed[0]]
    for _ in range(quirks.count(3)):
        outer = _with_quirk(rng, outer)
    if rng.random() < 0.03:
        return varint(outer[0][0] << 3 | _BYTES) + _lying(rng, outer[0][2])
    return message(outer)


def _signature(rng: random.Random) -> bytes:
    """64 bytes; at times numbers at the ends of what a signature's may be."""
    if rng.random() < 0.8:
        return rng.randbytes(64)
    edges = (0, 1, 2, ORDER - 1, ORDER, ORDER + 1, FIELD, (1 << 256) - 1, 1 << 128)
    return b"".join(rng.choice(edges).to_bytes(32, "little") for _ in range(2))


def _nested(rng: random.Random) -> bytes:
    """A message in a message in a message."""
    body = b""
    while len(body) < rng.choice([100, 500, 600]):
        body = message([bytes_field(rng.choice([1, 2, 8, 14]), body)])
    return body


def _draw(rng: random.Random) -> bytes:
    match rng.randrange(12):
        case 0:
            return rng.randbytes(rng.randrange(80))
        case 1:
            return _nested(rng)
        case 2 | 3:
            return damaged(rng, [draw_packet(rng), draw_packet(rng)], most=2)
    return draw_packet(rng)


def check_packet(content: bytes, packet: InitPacket) -> None:
    """It is written and read again as it is, and the bootloader reads the same."""
    assert packet.encoded == content
    assert packet.signed_bytes in content
    command = encode_init_command(packet.command)
    if len(content) <= 480:  # with the fields that were left out it may be too long
        again = decode_init_packet(encode_init_packet(command, packet.signature or None))
        assert again.command == packet.command
    _check_unit_agrees(content, packet)
    if packet.signature is not None and zlib.crc32(content) % 16 == 0:  # it takes long
        for key in recover_keys(packet.signed_bytes, packet.signature):
            assert key.verify(packet.signed_bytes, packet.signature)


def _check_unit_agrees(content: bytes, packet: InitPacket) -> None:
    unit = decode(content)
    ours: InitCommand = packet.command
    assert unit.signed_range == packet.signed_bytes
    assert unit.signature_type == packet.signature_type
    assert unit.signature == (packet.signature or b"")
    theirs = unit.command
    assert (theirs.fw_version, theirs.hw_version) == (ours.fw_version, ours.hw_version)
    assert (tuple(theirs.sd_req), theirs.type) == (ours.sd_req, ours.kind)
    sizes = (ours.sd_size, ours.bl_size, ours.app_size)
    assert (theirs.sd_size, theirs.bl_size, theirs.app_size) == sizes
    assert (theirs.hash_type, theirs.hash) == (ours.hash_type, ours.hash)
    assert theirs.is_debug == ours.is_debug
    validations = [(int(entry.type), entry.data) for entry in ours.boot_validations]
    assert theirs.boot_validations == validations


TARGET = Target(name="init-packet", draw=_draw, read=decode_init_packet, check=check_packet)
