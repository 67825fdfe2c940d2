"""What a dongle tells of its own accord, as values; units as in :mod:`.messages`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmline.links.connectivity.wire.messages import (
    DataLengths,
    Handles,
    LinkParameters,
    Peer,
    Phys,
    Uuid,
)

SUCCESS: Final = 0
NOT_FOUND: Final = 0x010A
"""GATT status: ATT error 0x0A, nothing there; all are the ATT error with 0x0100 added."""


# Of the air.


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An advertisement, or a scan response.

    Attributes:
        connection: None.
        peer: Who sent it.
        rssi_dbm: How strong it was.
        is_response: Whether it is a scan response.
        kind: Of the advertisement; of no meaning in a scan response.
        data: Its data.
        directed_to: For whom it is, where the version tells it.
    """

    connection: int
    peer: Peer
    rssi_dbm: int
    is_response: int
    kind: int
    data: bytes
    directed_to: Peer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """There is a connection.

    Attributes:
        connection: Its handle.
        peer: With whom.
        role: 2 where we are the central.
        parameters: Those that it begins with.
        own: Our own address, where the version tells it.
        resolved_by: In a version that tells it: whether a key resolved the peer's address (bit 0),
            and which.
    """

    connection: int
    peer: Peer
    role: int
    parameters: LinkParameters
    own: Peer | None = None
    resolved_by: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """A connection is over, for an HCI reason."""

    connection: int
    reason: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut:
    """Something took too long: 1 a scan, 2 a connection that was to be made."""

    connection: int
    what: int


# Of a connection.


@dataclass(frozen=True, slots=True, kw_only=True)
class ParametersUpdated:
    """The connection parameters are others now."""

    connection: int
    parameters: LinkParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class ParametersWanted:
    """The peer asks for other connection parameters, and waits for an answer."""

    connection: int
    parameters: LinkParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class PhyWanted:
    """The peer asks for other PHYs, and waits for an answer."""

    connection: int
    phys: Phys


@dataclass(frozen=True, slots=True, kw_only=True)
class PhyUpdated:
    """The PHYs are these now, or stay as they were where there is an HCI status."""

    connection: int
    status: int
    phys: Phys


@dataclass(frozen=True, slots=True, kw_only=True)
class DataLengthWanted:
    """The peer asks for longer packets, and waits for an answer."""

    connection: int
    lengths: DataLengths


@dataclass(frozen=True, slots=True, kw_only=True)
class DataLengthUpdated:
    """The largest packets are these now."""

    connection: int
    lengths: DataLengths


# Of a GATT client.


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A primary service and its handles."""

    uuid: Uuid
    handles: Handles


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicesFound:
    """Services; none where the status is not 0."""

    connection: int
    status: int
    error_handle: int
    services: tuple[Service, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Characteristic:
    """A characteristic.

    Attributes:
        uuid: Of its value.
        properties: As in its declaration (Core spec, Vol 3, Part G, 3.3.1.1).
        is_extended: Whether it has extended properties.
        declaration: The handle of its declaration.
        value: The handle of its value.
    """

    uuid: Uuid
    properties: int
    is_extended: int
    declaration: int
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacteristicsFound:
    """Characteristics; none where the status is not 0."""

    connection: int
    status: int
    error_handle: int
    characteristics: tuple[Characteristic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """An attribute and its type."""

    handle: int
    uuid: Uuid


@dataclass(frozen=True, slots=True, kw_only=True)
class DescriptorsFound:
    """Descriptors; none where the status is not 0."""

    connection: int
    status: int
    error_handle: int
    descriptors: tuple[Descriptor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDone:
    """A value, or a part of it from an offset on."""

    connection: int
    status: int
    error_handle: int
    handle: int
    offset: int
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteDone:
    """A write request was answered."""

    connection: int
    status: int
    error_handle: int
    handle: int
    operation: int
    offset: int
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueHeard:
    """A notification (``kind`` 1), or an indication (2), which waits to be confirmed."""

    connection: int
    status: int
    error_handle: int
    handle: int
    kind: int
    value: bytes


INDICATION: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MtuExchanged:
    """The peer's largest ATT MTU."""

    connection: int
    status: int
    error_handle: int
    mtu: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GattTimedOut:
    """The peer did not answer a request within 30 s; the connection is of no more use."""

    connection: int
    status: int
    error_handle: int
    source: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandsSent:
    """The peer's radio has acknowledged so many write commands."""

    connection: int
    count: int
    status: int = SUCCESS
    error_handle: int = 0


# Of a GATT server, which a central is too.


@dataclass(frozen=True, slots=True, kw_only=True)
class MtuWanted:
    """The peer asks for an ATT MTU, and waits for an answer."""

    connection: int
    mtu: int
