"""A unit is looked for, met, connected to, and lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from firmline.events.base import Event, UnitMode
from firmline.values import BleAddress, RadioAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Searching(Event):
    """The radio is looking for exactly one unit.

    Attributes:
        address: Its address; ``None``: it is looked for by its name.
        expected_mode: The program that should answer there.
        name: The name that it advertises, where that is what it is looked for by.
    """

    address: RadioAddress | None
    expected_mode: UnitMode | None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSeen(Event):
    """The unit was seen in the air."""

    address: RadioAddress
    name: str
    rssi_dbm: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherUnitSeen(Event):
    """Another unit is in the air at the address where the unit's bootloader will appear.

    Attributes:
        address: That address.
        name: Its advertised name, cleaned.
        bootloader: Whether it is a bootloader, so that the unit must not jump.
    """

    address: RadioAddress
    name: str
    bootloader: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourAwaited(Event):
    """The unit's turn has not come: a unit that shares an address with it is updated first.

    A unit's bootloader has the address after its application's, which is the next unit's where
    units were made in a row.

    Attributes:
        address: The address that both have.
    """

    address: BleAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class PortOpened(Event):
    """A serial port is open.

    Attributes:
        port: As the user named it.
        baud: Bits per second; ``None``: bytes take no time of their own.
        flow_control: Whether bytes wait where the unit cannot take them.
        exclusive: Whether no other program can open it meanwhile.
    """

    port: str
    baud: int | None
    flow_control: bool
    exclusive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbUnitSeen(Event):
    """The unit is plugged in, as the program that runs now shows itself.

    Attributes:
        serial_number: Its USB serial number, cleaned.
        usb_id: Vendor and product, as ``1915:521F``.
        mode: Which program it is; ``None``: it does not show.
        port: Its serial port; ``None``: it has none.
        version: What its application says of its version, cleaned; ``None``: nothing.
    """

    serial_number: str
    usb_id: str
    mode: UnitMode | None
    port: str | None
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BootloaderAnswered(Event):
    """A serial bootloader answered a PING; ``after_s``: so long after it was first looked for."""

    after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TextHeard(Event):
    """Something that is no frame was heard on the port; ``text`` is cleaned and capped."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected(Event):
    """A connection is open; ``mode`` is told by the services the unit has."""

    address: RadioAddress
    mode: UnitMode
    mtu: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalMeasured(Event):
    """How strong the unit is heard on the connection that was just opened.

    Reported where the link can tell, and its controller does so at once.

    Attributes:
        address: The address it was connected under.
        rssi_dbm: As this computer's radio hears it.
    """

    address: RadioAddress
    rssi_dbm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEncrypted(Event):
    """The link is encrypted with a bond.

    Attributes:
        address: The address it was connected under.
        new_bond: The bond was made just now.
        replaced_bond: It was made in the place of one for which the unit had no keys any more.
    """

    address: RadioAddress
    new_bond: bool
    replaced_bond: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSeen(Event):
    """The application was seen running, with what it says of itself.

    Attributes:
        address: The address it was connected under.
        information: Strings of its Device Information Service by field name; empty: none.
    """

    address: RadioAddress
    information: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteringBootloader(Event):
    """The application agreed to restart into the bootloader.

    Attributes:
        address: Where the bootloader is expected; ``None``: this computer shows no addresses.
        name: The name that it was given, by which it is recognised then.
    """

    address: RadioAddress | None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLost(Event):
    """The connection is gone.

    Attributes:
        hci_reason: The controller's reason (0x08 timeout, 0x13 remote user, ...), where known.
        expected: Whether the protocol had the unit restart at this point.
    """

    hci_reason: int | None
    expected: bool
