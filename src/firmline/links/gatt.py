"""What every Bluetooth backend needs to know of Nordic's DFU services, and nothing of a stack.

Rules of this room: numbers, text and bytes only. No backend is imported here, so that each of
them can import it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.base import DeviceInformation
from firmline.protocol.channels import Channel
from firmline.values import RadioAddress

SECURE_DFU_SERVICE: Final = 0xFE59
"""16-bit UUID of Nordic's Secure DFU service (Bluetooth assigned numbers, 16-bit UUIDs)."""

DEVICE_INFORMATION_SERVICE: Final = 0x180A
"""16-bit UUID of the Device Information Service (Bluetooth assigned numbers)."""

CHANNEL_UUIDS: Final[dict[Channel, str]] = {
    Channel.CONTROL: "8EC90001-F315-4F60-9FB8-838830DAEA50",
    Channel.PACKET: "8EC90002-F315-4F60-9FB8-838830DAEA50",
    Channel.BUTTONLESS: "8EC90003-F315-4F60-9FB8-838830DAEA50",
    Channel.BUTTONLESS_BONDED: "8EC90004-F315-4F60-9FB8-838830DAEA50",
    Channel.BUTTONLESS_EXPERIMENTAL: "8E400001-F315-4F60-9FB8-838830DAEA50",
}
"""The characteristics of the Secure DFU service (spec section 11), and the one of SDK 12."""

_CHANNELS: Final = {uuid: channel for channel, uuid in CHANNEL_UUIDS.items()}

EXPERIMENTAL_SERVICE: Final = "8E400001-F315-4F60-9FB8-838830DAEA50"
"""The buttonless service of SDK 12, which has the UUID of its one characteristic. Request 01,
answer 20 01 01 by notification, then it disconnects and restarts (as the maker's own libraries for
phones describe it). Others use this UUID for services of their own, so that only the characteristic
tells."""

LEGACY_DFU_SERVICE: Final = "00001530-1212-EFDE-1523-785FEABCD123"
LEGACY_CONTROL: Final = "00001531-1212-EFDE-1523-785FEABCD123"
LEGACY_PACKET: Final = "00001532-1212-EFDE-1523-785FEABCD123"
"""DFU service of SDKs before 12 and its characteristics, which nothing here speaks to."""

SMP_SERVICE: Final = "8D53DC1D-1DB7-4CD3-868B-8A527460AA84"
SMP_CHARACTERISTIC: Final = "DA2E7828-FBCE-4E01-AE9E-261174997C48"
"""Service of MCUboot's management protocol (Zephyr's SMP over Bluetooth), likewise."""

BATTERY_SERVICE: Final = 0x180F
BATTERY_LEVEL: Final = 0x2A19
"""The Battery Service and its level, one byte, percent (Bluetooth assigned numbers)."""

INFORMATION_FIELDS: Final[dict[int, str]] = {
    0x2A24: "model",
    0x2A25: "serial_number",
    0x2A26: "firmware_revision",
    0x2A27: "hardware_revision",
    0x2A28: "software_revision",
    0x2A29: "manufacturer",
}
"""Characteristics of the Device Information Service, by their field in DeviceInformation."""

DEFAULT_MTU: Final = 23
"""ATT MTU before anyone asks for another (Core spec, Vol 3, Part G, 5.2.1)."""

NEEDS_ENCRYPTION: Final = frozenset({0x05, 0x0C, 0x0F})
"""ATT errors of what is closed on this link and open on one that is encrypted (Core spec, Vol 3,
Part F, 3.4.1.1): insufficient authentication, key size, encryption."""

SUPERVISION_TIMEOUT: Final = 0x08
"""HCI reason: the peer was not heard any more (Core spec, Vol 1, Part F, 2.8)."""

MIC_FAILURE: Final = 0x3D
"""HCI reason: the sides encrypt with different keys (Core spec, Vol 1, Part F, 2.57)."""

REMOTE_USER_TERMINATED: Final = 0x13
"""HCI reason: the other side ended the connection (Core spec, Vol 1, Part F, 2.19)."""

LOCAL_HOST_TERMINATED: Final = 0x16
"""HCI reason: this side ended the connection (Core spec, Vol 1, Part F, 2.22)."""

FAILED_TO_BE_ESTABLISHED: Final = 0x3E
"""HCI reason: the peer did not answer within six intervals (Core spec, Vol 1, Part F, 2.58). It
happens in a crowded air, and to try again is all that helps."""

UNKNOWN_CONNECTION: Final = 0x02
"""HCI error: there is no such connection (Core spec, Vol 1, Part F, 2.2)."""

_TEXT_LIMIT = 64  # Characters; longer than any advertised name or revision of use.
_NAME_TYPES = (0x09, 0x08)  # Complete and shortened local name (CSS, Part A, 1.2).
_UUID16_TYPES = (0x02, 0x03)  # Incomplete and complete list of 16-bit UUIDs (CSS, Part A, 1.1).
_UUID128_TYPES = (0x06, 0x07)  # The same of 128-bit UUIDs.
_UUID128_SIZE = 16
_MAX_PERCENT = 100


def channel_of(uuid: str, *, speaks: bool) -> Channel | None:
    """The channel that a characteristic of a DFU service is; ``None``: none, it is left alone.

    Args:
        uuid: Of the characteristic, as upper-case text.
        speaks: Whether it notifies or indicates. The one of SDK 12 does: one that does not is
            somebody else's characteristic with its UUID.
    """
    channel = _CHANNELS.get(uuid)
    return None if channel is Channel.BUTTONLESS_EXPERIMENTAL and not speaks else channel


def subscription(*, indicates: bool) -> bytes:
    """What is written to a descriptor to hear its characteristic (Core, Vol 3, Part G, 3.3.3.3)."""
    return b"\x02\x00" if indicates else b"\x01\x00"


def clean_text(raw: bytes) -> str:
    """A string from a unit, made safe to print: UTF-8 with the rest replaced, capped."""
    text = raw.decode("utf-8", errors="replace")
    return "".join(char for char in text if char.isprintable()).strip()[:_TEXT_LIMIT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertised:
    """What a unit says of itself in its advertising data.

    Attributes:
        name: Its local name, cleaned; empty where it sends none.
        services: The 16-bit service UUIDs it lists.
        long_services: The 128-bit ones, as upper-case text with hyphens.
    """

    name: str = ""
    services: frozenset[int] = field(default_factory=frozenset)
    long_services: frozenset[str] = field(default_factory=frozenset)


def parse_advertising(data: bytes) -> Advertised:
    """Parse advertising data; what is cut short or malformed is left out, never an error.

    Args:
        data: Length, type, value structures (Core spec, Vol 3, Part C, 11).
    """
    names: dict[int, str] = {}
    services: set[int] = set()
    long_services: set[str] = set()
    offset = 0
    while offset < len(data) and (length := data[offset]) > 0:
        structure = data[offset + 1 : offset + 1 + length]
        offset += 1 + length
        if len(structure) < length:
            break
        kind, value = structure[0], structure[1:]
        if kind in _NAME_TYPES:
            names[kind] = clean_text(value)
        elif kind in _UUID16_TYPES:
            pairs = range(0, len(value) - 1, 2)
            services.update(int.from_bytes(value[at : at + 2], "little") for at in pairs)
        elif kind in _UUID128_TYPES:
            whole = range(0, len(value) - _UUID128_SIZE + 1, _UUID128_SIZE)
            long_services.update(uuid_text(value[at : at + _UUID128_SIZE]) for at in whole)
    name = next((names[kind] for kind in _NAME_TYPES if kind in names), "")
    return Advertised(
        name=name, services=frozenset(services), long_services=frozenset(long_services)
    )


def uuid_text(raw: bytes) -> str:
    """A 128-bit UUID as upper-case text with hyphens.

    Args:
        raw: 16 bytes, little-endian, as in the air.
    """
    digits = raw[::-1].hex().upper()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def battery_percent(raw: bytes) -> int | None:
    """A battery level that was read; ``None`` where it is no percentage."""
    return raw[0] if len(raw) == 1 and raw[0] <= _MAX_PERCENT else None


def information_from(values: dict[int, bytes]) -> DeviceInformation:
    """Name what was read from the Device Information Service.

    Args:
        values: The raw values by 16-bit UUID; others than the known six are left out.
    """
    known = {uuid: name for uuid, name in INFORMATION_FIELDS.items() if uuid in values}
    return DeviceInformation(**{name: clean_text(values[uuid]) for uuid, name in known.items()})


def lost(peer: RadioAddress, hci_reason: int | None) -> TransportError:
    """The error of a connection that is gone."""
    why = "" if hci_reason is None else f" (HCI reason 0x{hci_reason:02X})"
    return TransportError(
        Code.LINK_LOST,
        f"The connection to {peer} was lost{why}.",
        reason=TransportReason.LOST,
        hci_reason=hci_reason,
    )


def timed_out(peer: RadioAddress, what: str, timeout_s: float) -> TransportError:
    """The error of a wait that was in vain."""
    return TransportError(
        Code.LINK_TIMEOUT,
        f"{peer} did not {what} within {timeout_s:g} s.",
        reason=TransportReason.TIMEOUT,
    )


def still_connected(peer: RadioAddress, timeout_s: float) -> TransportError:
    """The error of a wait for the end of a connection that this computer has to an address."""
    return TransportError(
        Code.LINK_TIMEOUT,
        f"This computer is connected to {peer} already, and was so for {timeout_s:g} s; a radio has"
        " one connection to an address.",
        reason=TransportReason.TIMEOUT,
    )


def radio_busy(peer: RadioAddress, waited_s: float) -> TransportError:
    """The error of a wait for the radio's turn to connect: the unit itself was never called."""
    return TransportError(
        Code.LINK_TIMEOUT,
        f"{peer} was not connected to within {waited_s:g} s: the radio was busy with other"
        " connections.",
        reason=TransportReason.TIMEOUT,
        hint="Update fewer units at once over this radio, or share them between several radios.",
    )


def refused(peer: RadioAddress, what: str, att_status: int) -> TransportError:
    """The error of a request that the unit answered with an ATT error."""
    return TransportError(
        Code.LINK_REFUSED,
        f"{peer} refused {what} with ATT error 0x{att_status:02X}.",
        reason=TransportReason.REFUSED,
        att_status=att_status,
    )


def not_found(peer: RadioAddress, timeout_s: float) -> TransportError:
    """The error of a unit that was not in the air."""
    return TransportError(
        Code.UNIT_NOT_FOUND,
        f"{peer} was not seen within {timeout_s:g} s.",
        reason=TransportReason.NOT_FOUND,
    )
