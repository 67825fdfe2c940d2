"""What host and dongle say to each other, as values; which bytes they are, a table knows.

Commands are in the imperative, results are nouns, and events say what has happened. Times are in
the units of the wire: a connection interval in 1.25 ms, a scan's in 0.625 ms, a supervision timeout
in 10 ms. The names are those of the Core specification where it has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NO_CONNECTION: Final = 0xFFFF
"""The connection handle of events that belong to none."""


# Parts of messages.


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """An address with its kind.

    Attributes:
        kind: 0 public, 1 random static, 2 private resolvable, 3 private not resolvable.
        octets: Six bytes, least significant first, as in the air.
        is_identity: Whether the dongle has resolved a private address to this one.
    """

    kind: int
    octets: bytes
    is_identity: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Uuid:
    """A UUID as the SoftDevice has it.

    Attributes:
        kind: 0 unknown, 1 of the SIG, from 2 on a base of 128 bits in the order of their adding.
        number: Its 16 bits (octets 12 and 13 of one with a base).
    """

    number: int
    kind: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Handles:
    """Attribute handles from ``start`` to ``end``, both included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanParameters:
    """How to listen.

    Attributes:
        is_active: Whether scan responses are asked for.
        whitelist: 1: only those in the whitelist.
        directed: 1: also adverts that are directed to somebody else's private address.
        interval: In 0.625 ms.
        window: Likewise.
        timeout_s: 0: none.
    """

    is_active: int
    interval: int
    window: int
    timeout_s: int
    whitelist: int = 0
    directed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkParameters:
    """Connection parameters.

    Attributes:
        interval_min: In 1.25 ms.
        interval_max: Likewise.
        latency: Connection events that the peripheral may leave out.
        supervision: In 10 ms.
    """

    interval_min: int
    interval_max: int
    latency: int
    supervision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Phys:
    """PHYs as bits: 1 is 1M, 2 is 2M; 0: whichever."""

    tx: int
    rx: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DataLengths:
    """The largest packets of the link layer, octets and microseconds; 0: automatic."""

    tx_octets: int
    rx_octets: int
    tx_time_us: int
    rx_time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityParameters:
    """What a pairing is to be like.

    Attributes:
        bond: 1: the keys are kept.
        mitm: 1: nobody may be in the middle.
        lesc: 1: LE Secure Connections.
        keypress: 1: key presses are told.
        io: 3: neither display nor keyboard.
        oob: 1: there are keys from elsewhere.
        min_key_size: Bytes.
        max_key_size: Likewise.
        own_keys: Which keys are handed out, as bits: 1 the LTK, 2 the IRK.
        peer_keys: Which are wanted, likewise.
    """

    bond: int
    mitm: int
    lesc: int
    keypress: int
    io: int
    oob: int
    min_key_size: int
    max_key_size: int
    own_keys: int
    peer_keys: int


# Commands that concern the dongle itself.


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitMtu:
    """Say before enabling how large an ATT MTU may become, for connections with a tag."""

    tag: int
    mtu: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLinks:
    """Say before enabling how many connections there may be, and how long their events.

    Attributes:
        tag: Of the connections.
        count: How many.
        event_length: In 1.25 ms.
    """

    tag: int
    count: int
    event_length: int


@dataclass(frozen=True, slots=True)
class Enable:
    """Switch the Bluetooth stack on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableWith:
    """Switch the Bluetooth stack on, as versions before 4 do: with all limits at once.

    Attributes:
        uuid_bases: How many UUID bases there can be.
        peripherals: Connections as a peripheral.
        centrals: Connections as a central.
        pairings: As a central at once.
        has_service_changed: Whether its own server has that characteristic.
        attribute_table: Bytes of its own server; 0: as the SoftDevice likes.
        mtu: How large an ATT MTU may become; 0: as the SoftDevice likes.
    """

    uuid_bases: int
    peripherals: int
    centrals: int
    pairings: int
    has_service_changed: int
    attribute_table: int = 0
    mtu: int = 0


@dataclass(frozen=True, slots=True)
class GetVersion:
    """Ask which SoftDevice the dongle runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Who the dongle's radio is.

    Attributes:
        version: Bluetooth version as assigned by the SIG; 9 is 5.0.
        company: 0x0059 is Nordic.
        subversion: The FWID of its SoftDevice.
    """

    version: int
    company: int
    subversion: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddUuidBase:
    """Make a 128-bit UUID known: 16 bytes, least significant first, octets 12 and 13 as well."""

    base: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class UuidKind:
    """The kind that a base was given."""

    kind: int


@dataclass(frozen=True, slots=True)
class GetAddress:
    """Ask for the dongle's own address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAddress:
    """Give the dongle another address."""

    address: Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAddress:
    """The dongle's address."""

    address: Peer


# Commands that concern the air.


@dataclass(frozen=True, slots=True, kw_only=True)
class StartScan:
    """Listen to advertising."""

    parameters: ScanParameters


@dataclass(frozen=True, slots=True)
class StopScan:
    """Listen no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """Connect to one address when it is heard."""

    peer: Peer
    scan: ScanParameters
    parameters: LinkParameters
    tag: int = 0


@dataclass(frozen=True, slots=True)
class CancelConnect:
    """Do not connect any more."""


# Commands that concern a connection.


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect:
    """End a connection; the reason is an HCI error."""

    connection: int
    reason: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateParameters:
    """Change the connection parameters, or agree to those that the peer asks for.

    Attributes:
        connection: The connection.
        parameters: ``None``: what the peer asks for is refused.
    """

    connection: int
    parameters: LinkParameters | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePhy:
    """Ask for other PHYs, or answer the peer who does."""

    connection: int
    phys: Phys


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDataLength:
    """Ask for longer packets, or answer the peer who does; ``None``: as the SoftDevice likes."""

    connection: int
    lengths: DataLengths | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataLengthLimits:
    """By how much a dongle cannot do what it was asked for, octets and microseconds."""

    tx_octets: int
    rx_octets: int
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """What comes of the wish for longer packets; ``None``: it can be done."""

    limits: DataLengthLimits | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRssi:
    """Measure how strong the peer is heard.

    Attributes:
        connection: The connection.
        threshold: Changes of so many dB are told by events; 255: none is.
        skipped: After how many samples.
    """

    connection: int
    threshold: int = 0xFF
    skipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GetRssi:
    """Ask how strong the peer was heard last; there is an answer once it was measured."""

    connection: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rssi:
    """How strong the peer was heard."""

    dbm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    """Pair."""

    connection: int
    parameters: SecurityParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerMtu:
    """Answer a peer that asks for an ATT MTU."""

    connection: int
    mtu: int


# Commands of a GATT client.


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeMtu:
    """Agree on an ATT MTU."""

    connection: int
    mtu: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverServices:
    """Look for primary services from a handle on; ``None``: of any UUID."""

    connection: int
    start: int
    uuid: Uuid | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverCharacteristics:
    """Look for characteristics."""

    connection: int
    handles: Handles


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverDescriptors:
    """Look for descriptors; whatever has a handle is one."""

    connection: int
    handles: Handles


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Read a value from an offset on."""

    connection: int
    handle: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Write a value.

    Attributes:
        connection: The connection.
        operation: 1 a request, 2 a command.
        flags: Of a prepared write.
        handle: Where.
        offset: Of a prepared write.
        value: What.
    """

    connection: int
    operation: int
    handle: int
    value: bytes
    flags: int = 0
    offset: int = 0


WRITE_REQUEST: Final = 1
WRITE_COMMAND: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmIndication:
    """Confirm an indication."""

    connection: int
    handle: int
