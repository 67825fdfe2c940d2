"""The target's end: requests reach the handler, answers the host, and a PRN is counted."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from firmline.protocol.answers import Answer, Crc, Done
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ObjectType, Opcode, ResultCode
from firmline.protocol.requests import (
    Abort,
    CreateObject,
    ExecuteObject,
    GetCrc,
    Ping,
    Request,
    SelectObject,
    SetPrn,
    UnknownRequest,
    WriteObject,
    opcode_of,
)
from firmline.protocol.target import Reply, TargetSession

RECEIPT = bytes.fromhex("60 03 01 04 00 00 00 00 00 00 00")


@dataclass(slots=True)
class Notebook:
    """A handler that writes down what it is asked, and says yes."""

    asked: list[Request | UnknownRequest] = field(default_factory=list)
    write_result: ResultCode = ResultCode.SUCCESS

    def handle(self, request: Request | UnknownRequest) -> Answer | None:
        self.asked.append(request)
        match request:
            case Abort():
                return None
            case UnknownRequest(opcode=opcode):
                return Answer(opcode=opcode, result=ResultCode.OPCODE_NOT_SUPPORTED)
            case WriteObject() if self.write_result is not ResultCode.SUCCESS:
                return Answer(opcode=Opcode.CRC_GET, result=self.write_result)
            case WriteObject():
                body = Crc(offset=4, crc=0)
                return Answer(opcode=Opcode.CRC_GET, result=ResultCode.SUCCESS, body=body)
            case _:
                return Answer(opcode=opcode_of(request), result=ResultCode.SUCCESS, body=Done())


def control(session: TargetSession, wire: str) -> list[bytes]:
    """Write to the control point; what is notified there."""
    replies = session.receive(Channel.CONTROL, bytes.fromhex(wire))
    assert {reply.channel for reply in replies} <= {Channel.CONTROL}
    return [reply.data for reply in replies]


def receipts(session: TargetSession, packets: int) -> list[int]:
    """Write that many packets; the numbers, counted from 1, of those that are answered."""
    answered = []
    for number in range(1, packets + 1):
        replies = session.receive(Channel.PACKET, bytes(4))
        if replies:
            assert replies == [Reply(channel=Channel.CONTROL, data=RECEIPT)]
            answered.append(number)
    return answered


def test_a_request_is_carried_out_and_answered_where_it_came_from() -> None:
    handler = Notebook()
    session = TargetSession(handler)
    assert control(session, "04") == [b"\x60\x04\x01"]
    assert control(session, "05 01 02") == [b"\x60\x05\x02"]
    assert handler.asked == [ExecuteObject(), UnknownRequest(opcode=5)]


def test_a_unit_that_resets_answers_nothing() -> None:
    handler = Notebook()
    assert control(TargetSession(handler), "0C") == []
    assert handler.asked == [Abort()]


@pytest.mark.parametrize(
    ("wire", "request_"),
    [
        ("01", CreateObject(object_type=0, size=0)),
        ("01 02 00 10", CreateObject(object_type=ObjectType.DATA, size=4096)),
        ("06", SelectObject(object_type=0)),
        ("09", Ping(number=0)),
        ("02 03", SetPrn(count=3)),
    ],
)
def test_a_request_that_is_too_short_is_filled_up_with_zeros(wire: str, request_: Request) -> None:
    """The bootloader checks no length and reads what lies behind; here that is zero."""
    handler = Notebook()
    control(TargetSession(handler), wire)
    assert handler.asked == [request_]


def test_no_bytes_are_no_request() -> None:
    handler = Notebook()
    session = TargetSession(handler)
    assert control(session, "") == []
    assert session.receive(Channel.SERIAL, b"\xc0\xc0") == []
    assert handler.asked == []


def test_the_buttonless_channel_is_not_the_bootloaders() -> None:
    handler = Notebook()
    assert TargetSession(handler).receive(Channel.BUTTONLESS, b"\x01") == []
    assert handler.asked == []


def test_on_a_serial_port_frames_are_taken_in_pieces_and_answered_in_frames() -> None:
    handler = Notebook()
    session = TargetSession(handler)
    assert session.receive(Channel.SERIAL, b"\x02\x01") == []
    replies = session.receive(Channel.SERIAL, b"\x00\xc0\x08\xdb\xdc\xc0\x03\xc0\x04")
    assert handler.asked == [SetPrn(count=1), WriteObject(data=b"\xc0"), GetCrc()]
    assert replies == [
        Reply(channel=Channel.SERIAL, data=frame)
        for frame in (b"\x60\x02\x01\xc0", RECEIPT + b"\xc0", b"\x60\x03\x01\xc0")
    ]


@pytest.mark.parametrize(
    ("prn", "answered"),
    [(0, []), (1, [1, 2, 3, 4, 5, 6, 7]), (3, [3, 6]), (7, [7]), (8, [])],
)
def test_a_receipt_is_sent_after_every_so_many_packets(prn: int, answered: list[int]) -> None:
    session = TargetSession(Notebook())
    control(session, f"02 {prn:02X} 00")
    assert receipts(session, 7) == answered


def test_without_a_prn_no_packet_is_answered_not_even_a_refused_one() -> None:
    session = TargetSession(Notebook(write_result=ResultCode.OPERATION_NOT_PERMITTED))
    assert session.receive(Channel.PACKET, bytes(4)) == []


def test_a_refused_packet_shows_only_when_the_receipt_is_due() -> None:
    session = TargetSession(Notebook(write_result=ResultCode.INVALID_PARAMETER))
    control(session, "02 02 00")
    assert session.receive(Channel.PACKET, bytes(4)) == []
    (reply,) = session.receive(Channel.PACKET, bytes(4))
    assert reply.data == b"\x60\x03\x03"


def test_create_counts_anew_and_keeps_the_number() -> None:
    session = TargetSession(Notebook())
    control(session, "02 03 00")
    assert receipts(session, 2) == []
    control(session, "01 02 00 10 00 00")
    assert receipts(session, 6) == [3, 6]


def test_setting_the_prn_counts_anew() -> None:
    session = TargetSession(Notebook())
    control(session, "02 03 00")
    assert receipts(session, 2) == []
    control(session, "02 02 00")
    assert receipts(session, 4) == [2, 4]
    control(session, "02 00 00")
    assert receipts(session, 4) == []
