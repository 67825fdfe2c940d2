"""What a capture of a controller's packets may hold: everything but keys.

A capture is evidence that is handed on, and a long term key in it opens every captured connection.
Keys go over HCI in a few commands and an event, and over the link, encrypted there but not here, in
three packets of the Security Manager. They are replaced by zeros; all else is as it was.
"""

from __future__ import annotations

from typing import Final

_KEY_SIZE: Final = 16
_KEYS_AT: Final = {
    (0x2017).to_bytes(2, "little"): (4, _KEY_SIZE),
    (0x2019).to_bytes(2, "little"): (4 + 2 + 8 + 2, _KEY_SIZE),
    (0x201A).to_bytes(2, "little"): (4 + 2, _KEY_SIZE),
    (0x2027).to_bytes(2, "little"): (4 + 1 + 6, 2 * _KEY_SIZE),
}
"""Where keys begin in LE Encrypt, LE Enable Encryption, LE Long Term Key Request Reply and LE Add
Device To Resolving List, and how long they are (Core spec, Vol 4, Part E, 7.8.22, 7.8.24, 7.8.25
and 7.8.38)."""
_LE_META, _DHKEY_COMPLETE = b"\x3e", b"\x09"
_DHKEY_AT, _DHKEY_SIZE = 5, 32
"""LE Generate DHKey Complete: a shared secret (Core spec, Vol 4, Part E, 7.7.65.9)."""
_SMP_CHANNEL: Final = (0x0006).to_bytes(2, "little")
_CHANNEL: Final = slice(7, 9)
_CODE: Final = 9
_KEY_CODES: Final = frozenset({0x06, 0x08, 0x0A})
"""Encryption, identity and signing information: one key each (Core spec, Vol 3, Part H, 3.6)."""


def without_keys(packet: bytes) -> bytes:
    """A packet between host and controller with zeros for keys.

    It begins with its type: 1 is a command, 2 is data, 4 is an event (H4, Core spec, Vol 4, Part A,
    2).

    Args:
        packet: Whole, of either direction.
    """
    match packet[:1]:
        case b"\x01":
            begin, size = _KEYS_AT.get(packet[1:3], (len(packet), 0))
        case b"\x02" if packet[_CHANNEL] == _SMP_CHANNEL and _hands_over_a_key(packet):
            begin, size = _CODE + 1, _KEY_SIZE
        case b"\x04" if packet[1:2] == _LE_META and packet[3:4] == _DHKEY_COMPLETE:
            begin, size = _DHKEY_AT, _DHKEY_SIZE
        case _:
            return packet
    end = min(begin + size, len(packet))
    return packet[:begin] + bytes(max(0, end - begin)) + packet[end:]


def _hands_over_a_key(packet: bytes) -> bool:
    return len(packet) > _CODE and packet[_CODE] in _KEY_CODES
