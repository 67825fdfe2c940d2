"""The buttonless service as the bytes of spec section 12."""

from __future__ import annotations

import pytest

from firmline.errors import Code, LocalProtocolError, RemoteProtocolError
from firmline.protocol.buttonless import (
    ButtonlessAnswer,
    decode_buttonless_answer,
    encode_buttonless_answer,
    encode_enter_bootloader,
    encode_set_advertising_name,
)
from firmline.protocol.codes import ButtonlessOpcode, ButtonlessResult
from unit.protocol.expect import fails


def test_the_request_to_enter_is_one_byte() -> None:
    assert encode_enter_bootloader() == b"\x01"


@pytest.mark.parametrize("name", [b"x", b"Unit 7", b"N" * 20])
def test_a_name_goes_out_with_its_length(name: bytes) -> None:
    assert encode_set_advertising_name(name) == b"\x02" + bytes([len(name)]) + name


@pytest.mark.parametrize("size", [0, 21])
def test_a_name_that_the_service_would_refuse_never_goes_out(size: int) -> None:
    with fails(LocalProtocolError, Code.DEFECT, f"has 1 to 20 bytes, not {size}."):
        encode_set_advertising_name(b"x" * size)


@pytest.mark.parametrize("result", ButtonlessResult)
@pytest.mark.parametrize("opcode", ButtonlessOpcode)
def test_an_indication_is_three_bytes(opcode: ButtonlessOpcode, result: ButtonlessResult) -> None:
    answer = ButtonlessAnswer(opcode=opcode, result=result)
    assert encode_buttonless_answer(answer) == bytes([0x20, opcode, result])
    assert decode_buttonless_answer(bytes([0x20, opcode, result])) == answer
    assert answer.ok == (result == 1)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", "indicated nothing, which"),
        (b"\x20\x01", "indicated 20 01, which"),
        (b"\x20\x01\x01\x00", "indicated 20 01 01 00, which"),
        (b"\x60\x01\x01", "indicated 60 01 01, which"),
        (b"\xff" * 30, f"indicated {' '.join(['FF'] * 20)}, which"),
    ],
)
def test_anything_else_is_no_indication(data: bytes, shown: str) -> None:
    with fails(RemoteProtocolError, Code.ANSWER_MALFORMED, shown):
        decode_buttonless_answer(data)
