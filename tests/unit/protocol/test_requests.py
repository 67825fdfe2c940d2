"""Requests as the bytes of spec section 2.1, both ways."""

from __future__ import annotations

from itertools import permutations

import pytest

from firmline.errors import Code, RemoteProtocolError
from firmline.protocol.codes import ObjectType, Opcode
from firmline.protocol.framing import BleFraming, Framing, SerialFraming
from firmline.protocol.requests import (
    Abort,
    CreateObject,
    ExecuteObject,
    GetCrc,
    GetFirmwareVersion,
    GetHardwareVersion,
    GetMtu,
    GetProtocolVersion,
    Ping,
    Request,
    SelectObject,
    SetPrn,
    UnknownRequest,
    WriteObject,
    creates,
    decode_request,
    encode_request,
    opcode_of,
    selects,
)
from unit.protocol.expect import fails

ON_THE_WIRE: list[tuple[Request, str]] = [
    (GetProtocolVersion(), "00"),
    (CreateObject(object_type=ObjectType.COMMAND, size=139), "01 01 8B 00 00 00"),
    (CreateObject(object_type=ObjectType.DATA, size=0x12345678), "01 02 78 56 34 12"),
    (SetPrn(count=0), "02 00 00"),
    (SetPrn(count=0x0102), "02 02 01"),
    (GetCrc(), "03"),
    (ExecuteObject(), "04"),
    (SelectObject(object_type=ObjectType.COMMAND), "06 01"),
    (SelectObject(object_type=0xFE), "06 FE"),
    (GetMtu(), "07"),
    (WriteObject(data=b""), "08"),
    (WriteObject(data=b"\xc0\xdb\x00"), "08 C0 DB 00"),
    (Ping(number=255), "09 FF"),
    (GetHardwareVersion(), "0A"),
    (GetFirmwareVersion(index=2), "0B 02"),
    (Abort(), "0C"),
]
WITH_BODY = [(request, wire) for request, wire in ON_THE_WIRE if len(wire) > 2 and wire[:2] != "08"]


@pytest.mark.parametrize(("request_", "wire"), ON_THE_WIRE)
def test_a_request_is_these_bytes_and_nothing_else(request_: Request, wire: str) -> None:
    encoded = bytes.fromhex(wire)
    assert encode_request(request_) == encoded
    assert decode_request(encoded) == request_
    assert opcode_of(request_) == encoded[0]


def test_every_opcode_has_its_request() -> None:
    assert {opcode_of(request) for request, _wire in ON_THE_WIRE} == set(Opcode)


@pytest.mark.parametrize(("request_", "wire"), WITH_BODY)
def test_a_request_that_is_too_short_is_not_decoded(request_: Request, wire: str) -> None:
    encoded = bytes.fromhex(wire)
    name = opcode_of(request_).name
    for size in range(1, len(encoded)):
        expected = f"A {name} request of {size} bytes arrived; it needs {len(encoded)}."
        with fails(RemoteProtocolError, Code.FRAME_MALFORMED, expected):
            decode_request(encoded[:size])


@pytest.mark.parametrize(
    ("request_", "wire"), [pair for pair in ON_THE_WIRE if not isinstance(pair[0], WriteObject)]
)
def test_bytes_behind_a_request_are_ignored(request_: Request, wire: str) -> None:
    assert decode_request(bytes.fromhex(wire) + b"\xff\xff") == request_


def test_no_bytes_are_no_request() -> None:
    with fails(RemoteProtocolError, Code.FRAME_MALFORMED, "without any byte"):
        decode_request(b"")


@pytest.mark.parametrize("opcode", [0x05, 0x0D, 0x60, 0xFF])
def test_an_opcode_that_the_protocol_does_not_have_is_kept(opcode: int) -> None:
    assert decode_request(bytes([opcode, 1, 2])) == UnknownRequest(opcode=opcode)


@pytest.mark.parametrize("framing", [BleFraming(mtu=23), SerialFraming()])
def test_what_a_request_is_about_is_seen_on_every_road(framing: Framing) -> None:
    for kind, other in permutations(ObjectType):
        _channel, create = framing.encode(CreateObject(object_type=kind, size=0xC0DB))
        _channel, select = framing.encode(SelectObject(object_type=kind))
        assert creates(create, kind)
        assert selects(select, kind)
        assert not any([creates(create, other), selects(select, other)])
        assert not any([creates(select, kind), selects(create, kind)])
    assert not any([creates(b"", ObjectType.DATA), selects(b"\x06", ObjectType.COMMAND)])
