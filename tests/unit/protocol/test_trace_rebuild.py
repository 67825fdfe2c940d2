"""Packets out of a trace: what it holds, marked as rebuilt, and nothing made up."""

from __future__ import annotations

import pytest
from bumble import att, hci, l2cap

from firmline import events
from firmline.errors import Code, InputError
from firmline.events import Event, UnitMode, stamp
from firmline.formats.hci_capture import CapturedPacket
from firmline.formats.trace import Trace, UnknownEvent
from firmline.protocol.traces.rebuild import FOREWORD, rebuild
from firmline.updater.inspection.facts import DfuService
from firmline.values import PeripheralId
from unit.cli.event_samples import HOME, SAMPLES, SENT, STARTED

HEAD = SAMPLES[0]
CONNECTED = events.Connected(at_s=1.0, address=HOME, mode=UnitMode.BOOTLOADER, mtu=247)
ASKED = events.RequestSent(at_s=1.5, request="object_select", data=b"\x06\x01")
ANSWERED = events.AnswerReceived(at_s=1.75, data=b"\x60\x06\x01")


def packets(*told: Event | UnknownEvent) -> tuple[CapturedPacket, ...]:
    return rebuild([Trace(entries=told)], name="t.jsonl")


def behind_the_foreword(*told: Event | UnknownEvent) -> list[CapturedPacket]:
    return list(packets(CONNECTED, *told)[len(FOREWORD) + 1 :])


def attribute_packet(packet: CapturedPacket) -> att.ATT_PDU:
    """As Bumble reads it."""
    acl = hci.HCI_Packet.from_bytes(packet.data)
    assert isinstance(acl, hci.HCI_AclDataPacket)
    assert acl.connection_handle == 1
    assert acl.pb_flag == (2 if packet.from_controller else 0)
    pdu = l2cap.L2CAP_PDU.from_bytes(acl.data)
    assert pdu.cid == att.ATT_CID
    return att.ATT_PDU.from_bytes(pdu.payload)


def note(packet: CapturedPacket) -> str:
    assert packet.data[:2] == b"\x04\xff"
    assert packet.data[2] == len(packet.data) - 3
    text = packet.data[3:].decode("ascii")
    assert text.startswith("firmline: ")
    return text.removeprefix("firmline: ")


def test_it_says_of_itself_what_it_is() -> None:
    found = packets(HEAD, CONNECTED)
    assert tuple(map(note, found[: len(FOREWORD)])) == FOREWORD
    assert all(len(text) < 245 for text in FOREWORD)
    assert note(found[len(FOREWORD)]).startswith("trace_started trace_format 1, firmline 0.1.0")


def test_a_connection_is_a_connection() -> None:
    found = hci.HCI_Packet.from_bytes(packets(CONNECTED)[-1].data)
    assert isinstance(found, hci.HCI_LE_Connection_Complete_Event)
    assert (found.status, found.connection_handle, found.role) == (0, 1, 0)
    assert str(found.peer_address).startswith("C6:05:04:03:02:01")
    assert found.peer_address_type == 1


def test_why_it_went_is_told() -> None:
    for reason, number in ((0x08, 0x08), (None, 0x1F), (0x113, 0x13)):
        (lost,) = behind_the_foreword(events.LinkLost(hci_reason=reason, expected=True))
        found = hci.HCI_Packet.from_bytes(lost.data)
        assert isinstance(found, hci.HCI_Disconnection_Complete_Event)
        assert (found.connection_handle, found.reason) == (1, number)


def test_requests_and_answers_are_an_att_conversation() -> None:
    request, answer = behind_the_foreword(ASKED, ANSWERED)
    write = attribute_packet(request)
    assert isinstance(write, att.ATT_Write_Request)
    assert (write.attribute_handle, write.attribute_value) == (0x0010, b"\x06\x01")
    notified = attribute_packet(answer)
    assert isinstance(notified, att.ATT_Handle_Value_Notification)
    assert (notified.attribute_handle, notified.attribute_value) == (0x0010, b"\x60\x06\x01")


@pytest.mark.parametrize("request_name", ["enter_bootloader", "set_advertising_name"])
def test_the_buttonless_service_has_a_handle_of_its_own(request_name: str) -> None:
    request, answer = behind_the_foreword(
        events.RequestSent(request=request_name, data=b"\x01"),
        events.AnswerReceived(data=b"\x20\x01\x01"),
    )
    assert attribute_packet(request).attribute_handle == 0x0020  # type: ignore[attr-defined]
    indicated = attribute_packet(answer)
    assert isinstance(indicated, att.ATT_Handle_Value_Indication)
    assert indicated.attribute_handle == 0x0020


def test_the_service_of_sdk_12_notifies() -> None:
    service = DfuService.EXPERIMENTAL.value
    _fact, request, answer = behind_the_foreword(
        events.FactFound(fact="dfu_service", value=service, how=events.How.SERVICES),
        events.RequestSent(request="enter_bootloader", data=b"\x01"),
        events.AnswerReceived(data=b"\x20\x01\x01"),
    )
    assert attribute_packet(request).attribute_handle == 0x0020  # type: ignore[attr-defined]
    notified = attribute_packet(answer)
    assert isinstance(notified, att.ATT_Handle_Value_Notification)
    assert notified.attribute_handle == 0x0020


def test_everything_else_is_a_note() -> None:
    hidden = events.Connected(
        address=PeripheralId.parse("12345678-1234-1234-1234-123456789ABC"),
        mode=UnitMode.BOOTLOADER,
        mtu=185,
    )
    told = (
        SENT,
        hidden,
        events.AnswerReceived(data=b""),
        events.RequestSent(request="x", data=bytes(513)),
        events.TextHeard(text="\x1b\u202e" * 200),
        UnknownEvent(at_s=None, type="of_tomorrow", fields={"type": "of_tomorrow", "x": 1}),
    )
    notes = [note(packet) for packet in behind_the_foreword(*told)]
    assert notes[0] == "packets_sent object_type data, count 17, offset 4096, size 150000"
    assert notes[1].startswith("connected address 12345678")
    assert notes[-1] == "of_tomorrow x 1"
    assert len(notes) == len(told)


def test_packets_have_the_time_of_their_events() -> None:
    began_us = 1_772_368_200_250_000  # 2026-03-01T12:30:00.25Z
    found = packets(stamp(HEAD, 1.0), CONNECTED, ASKED, ANSWERED)
    assert [packet.time_us - began_us for packet in found[-3:]] == [0, 500_000, 750_000]
    assert [packet.time_us for packet in packets(CONNECTED, ASKED)[-2:]] == [1_000_000, 1_500_000]


@pytest.mark.parametrize("at_s", [1e12, -1e12])
def test_no_time_is_too_long(at_s: float) -> None:
    for told in ((CONNECTED, stamp(ASKED, at_s)), (HEAD, CONNECTED, stamp(ASKED, at_s))):
        assert len(packets(*told)) == len(FOREWORD) + len(told)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (
            events.PortOpened(port="p", baud=None, flow_control=True, exclusive=True),
            "is of a unit at a serial port",
        ),
        (STARTED, "holds no conversation with a unit"),
    ],
)
def test_where_there_are_no_packets_none_are_made_up(told: Event, why: str) -> None:
    with pytest.raises(InputError) as caught:
        packets(told)
    assert caught.value.code is Code.TRACE_NOT_CONVERTIBLE
    assert caught.value.message.startswith(f"t.jsonl {why}")
