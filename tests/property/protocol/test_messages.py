"""Requests and answers: what is encoded decodes to itself, and no bytes do harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import RemoteProtocolError
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
from firmline.protocol.buttonless import decode_buttonless_answer, encode_buttonless_answer
from firmline.protocol.codes import ImageType, Opcode, ResultCode
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
    decode_request,
    encode_request,
)

U8, U16, U32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
REQUESTS: st.SearchStrategy[Request] = st.one_of(
    st.sampled_from(
        [
            GetProtocolVersion(),
            GetCrc(),
            ExecuteObject(),
            GetMtu(),
            GetHardwareVersion(),
            Abort(),
        ]
    ),
    st.builds(CreateObject, object_type=U8, size=U32),
    st.builds(SetPrn, count=U16),
    st.builds(SelectObject, object_type=U8),
    st.builds(WriteObject, data=st.binary(max_size=600)),
    st.builds(Ping, number=U8),
    st.builds(GetFirmwareVersion, index=U8),
)
BODIES: dict[int, st.SearchStrategy[AnswerBody]] = {
    Opcode.PROTOCOL_VERSION: st.builds(ProtocolVersion, version=U8),
    Opcode.CRC_GET: st.builds(Crc, offset=U32, crc=U32),
    Opcode.OBJECT_SELECT: st.builds(Selected, max_size=U32, offset=U32, crc=U32),
    Opcode.MTU_GET: st.builds(Mtu, size=U16),
    Opcode.PING: st.builds(Pong, number=U8),
    Opcode.HARDWARE_VERSION: st.builds(
        HardwareVersion, part=U32, variant=U32, flash_size=U32, ram_size=U32, page_size=U32
    ),
    Opcode.FIRMWARE_VERSION: st.builds(
        FirmwareVersion, image_type=st.sampled_from(ImageType), version=U32, address=U32, size=U32
    ),
}


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """Any answer a unit may give to any opcode."""
    opcode, result = draw(U8), draw(st.sampled_from([*ResultCode, 0x42]))
    if result == ResultCode.EXTENDED_ERROR:
        return Answer(opcode=opcode, result=result, ext_error=draw(U8))
    if result != ResultCode.SUCCESS:
        return Answer(opcode=opcode, result=result)
    opcode = draw(st.sampled_from([*BODIES, opcode]))
    body = draw(BODIES.get(opcode, st.just(Done())))
    return Answer(opcode=opcode, result=result, body=body)


@given(REQUESTS)
def test_a_request_decodes_to_itself(request: Request) -> None:
    assert decode_request(encode_request(request)) == request


@given(answers())
def test_an_answer_decodes_to_itself(answer: Answer) -> None:
    assert decode_answer(encode_answer(answer)) == answer


@given(st.binary(max_size=40))
def test_any_bytes_are_a_request_or_a_protocol_error(data: bytes) -> None:
    try:
        request = decode_request(data)
    except RemoteProtocolError:
        return
    if isinstance(request, UnknownRequest):
        assert request.opcode == data[0]
    else:
        assert data.startswith(encode_request(request))


@given(st.binary(max_size=40) | st.binary(max_size=24).map(lambda tail: b"\x60" + tail))
def test_any_bytes_are_an_answer_or_a_protocol_error(data: bytes) -> None:
    try:
        answer = decode_answer(data)
    except RemoteProtocolError:
        return
    assert (answer.opcode, answer.result) == (data[1], data[2])
    assert (answer.body is not None) == answer.ok


@given(st.binary(max_size=6) | st.binary(min_size=2, max_size=2).map(lambda tail: b"\x20" + tail))
def test_any_bytes_are_an_indication_or_a_protocol_error(data: bytes) -> None:
    if len(data) == 3 and data[0] == 0x20:
        assert encode_buttonless_answer(decode_buttonless_answer(data)) == data
    else:
        with pytest.raises(RemoteProtocolError):
            decode_buttonless_answer(data)
