"""Captures of a Bluetooth controller's packets: btsnoop is read, btsnoop and pcap are written.

A packet is as on a UART (H4): its type in front (1 command, 2 ACL, 3 SCO, 4 event, 5 ISO; Core
spec, Vol 4, Part A, 2). A btsnoop record is that of RFC 1761 with its time in microseconds since
the year 0; pcap has the link type 201 (LINKTYPE_BLUETOOTH_HCI_H4_WITH_PHDR): four bytes, most
significant first, that say the direction, then the packet. All of btsnoop is most significant byte
first.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NoReturn

from firmline.errors import Code, InputError
from firmline.values import U32_MAX

BTSNOOP_MARK: Final = b"btsnoop\0"
_FILE_HEADER: Final = struct.Struct(">8sII")
_RECORD: Final = struct.Struct(">IIIIq")
"""Original size, size in the file, flags, packets dropped so far, time."""
VERSION: Final = 1
H1, H4 = 1001, 1002
"""Data links: packets without their type, which the flags tell, and with it."""
FROM_CONTROLLER: Final = 0x01
IS_COMMAND_OR_EVENT: Final = 0x02
UNIX_EPOCH_US: Final = 0x00DC_DDB3_0F2F_8000
"""1970-01-01 in microseconds since the year 0."""
MAX_PACKET: Final = 70_000
"""Largest packet, bytes: an ACL packet has 65,535 bytes of data at most, and its header."""
COMMAND, ACL, EVENT = 1, 2, 4
PCAP_MAGIC: Final = 0xA1B2_C3D4
PCAP_LINK_TYPE: Final = 201
_PCAP_HEADER: Final = struct.Struct("<IHHiIII")
_PCAP_RECORD: Final = struct.Struct("<IIII")
_DIRECTION: Final = struct.Struct(">I")
LAST_PCAP_US: Final = 2**32 * 1_000_000 - 1
"""Its seconds have 32 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedPacket:
    """One packet between host and controller.

    Attributes:
        time_us: Microseconds since 1970-01-01, UTC.
        from_controller: Its direction.
        data: The packet with its type in front, as far as it was kept.
        size: Bytes that it had; more than ``data`` where it was cut on purpose.
    """

    time_us: int
    from_controller: bool
    data: bytes
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A capture as it was read.

    Attributes:
        packets: In the order of the file.
        is_cut: Whether its last packet was cut off, which is left out then.
    """

    packets: tuple[CapturedPacket, ...]
    is_cut: bool


def is_btsnoop(content: bytes) -> bool:
    """Whether a file says that it is a btsnoop capture."""
    return content.startswith(BTSNOOP_MARK)


def read_btsnoop(content: bytes, *, name: str) -> Capture:
    """The packets of a btsnoop file, which may end anywhere.

    Args:
        content: The file.
        name: Its name, for messages.

    Raises:
        InputError: ``TRACE_MALFORMED``.
    """
    if not is_btsnoop(content) or len(content) < _FILE_HEADER.size:
        _refuse(name, "its header is missing")
    _, version, link = _FILE_HEADER.unpack_from(content)
    if version != VERSION or link not in (H1, H4):
        _refuse(
            name, f"version {version} with data link {link} is not read, only 1 with 1001 or 1002"
        )
    packets: list[CapturedPacket] = []
    offset = _FILE_HEADER.size
    while offset + _RECORD.size <= len(content):
        size, kept, flags, _, time_us = _RECORD.unpack_from(content, offset)
        if kept > MAX_PACKET or kept > size:
            _refuse(name, f"the packet at byte {offset} claims to have {kept:,} of {size:,} bytes")
        begin = offset + _RECORD.size
        if begin + kept > len(content):
            break
        data = content[begin : begin + kept]
        from_controller = bool(flags & FROM_CONTROLLER)
        if link == H1:
            data, size = bytes([_type_of(flags)]) + data, min(size + 1, U32_MAX)
        packets.append(
            CapturedPacket(
                time_us=time_us - UNIX_EPOCH_US,
                from_controller=from_controller,
                data=data,
                size=size,
            )
        )
        offset = begin + kept
    return Capture(packets=tuple(packets), is_cut=offset != len(content))


def _type_of(flags: int) -> int:
    """The type of a packet that comes without it."""
    if not flags & IS_COMMAND_OR_EVENT:
        return ACL
    return EVENT if flags & FROM_CONTROLLER else COMMAND


def encode_btsnoop(packets: Iterable[CapturedPacket]) -> bytes:
    """A btsnoop file with these packets."""
    parts = [_FILE_HEADER.pack(BTSNOOP_MARK, VERSION, H4)]
    for packet in packets:
        flags = FROM_CONTROLLER if packet.from_controller else 0
        if packet.data[:1] in (bytes([COMMAND]), bytes([EVENT])):
            flags |= IS_COMMAND_OR_EVENT
        time_us = packet.time_us + UNIX_EPOCH_US
        parts.append(_RECORD.pack(packet.size, len(packet.data), flags, 0, time_us) + packet.data)
    return b"".join(parts)


def encode_pcap(packets: Iterable[CapturedPacket]) -> bytes:
    """A pcap file with these packets; times before 1970 and after 2106 are its first and last."""
    snapshot = MAX_PACKET + _DIRECTION.size
    parts = [_PCAP_HEADER.pack(PCAP_MAGIC, 2, 4, 0, 0, snapshot, PCAP_LINK_TYPE)]
    for packet in packets:
        seconds, micros = divmod(min(max(packet.time_us, 0), LAST_PCAP_US), 1_000_000)
        data = _DIRECTION.pack(packet.from_controller) + packet.data
        size = min(packet.size + _DIRECTION.size, U32_MAX)
        parts.append(_PCAP_RECORD.pack(seconds, micros, len(data), size) + data)
    return b"".join(parts)


def _refuse(name: str, why: str) -> NoReturn:
    raise InputError(Code.TRACE_MALFORMED, f"{name} is no btsnoop capture: {why}.")
