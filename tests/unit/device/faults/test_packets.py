"""Packets that are lost, spoiled, doubled or late, and what the bootloader says then."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from random import Random

import pytest

from firmline.device.faults.packets import LONGEST_FRAME, Inbound, Lane, PacketGate, Passage
from firmline.device.faults.plan import (
    CorruptedPackets,
    DelayedPackets,
    Direction,
    DuplicatedPackets,
    LostPackets,
    PacketFault,
)
from firmline.device.profile import SDK15_3_UART
from firmline.device.radio_face import DropLink, Notify, ResetKind
from firmline.protocol.channels import Channel
from firmline.protocol.requests import CreateObject, ExecuteObject, GetCrc, encode_request
from unit.device.faults.helpers import host_of, idle, story_of, struck
from unit.device.makers import IMAGE, PAGE, Host, init_command, signed_packet
from unit.device.story import IMAGE as TIMED_IMAGE
from unit.device.story import SETTLED_S

INIT_PACKET = signed_packet(init_command())
CRC_GET, EXECUTE = b"\x03", b"\x04"
CREATE = b"\x01\x02" + PAGE.to_bytes(4, "little")
FIRST_DATA = 2
"""The init packet is one packet."""


def crc_of(host: Host) -> tuple[int, int]:
    """Offset and CRC, as the bootloader tells them."""
    answer = bytes.fromhex(host.ask(CRC_GET))
    assert answer[:3].hex() == "600301"
    return int.from_bytes(answer[3:7], "little"), int.from_bytes(answer[7:], "little")


def with_object(fault: PacketFault) -> Host:
    """With the first object of an image sent over a faulty road."""
    host = host_of(fault)
    host.send_init_packet(INIT_PACKET)
    host.send_object(IMAGE[:PAGE])
    return host


def finish(host: Host) -> str:
    """Everything again from the object that was begun; the last answer."""
    return host.send_image(IMAGE)


@pytest.mark.fault("lost-packets")
def test_a_lost_packet_leaves_a_gap_and_the_object_is_sent_again() -> None:
    host = with_object(LostPackets(first=FIRST_DATA + 1))
    assert crc_of(host) == (PAGE - 244, zlib.crc32(IMAGE[:244] + IMAGE[488:PAGE]))
    assert host.ask(EXECUTE) == "600408"
    assert struck(host.unit) == ["lost-packets"]
    assert finish(host) == "600401"


@pytest.mark.fault("corrupted-packets")
def test_one_bit_of_a_corrupted_packet_is_turned_over() -> None:
    host = with_object(CorruptedPackets(first=FIRST_DATA))
    offset, crc = crc_of(host)
    assert offset == PAGE
    assert crc != zlib.crc32(IMAGE[:PAGE])
    got = host.unit.board.flash.read(0x2B000, PAGE)
    differences = [old ^ new for old, new in zip(IMAGE, got, strict=False) if old != new]
    assert [difference.bit_count() for difference in differences] == [1]
    assert struck(host.unit) == ["corrupted-packets"]


def test_a_corrupted_packet_that_nobody_notices_ends_in_0b_0c() -> None:
    host = with_object(CorruptedPackets(first=FIRST_DATA))
    assert host.ask(EXECUTE) == "600401"
    host.send_object(IMAGE[PAGE : 2 * PAGE])
    assert host.ask(EXECUTE) == "600401"
    host.send_object(IMAGE[2 * PAGE :])
    assert host.ask(EXECUTE) == "60040b0c"


@pytest.mark.fault("duplicated-packets")
def test_a_duplicated_packet_shifts_all_behind_it_and_the_last_one_loses_a_buffer() -> None:
    host = with_object(DuplicatedPackets(first=FIRST_DATA))
    # 16 whole packets are taken, the next one is refused with 03, the last and shorter one fits.
    taken = IMAGE[:244] + IMAGE[: 15 * 244] + IMAGE[16 * 244 : PAGE]
    assert crc_of(host) == (PAGE, zlib.crc32(taken))
    assert struck(host.unit) == ["duplicated-packets"]


def test_a_duplicate_of_the_last_packet_is_refused_and_nothing_else_happens_until_the_end() -> None:
    last = FIRST_DATA + 16
    host = with_object(DuplicatedPackets(first=last))
    assert crc_of(host) == (PAGE, zlib.crc32(IMAGE[:PAGE]))
    assert host.ask(EXECUTE) == "600401"


def test_duplicated_packets_lose_one_buffer_each_until_none_is_left() -> None:
    """Section 13: after 17 refused writes every packet is discarded."""
    last = FIRST_DATA + 16
    host = host_of(DuplicatedPackets(first=last, every=17))
    host.send_init_packet(INIT_PACKET)
    for _ in range(17):
        host.send_object(IMAGE[:PAGE])
        assert crc_of(host) == (PAGE, zlib.crc32(IMAGE[:PAGE]))
    host.send_object(IMAGE[:PAGE])
    assert crc_of(host) == (0, 0)
    assert struck(host.unit) == ["duplicated-packets"] * 18


@pytest.mark.fault("delayed-packets")
def test_late_packets_arrive_in_order_and_so_does_what_is_asked_behind_them() -> None:
    told = story_of(DelayedPackets(first=FIRST_DATA + 2, delay_s=2.0))
    told.enter_bootloader()
    told.send_init_packet()
    told.pass_time(told.now_s + SETTLED_S)
    told.create(then_wait_s=0.1)
    asked_s = told.now_s
    told.packets(TIMED_IMAGE[: 4 * 244])
    answer = bytes.fromhex(told.ask(GetCrc()))
    assert told.now_s - asked_s == pytest.approx(2.0 + 2 * 0.0025)
    assert int.from_bytes(answer[3:7], "little") == 4 * 244
    assert int.from_bytes(answer[7:], "little") == zlib.crc32(TIMED_IMAGE[: 4 * 244])
    assert struck(told.unit) == ["delayed-packets"]


def test_late_answers_come_in_order_and_die_with_the_link() -> None:
    told = story_of(DelayedPackets(direction=Direction.FROM_UNIT, delay_s=1.0))
    told.enter_bootloader()
    asked_s = told.now_s
    for size in (1, 2):
        request = encode_request(CreateObject(object_type=1, size=size))
        told.unit.receive(Channel.CONTROL, request, now_s=asked_s)
    told.unit.receive(Channel.CONTROL, encode_request(ExecuteObject()), now_s=asked_s)
    told.pass_time(asked_s + 0.999)
    assert not [said for _, said in told.said if isinstance(said, Notify)]
    told.pass_time(asked_s + 1.001)
    answers = [said.data.hex() for _, said in told.said if isinstance(said, Notify)]
    assert answers == ["600101", "600101", "600408"]


def test_what_is_late_when_the_link_goes_never_arrives() -> None:
    for direction in Direction:
        told = story_of(DelayedPackets(direction=direction, delay_s=1.0))
        told.enter_bootloader()
        told.unit.receive(Channel.PACKET, b"late", now_s=told.now_s)
        told.unit.receive(Channel.CONTROL, encode_request(GetCrc()), now_s=told.now_s)
        told.unit.disconnected(now_s=told.now_s)
        told.connect()
        told.pass_time(told.now_s + 5)
        assert not [said for _, said in told.said if isinstance(said, Notify | DropLink)]


def test_in_lock_step_nothing_is_late() -> None:
    host = with_object(DelayedPackets(every=1, delay_s=2.0))
    assert crc_of(host) == (PAGE, zlib.crc32(IMAGE[:PAGE]))
    assert struck(host.unit) == []
    assert idle(host.unit) == [("delayed-packets", "needs physics")]


def test_a_lost_answer_is_not_heard() -> None:
    host = host_of(LostPackets(first=2, direction=Direction.FROM_UNIT))
    assert host.ask(b"\x06\x01") != ""
    assert host.ask(b"\x06\x01") == ""
    assert host.ask(b"\x06\x01") != ""


# Serial frames.


def serial(fault: PacketFault) -> Host:
    return host_of(fault, profile=SDK15_3_UART)


def test_a_lost_serial_frame_is_not_answered() -> None:
    host = serial(LostPackets(first=2))
    assert [host.ask(b"\x09" + bytes([number])) for number in (1, 2, 3)] == [
        "60090101",
        "",
        "60090103",
    ]
    assert struck(host.unit) == ["lost-packets"]


def test_a_serial_frame_is_lost_however_it_is_cut_up() -> None:
    host = serial(LostPackets(first=2))
    whole = b"\x09\x01\xc0\x09\x02\xc0\x09\x03\xc0"
    assert "".join(host.line(bytes([octet])) for octet in whole) == "6009010160090103"


def test_a_duplicated_serial_frame_is_answered_twice() -> None:
    assert serial(DuplicatedPackets()).ask(b"\x09\x07") == "60090107" * 2


def test_a_corrupted_serial_frame_is_still_one_frame() -> None:
    host = serial(CorruptedPackets())
    host.ask(b"\x09\x07")
    assert host.ask(b"\x09\x07") == "60090107"
    assert struck(host.unit) == ["corrupted-packets"]


def test_half_a_serial_frame_dies_with_a_reset_of_the_unit() -> None:
    host = serial(LostPackets(first=100))
    assert host.line(b"\x09") == ""
    host.unit.board.registers.gpregret = 0xB1
    host.unit.reset(ResetKind.SOFT, now_s=0)
    assert host.line(b"\x07\xc0") == "6007018300"  # MTU_GET, a frame of its own


# The gate.


def gate(*faults: PacketFault, seed: int = 0) -> PacketGate:
    return PacketGate(faults, Random(seed), lambda _fault: None)


def passages(stood: PacketGate, count: int) -> Iterator[Passage]:
    return (stood.let_through(b"\0" * 8) for _ in range(count))


@pytest.mark.parametrize(
    ("fault", "gone"),
    [
        (LostPackets(), [1]),
        (LostPackets(first=3), [3]),
        (LostPackets(first=2, every=3), [2, 5, 8]),
        (LostPackets(every=1), list(range(1, 11))),
    ],
)
def test_which_packets_are_struck(fault: LostPackets, gone: list[int]) -> None:
    through = passages(gate(fault), 10)
    assert [number for number, one in enumerate(through, 1) if not one.packets] == gone


def test_a_share_is_drawn_and_the_same_seed_draws_the_same() -> None:
    def lost(seed: int) -> list[int]:
        through = passages(gate(LostPackets(share=0.2), seed=seed), 1000)
        return [number for number, one in enumerate(through) if not one.packets]

    assert lost(1) == lost(1)
    assert lost(1) != lost(2)
    assert 150 < len(lost(1)) < 250


def test_several_faults_strike_one_packet() -> None:
    both = gate(CorruptedPackets(), DuplicatedPackets(), DelayedPackets(delay_s=0.25))
    (one,) = passages(both, 1)
    assert len(one.packets) == 2
    assert one.packets[0] != bytes(8)
    assert one.delay_s == 0.25
    (none,) = passages(gate(LostPackets(), DuplicatedPackets(), CorruptedPackets()), 1)
    assert none.packets == ()


def test_a_packet_of_nothing_cannot_be_corrupted() -> None:
    assert gate(CorruptedPackets()).let_through(b"").packets == (b"",)
    assert gate(CorruptedPackets()).let_through(b"\xc0").packets == (b"\xc0",)


def test_a_frame_without_end_is_not_kept_for_ever() -> None:
    inbound = Inbound(Lane(gate(LostPackets(first=99))))
    assert list(inbound.send(Channel.SERIAL, bytes(LONGEST_FRAME), 0.0)) == []
    ((_, data),) = inbound.send(Channel.SERIAL, bytes(1), 0.0)
    assert data == bytes(LONGEST_FRAME + 1)
