"""Requests on channels: where they go, as which bytes, and how much data fits."""

from __future__ import annotations

import pytest

from firmline.errors import Code, LocalProtocolError
from firmline.protocol.channels import Channel
from firmline.protocol.framing import BleFraming, SerialFraming
from firmline.protocol.requests import GetCrc, SetPrn, WriteObject
from unit.protocol.expect import fails


@pytest.mark.parametrize(
    ("mtu", "size"), [(23, 20), (24, 20), (27, 24), (185, 180), (247, 244), (515, 512), (517, 512)]
)
def test_a_packet_over_bluetooth_is_the_mtu_less_its_header_in_words(mtu: int, size: int) -> None:
    assert BleFraming(mtu=mtu).packet_size == size


@pytest.mark.parametrize("mtu", [-1, 0, 22])
def test_an_mtu_below_the_smallest_of_bluetooth_is_a_defect_of_ours(mtu: int) -> None:
    with fails(LocalProtocolError, Code.DEFECT, f"at least 23 bytes: {mtu}."):
        BleFraming(mtu=mtu)


@pytest.mark.parametrize(("mtu", "size"), [(131, 64), (2051, 1024), (43, 20), (11, 4), (10, 0)])
def test_a_packet_on_a_serial_port_fits_even_if_every_byte_is_escaped(mtu: int, size: int) -> None:
    framing = SerialFraming(mtu=mtu)
    assert framing.packet_size == size
    _channel, frame = framing.encode(WriteObject(data=b"\xc0" * size))
    assert len(frame) <= max(mtu, 2)


def test_a_serial_unit_is_taken_for_a_uart_until_it_says_otherwise() -> None:
    assert SerialFraming().packet_size == 64


def test_over_bluetooth_data_are_bare_and_requests_go_to_the_control_point() -> None:
    framing = BleFraming(mtu=23)
    assert framing.encode(WriteObject(data=b"\xc0\x01")) == (Channel.PACKET, b"\xc0\x01")
    assert framing.encode(SetPrn(count=12)) == (Channel.CONTROL, b"\x02\x0c\x00")


def test_on_a_serial_port_everything_is_a_frame_with_its_opcode() -> None:
    framing = SerialFraming()
    assert framing.encode(WriteObject(data=b"\xc0\x01")) == (
        Channel.SERIAL,
        b"\x08\xdb\xdc\x01\xc0",
    )
    assert framing.encode(GetCrc()) == (Channel.SERIAL, b"\x03\xc0")


def test_a_notification_is_one_answer_whatever_is_in_it() -> None:
    assert BleFraming(mtu=23).decode(b"\x60\xc0\x01") == [b"\x60\xc0\x01"]
    assert BleFraming(mtu=23).decode(b"") == [b""]


def test_frames_are_found_in_whatever_pieces_arrive() -> None:
    framing = SerialFraming()
    assert framing.decode(b"\x60\x02") == []
    assert framing.decode(b"\x01\xc0\x60\x04\x01\xc0\x60") == [b"\x60\x02\x01", b"\x60\x04\x01"]


def test_two_serial_framings_share_no_bytes() -> None:
    first, second = SerialFraming(), SerialFraming()
    assert first.decode(b"\x60\x02") == []
    assert second.decode(b"\x01\xc0") == [b"\x01"]
