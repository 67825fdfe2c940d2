"""The btsnoop file: what Wireshark reads."""

from __future__ import annotations

import asyncio
import struct

from bumble import hci
from bumble.l2cap import L2CAP_PDU
from bumble.snoop import BtSnooper, Snooper

from firmline.links.bumble.btsnoop import BtsnoopWriter

TO_CONTROLLER = Snooper.Direction.HOST_TO_CONTROLLER
TO_HOST = Snooper.Direction.CONTROLLER_TO_HOST


def acl(cid: int, pdu: bytes) -> bytes:
    data = bytes(L2CAP_PDU(cid, pdu))
    return bytes(
        hci.HCI_AclDataPacket(
            connection_handle=1, pb_flag=0, bc_flag=0, data_total_length=len(data), data=data
        )
    )


def records(file: bytes) -> list[tuple[int, int, bytes]]:
    """Flags, microseconds and packet of each, read by hand from the format (RFC 1761)."""
    assert file[:16] == b"btsnoop\0" + struct.pack(">LL", 1, 1002)
    found, offset = [], 16
    while offset < len(file):
        size, included, flags, drops, time_us = struct.unpack_from(">IIIIQ", file, offset)
        assert size == included
        assert drops == 0
        packet = file[offset + 24 : offset + 24 + size]
        assert len(packet) == size
        found.append((flags, time_us, packet))
        offset += 24 + size
    return found


async def test_every_packet_is_written_at_once_with_its_direction() -> None:
    file = bytearray()
    writer = BtsnoopWriter(file.extend)
    reset, answer = bytes(hci.HCI_Reset_Command()), bytes.fromhex("040e0401030c00")
    data = acl(4, b"\x52\x03\x00data")
    for packet, direction in ((reset, TO_CONTROLLER), (answer, TO_HOST), (data, TO_CONTROLLER)):
        writer.snoop(packet, direction)
    assert [(flags, packet) for flags, _, packet in records(bytes(file))] == [
        (2, reset),
        (3, answer),
        (0, data),
    ]


async def test_times_are_the_loops_behind_the_clocks() -> None:
    file, theirs = bytearray(), bytearray()

    class Output:
        def write(self, data: bytes) -> None:
            theirs.extend(data)

    writer = BtsnoopWriter(file.extend)
    BtSnooper(Output()).snoop(b"\x01\x03\x0c\x00", TO_CONTROLLER)  # type: ignore[arg-type]
    writer.snoop(b"\x01\x03\x0c\x00", TO_CONTROLLER)
    await asyncio.sleep(0.05)
    writer.snoop(b"\x01\x03\x0c\x00", TO_CONTROLLER)
    (_, first_us, _), (_, second_us, _) = records(bytes(file))
    (_, bumbles_us, _) = records(bytes(theirs))[0]
    assert abs(first_us - bumbles_us) < 1_000_000
    assert second_us - first_us >= 50_000
