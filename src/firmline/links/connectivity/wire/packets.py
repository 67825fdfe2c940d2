"""Packets of the dongle's serial link: a header of four bytes, a payload, and mostly a CRC.

The Bluetooth three-wire transport (Core spec, Vol 4, Part D), of which the dongle uses a part
(nrf-connectivity spec, "Link layer"): SLIP frames with END at both ends; in the header sequence and
acknowledgement numbers of three bits, the kind and a length of twelve bits, all under a checksum.
"""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from firmline.errors import LocalProtocolError
from firmline.protocol.slip import encode_frame

HEADER_SIZE: Final = 4
CRC_SIZE: Final = 2
MAX_PAYLOAD: Final = 0xFFF
"""Twelve bits of length."""
MAX_FRAME: Final = HEADER_SIZE + MAX_PAYLOAD + CRC_SIZE
"""Bytes of the longest packet, before it is escaped."""
NUMBERS: Final = 8
"""Sequence and acknowledgement numbers are counted modulo this."""
_END: Final = b"\xc0"
_CRC_START: Final = 0xFFFF
_HAS_CRC: Final = 0x40
_IS_RELIABLE: Final = 0x80


class PacketKind(IntEnum):
    """What a packet is for; of the sixteen there can be, those that the dongle uses."""

    ACK = 0
    RESET = 5
    """The maker's own: whoever hears it restarts."""
    VENDOR = 14
    """Commands, responses and events."""
    LINK_CONTROL = 15


class Damage(StrEnum):
    """Why a frame is no packet."""

    SHORT = "short"
    HEADER = "header"
    LENGTH = "length"
    CRC = "crc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One packet.

    Attributes:
        kind: What it is for: a :class:`PacketKind`, or a number that is none.
        payload: What it carries, at most 4095 bytes.
        sequence: Its number, 0 to 7; of reliable packets alone.
        acknowledges: The number that its sender expects next.
        is_reliable: Whether it is to be acknowledged.
        has_crc: Whether a CRC-16 stands behind the payload.
    """

    kind: int
    payload: bytes = b""
    sequence: int = 0
    acknowledges: int = 0
    is_reliable: bool = False
    has_crc: bool = False


def encode_packet(packet: Packet) -> bytes:
    """The frame of a packet, with END in front and behind.

    Raises:
        LocalProtocolError: The payload is too long.
    """
    size = len(packet.payload)
    if size > MAX_PAYLOAD:
        raise LocalProtocolError(f"A packet to a dongle carries 4095 bytes, not {size}.")
    first = packet.sequence | packet.acknowledges << 3
    first |= (_HAS_CRC if packet.has_crc else 0) | (_IS_RELIABLE if packet.is_reliable else 0)
    second, third = packet.kind | (size & 0xF) << 4, size >> 4
    body = bytes((first, second, third, -(first + second + third) & 0xFF)) + packet.payload
    if packet.has_crc:
        body += crc_hqx(body, _CRC_START).to_bytes(CRC_SIZE, "little")
    return _END + encode_frame(body)


def decode_packet(frame: bytes) -> Packet | Damage:
    """The packet in a frame, or why it is none.

    Args:
        frame: What stood between two ENDs, unescaped.
    """
    if len(frame) < HEADER_SIZE:
        return Damage.SHORT
    first, second, third, _ = header = frame[:HEADER_SIZE]
    if sum(header) & 0xFF:
        return Damage.HEADER
    size = second >> 4 | third << 4
    has_crc = bool(first & _HAS_CRC)
    end = HEADER_SIZE + size
    if len(frame) != end + (CRC_SIZE if has_crc else 0):
        return Damage.LENGTH
    if has_crc and crc_hqx(frame[:end], _CRC_START) != int.from_bytes(frame[end:], "little"):
        return Damage.CRC
    return Packet(
        kind=second & 0xF,
        payload=frame[HEADER_SIZE:end],
        sequence=first & 7,
        acknowledges=first >> 3 & 7,
        is_reliable=bool(first & _IS_RELIABLE),
        has_crc=has_crc,
    )
