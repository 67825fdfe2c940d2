"""Answers as the bytes of spec sections 2.1 and 2.2, both ways."""

from __future__ import annotations

import pytest

from firmline.errors import Code, RemoteProtocolError
from firmline.protocol.answers import (
    Answer,
    AnswerBody,
    Crc,
    Done,
    FirmwareVersion,
    HardwareVersion,
    Mtu,
    Pong,
    ProtocolVersion,
    Selected,
    decode_answer,
    encode_answer,
)
from firmline.protocol.codes import ExtError, ImageType, ResultCode
from unit.protocol.expect import fails

# The example of spec section 2.1: an nRF52832 ("AAE0", 512 kB, 64 kB RAM) as the FICR says it.
HARDWARE = "60 0A 01 32 28 05 00 30 45 41 41 00 00 08 00 00 00 01 00 00 10 00 00"
ON_THE_WIRE: list[tuple[AnswerBody, str]] = [
    (ProtocolVersion(version=1), "60 00 01 01"),
    (Done(), "60 01 01"),
    (Done(), "60 02 01"),
    (Crc(offset=0x1000, crc=0x12345678), "60 03 01 00 10 00 00 78 56 34 12"),
    (Done(), "60 04 01"),
    (
        Selected(max_size=0x200, offset=139, crc=0xFFFF_FFFE),
        "60 06 01 00 02 00 00 8B 00 00 00 FE FF FF FF",
    ),
    (Mtu(size=131), "60 07 01 83 00"),
    (Mtu(size=2051), "60 07 01 03 08"),
    (Pong(number=7), "60 09 01 07"),
    (
        HardwareVersion(
            part=0x52832,
            variant=0x41414530,
            flash_size=0x80000,
            ram_size=0x10000,
            page_size=4096,
        ),
        HARDWARE,
    ),
    (
        FirmwareVersion(
            image_type=ImageType.SOFTDEVICE, version=6_001_001, address=0x1000, size=0x26000
        ),
        "60 0B 01 00 69 91 5B 00 00 10 00 00 00 60 02 00",
    ),
    (
        FirmwareVersion(image_type=ImageType.UNKNOWN, version=0, address=0, size=0),
        "60 0B 01 FF 00 00 00 00 00 00 00 00 00 00 00 00",
    ),
    (Done(), "60 0C 01"),
]
REFUSALS = [result for result in ResultCode if result not in (1, 0x0B)]


@pytest.mark.parametrize(("body", "wire"), ON_THE_WIRE)
def test_a_success_is_these_bytes_and_nothing_else(body: AnswerBody, wire: str) -> None:
    encoded = bytes.fromhex(wire)
    answer = Answer(opcode=encoded[1], result=ResultCode.SUCCESS, body=body)
    assert encode_answer(answer) == encoded
    assert decode_answer(encoded) == answer
    assert answer.ok


@pytest.mark.parametrize(("body", "wire"), ON_THE_WIRE)
def test_a_success_of_any_other_length_is_malformed(body: AnswerBody, wire: str) -> None:
    encoded = bytes.fromhex(wire)
    for size in range(3, len(encoded)):
        with fails(RemoteProtocolError, Code.ANSWER_MALFORMED, "an answer of the wrong length"):
            decode_answer(encoded[:size])
    with fails(RemoteProtocolError, Code.ANSWER_MALFORMED, "an answer of the wrong length"):
        decode_answer(encoded + b"\x00")
    assert decode_answer(encoded).body == body


@pytest.mark.parametrize("result", REFUSALS)
@pytest.mark.parametrize("opcode", [0x01, 0x03, 0x05, 0xFF])
def test_a_refusal_is_three_bytes(opcode: int, result: ResultCode) -> None:
    answer = Answer(opcode=opcode, result=result)
    encoded = bytes([0x60, opcode, result])
    assert encode_answer(answer) == encoded
    assert decode_answer(encoded) == answer
    assert not answer.ok


@pytest.mark.parametrize("ext_error", ExtError)
def test_an_extended_error_has_one_byte_more(ext_error: ExtError) -> None:
    answer = Answer(opcode=4, result=ResultCode.EXTENDED_ERROR, ext_error=ext_error)
    encoded = bytes([0x60, 4, 0x0B, ext_error])
    assert encode_answer(answer) == encoded
    assert decode_answer(encoded) == answer
    assert not answer.ok


@pytest.mark.parametrize("wire", ["60 04 0B", "60 04 0B 05 00"])
def test_an_extended_error_without_its_one_byte_is_malformed(wire: str) -> None:
    expected = f"sent {wire}, an extended error without its code"
    with fails(RemoteProtocolError, Code.ANSWER_MALFORMED, expected):
        decode_answer(bytes.fromhex(wire))


def test_a_result_that_no_spec_knows_is_a_refusal() -> None:
    answer = decode_answer(b"\x60\x04\x42")
    assert (answer.result, answer.body, answer.ok) == (0x42, None, False)


def test_what_follows_a_refusal_is_ignored() -> None:
    """No body is sent there (spec section 2.2); a unit that sends one has still said no."""
    assert decode_answer(b"\x60\x03\x08\x01\x02") == Answer(opcode=3, result=8)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", "sent nothing, which is no answer"),
        (b"\x60", "sent 60, which"),
        (b"\x60\x01", "sent 60 01, which"),
        (b"\x20\x01\x01", "sent 20 01 01, which"),
        (bytes(21), f"sent {' '.join(['00'] * 20)} ..., which"),
    ],
)
def test_what_is_no_answer_is_shown_and_refused(data: bytes, shown: str) -> None:
    with fails(RemoteProtocolError, Code.ANSWER_MALFORMED, shown):
        decode_answer(data)


def test_an_image_of_a_type_that_no_spec_knows_is_unknown() -> None:
    encoded = bytes.fromhex("60 0B 01 03 01 00 00 00 00 10 00 00 04 00 00 00")
    body = decode_answer(encoded).body
    assert isinstance(body, FirmwareVersion)
    assert (body.image_type, body.version, body.size) == (ImageType.UNKNOWN, 1, 4)


def test_a_success_that_carries_no_body_at_all_is_the_bare_head() -> None:
    assert encode_answer(Answer(opcode=0x01, result=ResultCode.SUCCESS)) == b"\x60\x01\x01"
