"""Advertising data as a unit sends it (Core Specification Supplement, Part A)."""

from __future__ import annotations

from typing import Final

_FLAGS, _SOME_UUIDS16, _COMPLETE_NAME = 0x01, 0x02, 0x09
GENERAL_DISCOVERABLE_NO_CLASSIC: Final = 0x06
DFU_SERVICE: Final = 0xFE59
"""Nordic's 16-bit UUID of the Secure DFU service (spec section 11)."""


def advertising_data(name: str, *, services: tuple[int, ...]) -> bytes:
    """Flags, an incomplete list of 16-bit services, and the complete name (spec section 11).

    Args:
        name: ASCII; what exceeds 31 bytes in all is cut off.
        services: 16-bit UUIDs.
    """
    data = _field(_FLAGS, bytes([GENERAL_DISCOVERABLE_NO_CLASSIC]))
    if services:
        data += _field(_SOME_UUIDS16, b"".join(uuid.to_bytes(2, "little") for uuid in services))
    room = 31 - len(data) - 2
    return data + _field(_COMPLETE_NAME, name.encode("ascii", "replace")[:room])


def _field(kind: int, content: bytes) -> bytes:
    return bytes([1 + len(content), kind]) + content
