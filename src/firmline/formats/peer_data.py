"""The keys of a bonded host, as an application leaves them for its bootloader in the settings page.

64 bytes at 0x324 of the page (bootloader spec, section 8): CRC-32 of the rest, then the structures
of the SoftDevice's interface, each as a C compiler lays it out. All little-endian:

====== ==== ====================================================================
offset size field
====== ==== ====================================================================
0      4    CRC-32 of the 60 bytes behind it; FFFFFFFF: nothing is stored
4      16   identity resolving key
20     7    identity address: its kind (1: random static), then 6 bytes, lowest first
27     1    filler
28     16   long term key
44     1    bit 0: LE Secure Connections; bit 1: authenticated; above: key length
45     1    filler
46     10   EDIV (2) and RAND (8); zero with Secure Connections
56     8    CCCDs of the system's services: that of Service Changed (below)
====== ==== ====================================================================

The SoftDevice keeps each CCCD as its handle (2), the size of its value (2) and the value (2), and a
checksum (2) behind the last; of Service Changed, the one there is, these are the 8 bytes. How the
checksum is made is not published: it is left zero here, and not looked at.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Final

from firmline.values import BleAddress

PEER_DATA_SIZE: Final = 64
KEY_SIZE: Final = 16
NO_PEER_DATA: Final = b"\xff" * PEER_DATA_SIZE
_RANDOM_STATIC: Final = 1
_SECURE_CONNECTIONS, _AUTHENTICATED, _LENGTH_SHIFT = 0x01, 0x02, 2
_IRK: Final = slice(4, 20)
_KIND: Final = 20
_ADDRESS: Final = slice(21, 27)
_LTK: Final = slice(28, 44)
_FLAGS: Final = 44
_CHANGED_CCCD: Final = slice(56, 62)
SERVICE_CHANGED_CCCD: Final = 0x000B
"""Handle of the CCCD of Service Changed with a SoftDevice: the services of GAP (0x0001) and GATT
(0x0008) come first, and the product's begin at 0x000C."""
_HEARS_CHANGES: Final = SERVICE_CHANGED_CCCD.to_bytes(2, "little") + b"\x02\x00\x02\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerKeys:
    """What one side of a bond keeps of the other. Keys are secret: no text of it shows them.

    Attributes:
        address: The other side's identity address, random static.
        ltk: Long term key, with which the link is encrypted again, 16 bytes as HCI takes it.
        irk: Identity resolving key, 16 bytes; zeros: none.
        authenticated: Whether the pairing was protected against somebody in the middle.
        hears_changes: Whether the other side has subscribed to Service Changed.
    """

    address: BleAddress
    ltk: bytes = field(repr=False)
    irk: bytes = field(default=bytes(KEY_SIZE), repr=False)
    authenticated: bool = False
    hears_changes: bool = False


def encode_peer_data(keys: PeerKeys) -> bytes:
    """The 64 bytes that an application stores, of a bond made with LE Secure Connections."""
    data = bytearray(PEER_DATA_SIZE)
    data[_IRK] = keys.irk
    data[_KIND] = _RANDOM_STATIC
    data[_ADDRESS] = keys.address.octets[::-1]
    data[_LTK] = keys.ltk
    authenticated = _AUTHENTICATED if keys.authenticated else 0
    data[_FLAGS] = _SECURE_CONNECTIONS | authenticated | KEY_SIZE << _LENGTH_SHIFT
    if keys.hears_changes:
        data[_CHANGED_CCCD] = _HEARS_CHANGES
    data[:4] = zlib.crc32(data[4:]).to_bytes(4, "little")
    return bytes(data)


def decode_peer_data(data: bytes) -> PeerKeys | None:
    """The keys in 64 bytes of a settings page; ``None``: none are stored there, or damaged ones."""
    if data == NO_PEER_DATA or int.from_bytes(data[:4], "little") != zlib.crc32(data[4:]):
        return None
    return PeerKeys(
        address=BleAddress(bytes(data[_ADDRESS])[::-1]),
        ltk=bytes(data[_LTK]),
        irk=bytes(data[_IRK]),
        authenticated=bool(data[_FLAGS] & _AUTHENTICATED),
        hears_changes=data[_CHANGED_CCCD] == _HEARS_CHANGES,
    )
