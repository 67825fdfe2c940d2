"""Advertising data as a unit sends it (Core Specification Supplement, Part A)."""

from __future__ import annotations

from typing import Final

_FLAGS, _SOME_UUIDS16, _SOME_UUIDS128, _COMPLETE_NAME = 0x01, 0x02, 0x06, 0x09
GENERAL_DISCOVERABLE_NO_CLASSIC: Final = 0x06
NO_CLASSIC: Final = 0x04
"""Flags: discoverable for everyone, or, with a bond, for those who know it (spec section 11)."""
DFU_SERVICE: Final = 0xFE59
"""Nordic's 16-bit UUID of the Secure DFU service (spec section 11)."""
BOOTLOADER_NAME: Final = "DfuTarg"
BOOTLOADER_ADVERTISING_INTERVAL_MS: Final = 25.0
"""Name and interval of the bootloader's advertising (spec section 11)."""


def advertising_data(
    name: str | bytes,
    *,
    services: tuple[int, ...],
    long_services: tuple[bytes, ...] = (),
    flags: int = GENERAL_DISCOVERABLE_NO_CLASSIC,
) -> bytes:
    """Flags, incomplete lists of services, and the complete name (spec section 11).

    Args:
        name: ASCII, or bytes as they are; what exceeds 31 bytes in all is cut off.
        services: 16-bit UUIDs.
        long_services: 128-bit UUIDs, most significant byte first.
        flags: Value of the flags.
    """
    data = _field(_FLAGS, bytes([flags]))
    if services:
        data += _field(_SOME_UUIDS16, b"".join(uuid.to_bytes(2, "little") for uuid in services))
    if long_services:
        data += _field(_SOME_UUIDS128, b"".join(uuid[::-1] for uuid in long_services))
    room = 31 - len(data) - 2
    raw = name if isinstance(name, bytes) else name.encode("ascii", "replace")
    return data + _field(_COMPLETE_NAME, raw[:room])


def _field(kind: int, content: bytes) -> bytes:
    return bytes([1 + len(content), kind]) + content
