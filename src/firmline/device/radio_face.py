"""The face a virtual unit shows to a radio: what it advertises, serves, says and does.

Rules of this room (device): no I/O, no clock; ``now_s`` is passed in with every input and
``next_wake_s`` says when the unit wants to be called again. A radio (``links/virtual_radio``)
drives it: it feeds inputs, then takes the outputs and carries them out in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, Protocol

from firmline.formats.peer_data import PeerKeys
from firmline.protocol.channels import Channel
from firmline.values import BleAddress

ATT_MTU_MIN: Final = 23
"""The MTU of every connection before it is negotiated (Core spec, Vol 3, Part F, 3.2.8)."""


class AttStatus(IntEnum):
    """ATT status of a write (Core spec, Vol 3, Part F, 3.4.1.1; Nordic's use: spec section 11)."""

    OK = 0x00
    WRITE_NOT_PERMITTED = 0x03
    INSUFFICIENT_AUTHENTICATION = 0x05
    INSUFFICIENT_ENCRYPTION = 0x0F
    CCCD_IMPROPERLY_CONFIGURED = 0xFD


class ResetKind(StrEnum):
    """What made the unit restart (FORMAT.md, section 4.2)."""

    SOFT = "soft"
    PIN = "pin"
    WATCHDOG = "wdt"
    POWER = "power"


def agreed_mtu(requested: int, maximum: int) -> int:
    """The ATT MTU with which a unit answers a request.

    The SDK rounds the payload (the MTU less 3) down to whole words, since it writes them to
    flash: 24 -> 23, 100 -> 99, 185 -> 183, 517 -> 247 (spec sections 11 and 16.3).

    Args:
        requested: What the host asks for, in bytes.
        maximum: The largest MTU the unit agrees to, in bytes (247 with the SDK).
    """
    return max(((min(requested, maximum) - 3) & ~3) + 3, ATT_MTU_MIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitAdvertisement:
    """What the unit broadcasts while nobody is connected.

    Attributes:
        address: The (random static) address it uses in its present mode.
        data: Advertising data as sent on air, at most 31 bytes.
        interval_ms: Advertising interval.
        only_for: The one host that can connect (filter accept list); ``None``: everyone.
    """

    address: BleAddress
    data: bytes
    interval_ms: float
    only_for: BleAddress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSecurity:
    """What the unit's present mode does with bonds.

    Attributes:
        pairs: Whether it makes new ones (just works, LE Secure Connections).
        bonds: Those it has, by the other side's address.
        encrypted: Channels that are open on an encrypted link alone.
    """

    pairs: bool
    bonds: Mapping[BleAddress, PeerKeys]
    encrypted: frozenset[Channel]


NO_SECURITY: Final = UnitSecurity(pairs=False, bonds={}, encrypted=frozenset())
"""Of a unit that is open to everyone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitServices:
    """The GATT services of the unit's present mode.

    Attributes:
        channels: Which DFU characteristics exist: ``{BUTTONLESS}`` in an application,
            ``{CONTROL, PACKET}`` in the bootloader.
        device_information: Characteristics of the Device Information Service (0x180A) by 16-bit
            UUID, e.g. ``{0x2A26: "5"}``; empty where the service is absent.
        max_mtu: Largest ATT MTU the unit agrees to.
        legacy_dfu: Whether the DFU service of SDKs before 12 is there, which is not the Secure one.
        fwid: Sub-version number of its LL_VERSION_IND: the installed SoftDevice's FWID.
        battery_level: Percent, of the Battery Service; ``None``: it has none.
        smp: Whether the service of MCUboot's management protocol is there.
        security: What it does with bonds.
        service_changed: Whether the characteristic Service Changed is there.
    """

    channels: frozenset[Channel]
    device_information: tuple[tuple[int, str], ...]
    max_mtu: int
    legacy_dfu: bool = False
    fwid: int = 0
    battery_level: int | None = None
    smp: bool = False
    security: UnitSecurity = NO_SECURITY
    service_changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Send a notification."""

    channel: Channel
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicate:
    """Send an indication; the radio reports its confirmation with ``indication_confirmed``."""

    channel: Channel
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicateChange:
    """Indicate Service Changed: what was known of the product's services holds no more.

    The radio reports its confirmation with ``change_confirmed``.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class DropLink:
    """Disconnect the central with this HCI reason (0x13 remote user, 0x08 timeout, ...)."""

    reason: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    """The unit was reset: its radio died, and it has booted anew in whatever mode it now is.

    A link that was open is lost without a word: the peer sees a supervision timeout (0x08).
    """

    kind: ResetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseHost:
    """The connected central's radio falls silent for good, as when a host is switched off.

    Nobody is told: the unit notices when its supervision timeout has passed.
    """


UnitOutput = Notify | Indicate | IndicateChange | DropLink | Restarted | LoseHost


class RadioUnit(Protocol):
    """What a radio needs of a unit."""

    @property
    def name(self) -> str:
        """The unit's name in messages (``sim:NAME``)."""

    @property
    def advertisement(self) -> UnitAdvertisement | None:
        """What it broadcasts now; ``None``: it is silent."""

    @property
    def services(self) -> UnitServices:
        """The services of the present mode."""

    def connected(self, *, now_s: float, interval_s: float | None = None) -> None:
        """A central has connected, at this connection interval; ``None``: no time is modelled."""

    def interval_changed(self, interval_s: float | None, *, now_s: float) -> None:
        """The connection has another interval from now on."""

    def bonded(self, keys: PeerKeys, *, now_s: float) -> None:
        """The central has paired, and both sides keep the keys."""

    def encrypted(self, peer: BleAddress, *, now_s: float) -> None:
        """The link to this central is encrypted from now on."""

    def disconnected(self, *, now_s: float) -> None:
        """The central is gone."""

    def subscribed(self, channel: Channel, enabled: bool, *, now_s: float) -> None:
        """The central wrote the CCCD of a channel."""

    def receive(self, channel: Channel, data: bytes, *, now_s: float) -> AttStatus:
        """The central wrote to a channel; the status answers a write request."""

    def indication_confirmed(self, channel: Channel, *, now_s: float) -> None:
        """The central has confirmed the indication."""

    def wants_changes(self, enabled: bool, *, now_s: float) -> None:
        """The central wrote the CCCD of Service Changed."""

    def change_confirmed(self, *, now_s: float) -> None:
        """The central has confirmed that it knows of the change of services."""

    def radio_used(self, start_s: float, end_s: float, *, now_s: float) -> None:
        """The radio was on from one time to another: its supply feels it."""

    def radio_blocked_until_s(self, *, now_s: float) -> float:
        """Until when the radio is deaf for flash work; ``now_s``: it is not."""

    def take_outputs(self) -> list[UnitOutput]:
        """What the unit wants done, in order; each is handed out once."""

    def next_wake_s(self) -> float | None:
        """When ``wake`` must be called at the latest; ``None``: nothing is planned."""

    def wake(self, *, now_s: float) -> None:
        """Time has passed: timers that are due run."""
