from __future__ import annotations

import pytest

from firmline.errors import LocalProtocolError
from firmline.links.connectivity.wire.packets import (
    MAX_PAYLOAD,
    Damage,
    Packet,
    PacketKind,
    decode_packet,
    encode_packet,
)
from firmline.protocol.slip import SlipDecoder

RESET = bytes.fromhex("c0 00 05 00 fb c0")
SYNC = bytes.fromhex("c0 00 2f 00 d1 01 7e c0")
"""Both as the maker's own driver sends them (nrf-connectivity spec, "Link layer")."""
COMMAND = Packet(
    kind=PacketKind.VENDOR,
    payload=bytes.fromhex("0060"),
    sequence=3,
    acknowledges=5,
    is_reliable=True,
    has_crc=True,
)


def frame_of(packet: Packet) -> bytes:
    (frame,) = SlipDecoder(max_size=8192).feed(encode_packet(packet))
    return frame


def test_a_reset_is_what_the_makers_driver_sends() -> None:
    assert encode_packet(Packet(kind=PacketKind.RESET)) == RESET


def test_a_request_to_synchronize_is_what_the_makers_driver_sends() -> None:
    assert encode_packet(Packet(kind=PacketKind.LINK_CONTROL, payload=b"\x01\x7e")) == SYNC


def test_a_reliable_packet_has_its_numbers_and_a_crc() -> None:
    frame = frame_of(COMMAND)
    assert frame[:3] == bytes((0xC0 | 5 << 3 | 3, 14 | 2 << 4, 0))
    assert sum(frame[:4]) & 0xFF == 0
    assert frame[4:6] == b"\x00\x60"
    assert len(frame) == 8
    assert decode_packet(frame) == COMMAND


def test_the_longest_payload_there_can_be() -> None:
    packet = Packet(kind=PacketKind.VENDOR, payload=b"\xc0" * MAX_PAYLOAD, has_crc=True)
    assert decode_packet(frame_of(packet)) == packet
    with pytest.raises(LocalProtocolError):
        encode_packet(Packet(kind=PacketKind.VENDOR, payload=bytes(MAX_PAYLOAD + 1)))


@pytest.mark.parametrize("size", range(4))
def test_less_than_a_header_is_none(size: int) -> None:
    assert decode_packet(frame_of(COMMAND)[:size]) is Damage.SHORT


def test_every_changed_byte_is_noticed() -> None:
    frame = frame_of(COMMAND)
    for at in range(len(frame)):
        for turned in range(1, 256):
            broken = bytearray(frame)
            broken[at] ^= turned
            assert isinstance(decode_packet(bytes(broken)), Damage)


def test_a_frame_that_is_longer_or_shorter_than_it_says_is_none() -> None:
    frame = frame_of(COMMAND)
    assert decode_packet(frame[:-1]) is Damage.LENGTH
    assert decode_packet(frame + b"\x00") is Damage.LENGTH


def test_a_wrong_crc_is_named() -> None:
    frame = frame_of(COMMAND)
    assert decode_packet(frame[:-1] + bytes((frame[-1] ^ 1,))) is Damage.CRC


def test_a_kind_that_nobody_uses_is_a_packet_all_the_same() -> None:
    packet = Packet(kind=9, payload=b"?")
    assert decode_packet(frame_of(packet)) == packet
