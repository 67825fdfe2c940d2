"""What every link offers to the updater: find a unit, open a connection, move bytes.

Rules of this room:

* A link knows radios and ports, never the order of a DFU (``protocol``) or when to wait
  (``updater``).
* A link declares what it can do (:class:`LinkCapabilities`); nothing is assumed, nothing is
  silently skipped.
* Every failure of the road is a :class:`~firmline.errors.TransportError` with a reason.
* Strings that come from a unit are cleaned and capped before anyone sees them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

from firmline.errors import Code, TransportError, TransportReason
from firmline.protocol.channels import Channel
from firmline.values import RadioAddress

USUAL_INTERVAL_S: Final = 0.015
"""Connection interval that a host asks for where it can: what the bootloader itself asks for
(bootloader spec, section 11). Shorter ones leave no gap for a unit whose flash takes 5 ms for 20
bytes, and are hardly faster; longer ones make every answer late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCapabilities:
    """What a link can do; each is a plain yes or no that the updater plans with.

    Attributes:
        mtu_request: The host chooses the MTU it asks for.
        addresses_visible: Units are seen under their real addresses (not on macOS).
        flow_control: A write without response waits until the controller has taken it.
        data_length: LE data length extension can be asked for.
        phy_2m: The 2M PHY can be asked for.
        connection_parameters: Interval, latency and timeout can be asked for.
        remote_version: The peer's LL_VERSION_IND can be read.
        pairing: The link can pair and bond.
        rssi: The signal strength of a connection can be read.
        remembers_services: The services of a unit with a bond may be those that it had before,
            until it has indicated Service Changed.
    """

    mtu_request: bool
    addresses_visible: bool
    flow_control: bool
    data_length: bool
    phy_2m: bool
    connection_parameters: bool
    remote_version: bool
    pairing: bool
    rssi: bool = False
    remembers_services: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialCapabilities:
    """What a serial port can do, where a radio has :class:`LinkCapabilities`.

    Attributes:
        baud: Bits per second; ``None``: bytes take no time of their own (USB, TCP).
        flow_control: Bytes wait where the unit cannot take them (RTS/CTS).
        exclusive: No other program can open the port meanwhile, as far as the system sees to that.
    """

    baud: int | None
    flow_control: bool
    exclusive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One unit seen in the air.

    Attributes:
        address: The address it advertises with.
        name: Its advertised name, cleaned; empty where it sent none.
        services: 16-bit service UUIDs it lists (0xFE59 = Secure DFU).
        rssi_dbm: Signal strength, where the link reports one.
        long_services: 128-bit service UUIDs it lists, as upper-case text with hyphens.
    """

    address: RadioAddress
    name: str
    services: frozenset[int]
    rssi_dbm: int | None
    long_services: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Bytes heard from the unit."""

    channel: Channel
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceInformation:
    """Strings of the Device Information Service (0x180A), cleaned and capped; None = not offered.

    Attributes:
        model: 0x2A24. serial_number: 0x2A25. firmware_revision: 0x2A26.
        hardware_revision: 0x2A27. software_revision: 0x2A28. manufacturer: 0x2A29.
    """

    model: str | None = None
    serial_number: str | None = None
    firmware_revision: str | None = None
    hardware_revision: str | None = None
    software_revision: str | None = None
    manufacturer: str | None = None


NORDIC = 0x0059
"""Company identifier of Nordic Semiconductor (Bluetooth Assigned Numbers): its radios send the
SoftDevice's FWID as their sub-version (bluetooth-stacks spec, rule 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteVersion:
    """What the unit's controller says of itself (LL_VERSION_IND).

    Attributes:
        version: Bluetooth version as assigned by the SIG; 9 is 5.0.
        company: Company identifier; 0x0059 is Nordic.
        subversion: With Nordic, the SoftDevice's FWID.
    """

    version: int
    company: int
    subversion: int

    @property
    def softdevice_fwid(self) -> int | None:
        """The FWID of the unit's SoftDevice; ``None`` where the radio is not Nordic's."""
        return self.subversion if self.company == NORDIC else None


class BondUse(StrEnum):
    """With which bond a link was encrypted."""

    KNOWN = "known"
    """With the one that there was."""

    NEW = "new"
    """With a new one; there was none."""

    REPLACED = "replaced"
    """With a new one: the unit had no keys for the one that there was."""


class Exchange(Protocol):
    """Bytes to a unit and from it, on channels: what any road offers to a host session."""

    async def write(self, channel: Channel, data: bytes) -> None:
        """Write ``data``; returns when the road has taken it.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT.
        """

    async def flush(self) -> None:
        """Wait until what was written has left, as far as the road can tell.

        A port may gather writes until then. A radio whose writes wait for room (``flow_control``)
        returns when the unit's radio has acknowledged all of them; others return at once.

        Raises:
            TransportError: LOST, or TIMEOUT where the road takes nothing.
        """

    async def receive(self, *, timeout_s: float) -> Received:
        """What the unit sends next, in order.

        What arrived before the road broke is handed out before its loss is raised.

        Raises:
            TransportError: TIMEOUT or LOST.
        """


class Connection(Exchange, Protocol):
    """One open connection to one unit over a radio."""

    @property
    def peer(self) -> RadioAddress:
        """The address the unit is connected under."""

    @property
    def channels(self) -> frozenset[Channel]:
        """Which channels the unit serves: they tell its mode."""

    @property
    def services(self) -> frozenset[str]:
        """UUIDs of all services the unit offers, as upper-case text: ``FE59``, or 36 characters.

        Empty on a link that does not tell.
        """
        return frozenset()

    @property
    def mtu(self) -> int:
        """The ATT MTU agreed upon, in bytes (23 at least)."""

    @property
    def interval_s(self) -> float | None:
        """The connection interval, seconds; ``None``: this radio does not tell."""
        return None

    async def write(self, channel: Channel, data: bytes) -> None:
        """Write ``data``; returns when the unit (or the controller's queue) has taken it.

        CONTROL and BUTTONLESS are write requests and wait for the unit's ATT response; PACKET is
        a write without response and waits only for room in the controller's queue.

        Raises:
            TransportError: LOST, REFUSED (the unit's ATT error is in ``context['att_status']``) or
                TIMEOUT.
        """

    async def flush(self) -> None:
        """Return at once: a radio without flow control cannot tell what has arrived."""
        return

    async def receive(self, *, timeout_s: float) -> Received:
        """The next notification or indication, in the order they arrived.

        What arrived before a link loss is handed out before the loss is raised.

        Raises:
            TransportError: TIMEOUT, or LOST with the HCI reason.
        """

    @property
    def needs_encryption(self) -> bool:
        """Whether the unit keeps a channel closed until the link is encrypted with a bond."""
        return False

    async def encrypt(self, *, may_pair: bool, timeout_s: float) -> BondUse:
        """Encrypt the link with the bond there is, or with a new one, and open what was closed.

        Args:
            may_pair: Make a bond where there is none, on this side or, as the unit says itself, on
                the other; both keep it.
            timeout_s: How long it may take.

        Raises:
            TransportError: REFUSED: there is no bond, it does not fit, or the unit makes none. LOST
                or TIMEOUT. NOT_AVAILABLE: this link cannot pair.
            StoreError: The bonds cannot be read or written.
        """
        _ = may_pair, timeout_s
        raise TransportError(
            Code.LINK_NOT_AVAILABLE,
            "This link cannot pair, and the unit wants a bond.",
            reason=TransportReason.NOT_AVAILABLE,
        )

    async def device_information(self) -> DeviceInformation:
        """Read the Device Information Service; all ``None`` where the unit has none.

        Raises:
            TransportError: LOST, TIMEOUT, or REFUSED where a string is offered and not readable.
        """

    async def battery_level(self) -> int | None:
        """Read the Battery Service (0x180F), percent; ``None`` where the unit has none.

        Raises:
            TransportError: LOST, TIMEOUT, or REFUSED where a level is offered and not readable.
        """
        return None

    async def remote_version(self, *, timeout_s: float) -> RemoteVersion:
        """Ask the unit's controller who it is; only where the link's capabilities say so.

        Raises:
            TransportError: LOST, or TIMEOUT where it does not answer.
        """

    async def rssi(self) -> int | None:
        """How strong the unit is heard, in dBm; only where the link's capabilities say so.

        Returns:
            ``None``: the radio cannot tell at this moment.

        Raises:
            TransportError: LOST, or NOT_AVAILABLE where the radio refuses.
        """
        return None

    async def wait_closed(self, *, timeout_s: float) -> int | None:
        """Wait until the unit has dropped the link; the HCI reason.

        Raises:
            TransportError: TIMEOUT, where it has not.
        """

    async def close(self) -> None:
        """Disconnect; harmless when already closed."""


class Link(Protocol):
    """A radio, or another road, that finds and connects units."""

    @property
    def capabilities(self) -> LinkCapabilities:
        """What this link can do."""

    def now_s(self) -> float:
        """This link's monotonic clock, in seconds; event times are taken from it."""

    def ask_interval(self, address: RadioAddress, interval_s: float) -> None:
        """Ask for this interval in connections to an address that are made from now on.

        Only where ``capabilities.connection_parameters`` says so; elsewhere nothing changes.
        """
        _ = address, interval_s

    def is_paired(self, address: RadioAddress) -> bool:
        """Whether the operating system says that it is paired with who has this address.

        It encrypts by itself then, so that no channel is closed that would show the bond. A system
        may tell it only of who was heard, or is connected to; a link that makes its own bonds has
        no system that does.
        """
        _ = address
        return False

    async def find(self, address: RadioAddress, *, timeout_s: float) -> Sighting:
        """Wait until exactly this address is seen.

        Raises:
            TransportError: NOT_FOUND when the time is over.
        """

    async def scan(self, *, duration_s: float, seen: Callable[[Sighting], None]) -> None:
        """Listen to everyone for a time.

        Args:
            duration_s: How long.
            seen: Called with every advertisement, in order, as it is heard.

        Raises:
            TransportError: NOT_AVAILABLE; also where this link cannot listen to everyone.
        """
        _ = duration_s, seen
        raise TransportError(
            Code.LINK_NOT_AVAILABLE,
            "This link cannot list what is in the air.",
            reason=TransportReason.NOT_AVAILABLE,
        )

    async def connect(self, address: RadioAddress, *, timeout_s: float) -> Connection:
        """Connect to exactly this address, agree on the MTU, discover and subscribe.

        Raises:
            TransportError: NOT_FOUND, LOST, REFUSED or TIMEOUT.
        """

    async def close(self) -> None:
        """Give the radio back; harmless when already closed."""


class PortConnection(Exchange, Protocol):
    """One open serial port, whatever is at its other end."""

    def discard_input(self) -> None:
        """Throw away what has arrived and was not received."""

    def set_baud(self, baud: int) -> None:
        """Go on at another speed; nothing on a port without byte times.

        Raises:
            TransportError: NOT_AVAILABLE; the port does not have this speed.
        """

    def clear_to_send(self) -> bool | None:
        """Whether the other side lets us send (CTS); ``None``: the port does not tell."""

    async def close(self) -> None:
        """Give the port back; harmless when already closed."""


@runtime_checkable
class PortLink(Protocol):
    """A road with one end and no names: a serial port. The port itself pins the unit."""

    @property
    def name(self) -> str:
        """The port, as the user named it."""

    @property
    def capabilities(self) -> SerialCapabilities:
        """What this port can do."""

    def now_s(self) -> float:
        """This road's monotonic clock, in seconds; event times are taken from it."""

    async def open(self) -> PortConnection:
        """Open the port, with what it heard before thrown away.

        Raises:
            TransportError: NOT_AVAILABLE, with a code for what is wrong with it.
        """
