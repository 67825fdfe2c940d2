"""Captures: read as other tools write them, written as other tools read them, bounded."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from bumble.snoop import BtSnooper, PcapSnooper, Snooper
from hypothesis import given
from hypothesis import strategies as st

from firmline.errors import Code, InputError
from firmline.formats.hci_capture import (
    Capture,
    CapturedPacket,
    encode_btsnoop,
    encode_pcap,
    is_btsnoop,
    read_btsnoop,
)

RESET = b"\x01\x03\x0c\x00"
DONE = b"\x04\x0e\x04\x01\x03\x0c\x00"
WRITE = b"\x02\x01\x00\x09\x00\x05\x00\x04\x00\x12\x10\x00\x06\x01"
NOW_US = 1_772_368_200_250_000


def packet(data: bytes, *, from_controller: bool = False, time_us: int = NOW_US) -> CapturedPacket:
    return CapturedPacket(
        time_us=time_us, from_controller=from_controller, data=data, size=len(data)
    )


PACKETS = (packet(RESET), packet(DONE, from_controller=True), packet(WRITE))


def read(content: bytes) -> Capture:
    return read_btsnoop(content, name="x.btsnoop")


def refused(content: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(content)
    assert caught.value.code is Code.TRACE_MALFORMED
    return caught.value.message


def test_what_is_written_is_read() -> None:
    content = encode_btsnoop(PACKETS)
    assert is_btsnoop(content)
    assert read(content) == Capture(packets=PACKETS, is_cut=False)


def test_a_capture_in_bytes_is_exactly_this() -> None:
    content = encode_btsnoop(PACKETS[1:2])
    assert content[:16] == b"btsnoop\0\0\0\0\1\0\0\3\xea"
    assert content[16:32] == struct.pack(">IIII", 7, 7, 3, 0)
    since_2000_us = NOW_US - 946_684_800_000_000
    assert content[32:40] == (0x00E03AB44A676000 + since_2000_us).to_bytes(8, "big")
    assert content[40:] == DONE


def test_bumble_reads_the_same_records() -> None:
    """Its writer, given the same packets, writes the same bytes but for the time."""
    output = io.BytesIO()
    snooper = BtSnooper(output)
    for each in PACKETS:
        snooper.snoop(each.data, Snooper.Direction(each.from_controller))
    theirs = read(output.getvalue())
    assert [(each.data, each.from_controller) for each in theirs.packets] == [
        (each.data, each.from_controller) for each in PACKETS
    ]
    age_s = datetime.now(UTC).timestamp() - theirs.packets[0].time_us / 1e6
    assert 0 <= age_s < 3600
    assert encode_btsnoop(theirs.packets) == output.getvalue()


def test_bumble_writes_the_same_pcap(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromtimestamp(NOW_US / 1e6, tz)

    monkeypatch.setattr("bumble.snoop.datetime.datetime", Clock)
    output = io.BytesIO()
    snooper = PcapSnooper(output)
    for each in PACKETS:
        snooper.snoop(each.data, Snooper.Direction(each.from_controller))
    theirs, ours = output.getvalue(), encode_pcap(PACKETS)
    assert ours[24:] == theirs[24:]
    same = struct.Struct("<IHHiI4xI")  # all but the longest packet, which each chooses
    assert same.unpack_from(ours) == same.unpack_from(theirs)


@pytest.mark.parametrize(("time_us", "seconds"), [(-5, 0), (2**60, 2**32 - 1)])
def test_a_pcap_has_times_from_1970_to_2106(time_us: int, seconds: int) -> None:
    content = encode_pcap([packet(RESET, time_us=time_us)])
    assert struct.unpack_from("<I", content, 24) == (seconds,)


def test_packets_without_their_type_get_it_from_the_flags() -> None:
    header = struct.pack(">8sII", b"btsnoop\0", 1, 1001)
    flagged = [(0, WRITE), (2, RESET), (3, DONE), (1, WRITE)]
    records = b"".join(
        struct.pack(">IIIIq", len(data) - 1, len(data) - 1, flags, 0, 0) + data[1:]
        for flags, data in flagged
    )
    found = read(header + records).packets
    assert [each.data for each in found] == [data for _, data in flagged]
    assert [each.size for each in found] == [len(data) for _, data in flagged]


def test_a_packet_that_was_cut_on_purpose_keeps_its_size() -> None:
    header = struct.pack(">8sII", b"btsnoop\0", 1, 1002)
    record = struct.pack(">IIIIq", 300, 4, 2, 0, 0) + RESET
    (found,) = read(header + record).packets
    assert (found.size, found.data) == (300, RESET)
    pcap = encode_pcap([found])
    assert struct.unpack_from("<II", pcap, 32) == (8, 304)


@pytest.mark.parametrize("link", [1001, 1002])
def test_a_size_that_no_packet_has_overflows_nothing(link: int) -> None:
    header = struct.pack(">8sII", b"btsnoop\0", 1, link)
    found = read(header + struct.pack(">IIIIq", 2**32 - 1, 4, 2, 0, 0) + RESET).packets
    assert struct.unpack_from("<I", encode_pcap(found), 36) == (2**32 - 1,)
    assert read(encode_btsnoop(found)).packets == found


def test_a_capture_that_ends_anywhere_is_read_up_to_there() -> None:
    content = encode_btsnoop(PACKETS)
    ends = [16]
    for each in PACKETS:
        ends.append(ends[-1] + 24 + len(each.data))
    for end in range(16, len(content) + 1):
        found = read(content[:end])
        whole = sum(at <= end for at in ends) - 1
        assert found.packets == PACKETS[:whole]
        assert found.is_cut == (end not in ends)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"btsnoop\0\0\0\0\1\0\0\3", "its header is missing"),
        (b"\xd4\xc3\xb2\xa1" + bytes(20), "its header is missing"),
        (struct.pack(">8sII", b"btsnoop\0", 1, 2001), "version 1 with data link 2001 is not read"),
        (struct.pack(">8sII", b"btsnoop\0", 2, 1002), "version 2 with data link 1002 is not read"),
        (
            struct.pack(">8sIIIIIIq", b"btsnoop\0", 1, 1002, 2**32 - 1, 2**32 - 1, 0, 0, 0),
            "the packet at byte 16 claims to have 4,294,967,295 of",
        ),
        (
            struct.pack(">8sIIIIIIq", b"btsnoop\0", 1, 1002, 3, 4, 0, 0, 0) + RESET,
            "the packet at byte 16 claims to have 4 of 3 bytes",
        ),
    ],
)
def test_what_is_no_capture_is_refused_in_a_sentence(content: bytes, why: str) -> None:
    assert refused(content).startswith(f"x.btsnoop is no btsnoop capture: {why}")


@given(st.binary(max_size=300))
def test_no_bytes_lead_to_anything_but_a_sentence(rest: bytes) -> None:
    content = struct.pack(">8sII", b"btsnoop\0", 1, 1002) + rest
    try:
        found = read(content)
    except InputError as error:
        sentence = error.message
    else:
        assert encode_pcap(found.packets)
        return
    assert "claims to have" in sentence
