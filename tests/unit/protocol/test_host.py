"""The host session: begun once, told what arrives, silent after the end."""

from __future__ import annotations

import pytest

from firmline import events
from firmline.errors import Code, LocalProtocolError, RemoteProtocolError, TargetRefusedError
from firmline.protocol.asking import executed
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ObjectType
from firmline.protocol.conversation import DfuConversation
from firmline.protocol.framing import BleFraming, SerialFraming
from firmline.protocol.host import HostSession
from firmline.protocol.requests import GetMtu, SelectObject, SetPrn
from firmline.protocol.steps import Effect, Fail, Report, Talk, Write
from pair.joined import Bench, Road, firmware_of
from unit.protocol.expect import fails

PRN_SET_DONE = b"\x60\x02\x01"


def session(prn: int = 0) -> HostSession:
    return HostSession(
        init_packet=bytes(24), firmware=bytes(44), framing=BleFraming(mtu=23), prn=prn
    )


def failure(effects: list[Effect]) -> Fail:
    """The last effect, and the only one that ends a session."""
    (fail,) = [effect for effect in effects if isinstance(effect, Fail)]
    assert effects[-1] is fail
    return fail


def test_a_session_begins_with_its_first_request_and_waits() -> None:
    host = session(prn=12)
    assert (host.awaiting, host.finished) == (None, False)
    assert host.start() == [
        Report(event=events.RequestSent(request="prn_set", data=b"\x02\x0c\x00")),
        Write(channel=Channel.CONTROL, data=b"\x02\x0c\x00"),
    ]
    assert (host.awaiting, host.finished) == (SetPrn(count=12), False)


def test_a_talk_that_ends_before_all_is_executed_is_no_success(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the conversation thinks: it would be our own mistake."""

    def too_short(_self: DfuConversation) -> Talk[None]:
        yield SetPrn(count=0)
        yield executed(ObjectType.DATA, 40)

    monkeypatch.setattr(DfuConversation, "run", too_short)
    host = session()
    host.start()
    failed = failure(host.receive(PRN_SET_DONE))
    assert isinstance(failed.error, LocalProtocolError)
    assert "40 of 44 bytes" in failed.error.message
    assert not host.finished


def test_a_session_asks_for_no_receipts_unless_told_to() -> None:
    host = HostSession(init_packet=b"", firmware=b"", framing=BleFraming(mtu=23))
    host.start()
    assert host.awaiting == SetPrn(count=0)


def test_an_answer_is_reported_and_leads_to_the_next_request() -> None:
    host = session()
    host.start()
    received, sent, write = host.receive(PRN_SET_DONE)
    assert received == Report(event=events.AnswerReceived(data=PRN_SET_DONE))
    assert sent == Report(event=events.RequestSent(request="object_select", data=b"\x06\x01"))
    assert write == Write(channel=Channel.CONTROL, data=b"\x06\x01")
    assert host.awaiting == SelectObject(object_type=1)


def test_bytes_that_complete_no_answer_lead_to_nothing() -> None:
    host = HostSession(init_packet=bytes(4), firmware=bytes(4), framing=SerialFraming())
    host.start()
    assert (host.awaiting, host.receive(b"\x60\x07")) == (GetMtu(), [])
    assert host.receive(b"\x01\x83\x00") == []
    assert len(host.receive(b"\xc0")) == 3
    assert host.awaiting == SetPrn(count=0)


def test_a_session_is_started_once() -> None:
    host = session()
    host.start()
    with fails(LocalProtocolError, Code.DEFECT, "started after its beginning"):
        host.start()


def test_a_finished_session_is_not_started_again() -> None:
    bench = Bench(firmware_of(4))
    host, replay = bench.host(), bench.connect().replies
    host.start()
    for reply in replay:
        host.receive(reply)
    assert (host.finished, host.awaiting) == (True, None)
    with fails(LocalProtocolError, Code.DEFECT, "or its end"):
        host.start()


@pytest.mark.parametrize("begun", [False, True])
def test_a_failed_session_can_neither_be_started_nor_does_it_count_as_finished(begun: bool) -> None:
    host = session()
    if begun:
        host.start()
    failure(host.receive(b"\x00"))
    with fails(LocalProtocolError, Code.DEFECT, "or its end"):
        host.start()
    assert not host.finished


def test_bytes_before_the_beginning_are_the_units_fault() -> None:
    fail = failure(session().receive(PRN_SET_DONE))
    with fails(
        RemoteProtocolError, Code.ANSWER_UNEXPECTED, "answered request 02 when no answer was due"
    ):
        raise fail.error


def test_the_answer_to_another_request_names_both() -> None:
    host = session()
    host.start()
    fail = failure(host.receive(b"\x60\x04\x01"))
    expected = "answered request 04 when the answer to 02 (PRN_SET) was due"
    with fails(RemoteProtocolError, Code.ANSWER_UNEXPECTED, expected):
        raise fail.error
    assert host.awaiting is None


def test_a_receipt_is_awaited_as_a_crc() -> None:
    host = session(prn=1)
    host.start()
    host.receive(PRN_SET_DONE)
    host.receive(b"\x60\x06\x01" + bytes([0, 2, *bytes(10)]))
    host.receive(b"\x60\x01\x01")
    fail = failure(host.receive(b"\x60\x08\x01"))
    expected = "answered request 08 when the answer to 03 (CRC_GET) was due"
    with fails(RemoteProtocolError, Code.ANSWER_UNEXPECTED, expected):
        raise fail.error


def test_a_refusal_is_reported_then_raised_and_then_there_is_silence() -> None:
    host = session()
    host.start()
    received, refused, fail = host.receive(b"\x60\x02\x0b\x06")
    assert received == Report(event=events.AnswerReceived(data=b"\x60\x02\x0b\x06"))
    refusal = events.Refused(request="prn_set", result=0x0B, ext_error=6)
    assert refused == Report(event=refusal)
    assert isinstance(fail, Fail)
    with fails(TargetRefusedError, Code.REFUSED_HW_VERSION, "for another hardware version"):
        raise fail.error
    assert host.receive(PRN_SET_DONE) == []
    assert (host.awaiting, host.finished) == (None, False)


def test_of_two_answers_in_one_piece_the_second_is_unheard_after_a_refusal() -> None:
    host = HostSession(init_packet=bytes(4), firmware=bytes(4), framing=SerialFraming())
    host.start()
    effects = host.receive(b"\x60\x07\x02\xc0\x60\x07\x01\x83\x00\xc0")
    assert isinstance(failure(effects).error, TargetRefusedError)
    assert len(effects) == 3


@pytest.mark.parametrize("road", Road)
def test_a_whole_talk_may_arrive_in_single_bytes_or_at_once(road: Road) -> None:
    """Over Bluetooth an answer is never split, so there only the order counts."""
    bench = Bench(firmware_of(40), road)
    said = bench.connect()
    host = bench.host()
    effects = host.start()
    pieces = said.replies
    if road is Road.SLIP:
        pieces = [bytes([octet]) for reply in said.replies for octet in reply]
    for piece in pieces:
        effects += host.receive(piece)
    assert effects == said.effects
    assert host.finished
