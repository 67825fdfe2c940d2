"""What a capture of a controller's packets may hold: everything but keys.

A capture is evidence that is handed on, and a long term key in it opens every captured connection.
Keys go over HCI in two commands, and over the link, encrypted there but not here, in three packets
of the Security Manager. They are replaced by zeros; all else is as it was.
"""

from __future__ import annotations

from typing import Final

_COMMAND, _ACL_DATA = 0x01, 0x02
"""H4 packet types (Core spec, Vol 4, Part A, 2)."""
_KEY_AT: Final = {
    (0x2019).to_bytes(2, "little"): 4 + 2 + 8 + 2,
    (0x201A).to_bytes(2, "little"): 4 + 2,
}
"""Where a key begins in LE Enable Encryption and LE Long Term Key Request Reply (Core spec, Vol 4,
Part E, 7.8.24 and 7.8.25)."""
_KEY_SIZE: Final = 16
_SMP_CHANNEL: Final = (0x0006).to_bytes(2, "little")
_CHANNEL: Final = slice(7, 9)
_CODE: Final = 9
_KEY_CODES: Final = frozenset({0x06, 0x08, 0x0A})
"""Encryption, identity and signing information: one key each (Core spec, Vol 3, Part H, 3.6)."""


def without_keys(packet: bytes) -> bytes:
    """A packet between host and controller (H4) with zeros for keys.

    Args:
        packet: Whole, of either direction.
    """
    kind = packet[:1]
    if kind == bytes([_COMMAND]):
        begin = _KEY_AT.get(packet[1:3])
        return packet if begin is None else _blank(packet, begin)
    is_smp = kind == bytes([_ACL_DATA]) and packet[_CHANNEL] == _SMP_CHANNEL
    if is_smp and packet[_CODE : _CODE + 1] and packet[_CODE] in _KEY_CODES:
        return _blank(packet, _CODE + 1)
    return packet


def _blank(packet: bytes, begin: int) -> bytes:
    end = min(begin + _KEY_SIZE, len(packet))
    return packet[:begin] + bytes(max(0, end - begin)) + packet[end:]
