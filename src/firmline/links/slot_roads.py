"""Roads from the slots of a production station to units that nobody knows before they are scanned.

A slot has a radio, a port, or a kind of virtual unit; which unit is meant is said by its barcode,
each time anew. A radio is opened once for all slots that name it, and stays open. So does a virtual
unit: whoever scans its number again finds it as it has become.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from firmline.device.description import UnitDescription
from firmline.errors import Code, InputError, shortened
from firmline.links.bumble.options import hci_radio_options
from firmline.links.connectivity.options import dongle_radio_options
from firmline.links.open_many import OpenedTarget, Roads, pacing_in_air
from firmline.links.sim_options import SimOptions, sim_options
from firmline.links.target import Scheme, Target
from firmline.links.virtual_air import VirtualAir, check_air
from firmline.links.wanted import WantedTarget
from firmline.values import AdvertisedName, BleAddress

_RANDOM_STATIC: Final = 0xC0
"""The two highest bits of a random static address (Core spec, Vol 6, Part B, 1.3.2.1)."""
_RADIOS: Final = {Scheme.HCI: hci_radio_options, Scheme.NRFCONN: dongle_radio_options}
"""Radios of one's own, and what reads a target that names one alone."""


class Reach(Enum):
    """By what a slot can tell units apart."""

    RADIO = auto()
    """By name or address: whoever is in the air."""
    USB = auto()
    """By serial number: whatever is plugged in."""
    PORT = auto()
    """Not at all: one unit hangs on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """The unit of a barcode.

    Attributes:
        serial_number: Its serial number.
        pin: By what it is known in the air; ``None``: not by radio.
    """

    serial_number: str
    pin: BleAddress | AdvertisedName | None = None


def reach_of(slot: WantedTarget) -> Reach:
    """By what a slot can tell units apart.

    Raises:
        InputError: ``TARGET_MALFORMED``: its target names a unit, or an option there is not.
            ``TARGET_UNKNOWN_UNIT``: there is no such virtual unit.
    """
    target = slot.target
    match target.scheme:
        case Scheme.SIM:
            sim_options(target)
            profile = slot.description.profile
            if profile.is_ble:
                return Reach.RADIO
            return Reach.USB if profile.needs_usb else Reach.PORT
        case Scheme.HCI | Scheme.NRFCONN:
            _RADIOS[target.scheme](target)
            return Reach.RADIO
        case Scheme.SERIAL:
            return Reach.PORT
        case Scheme.USB | Scheme.BLE if target.where:
            raise InputError(
                Code.TARGET_MALFORMED,
                f"{shortened(target.shown)!r} names a unit, and a slot takes one after another.",
                hint=f"Write {target.scheme}: which unit it is, its barcode says.",
            )
        case Scheme.USB:
            return Reach.USB
        case _:
            return Reach.RADIO


class SlotRoads:
    """Opens what slots need, and roads to units.

    Args:
        stack: Gives everything back.
    """

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._roads = Roads(stack)
        self._airs: dict[SimOptions, tuple[VirtualAir, OpenedTarget]] = {}
        self._virtual: dict[str, tuple[UnitDescription, OpenedTarget]] = {}

    async def ready(self, slot: WantedTarget) -> None:
        """Open the radio of a slot; a port is opened when there is a unit at it.

        Raises:
            TransportError: NOT_AVAILABLE.
        """
        target = slot.target
        if target.scheme is Scheme.BLE:
            self._roads.own_bluetooth(target, None)
        elif target.scheme is Scheme.HCI:
            await self._roads.controller(hci_radio_options(target), None)
        elif target.scheme is Scheme.NRFCONN:
            await self._roads.dongle(dongle_radio_options(target), None)
        elif target.scheme is Scheme.SIM and reach_of(slot) is Reach.RADIO:
            await self._air(sim_options(target))

    @asynccontextmanager
    async def to(self, slot: WantedTarget, unit: Sought) -> AsyncIterator[OpenedTarget]:
        """The road from a slot to a unit.

        Raises:
            InputError: Two virtual units cannot share an air.
            TransportError: NOT_AVAILABLE.
        """
        target = slot.target
        match target.scheme:
            case Scheme.SIM:
                yield await self._to_virtual(slot, unit)
            case Scheme.BLE:
                yield self._roads.own_bluetooth(target, unit.pin)
            case Scheme.HCI:
                yield await self._roads.controller(hci_radio_options(target), unit.pin)
            case Scheme.NRFCONN:
                yield await self._roads.dongle(dongle_radio_options(target), unit.pin)
            case _:
                async with AsyncExitStack() as stack:  # a port is free for others between units
                    yield await Roads(stack).open(WantedTarget(target=_named(target, unit)))

    async def _to_virtual(self, slot: WantedTarget, unit: Sought) -> OpenedTarget:
        """A virtual unit of the slot's kind, made when its number is scanned first."""
        options = sim_options(slot.target)
        if unit.serial_number not in self._virtual:
            kind = slot.description_of(unit.serial_number)
            if kind is None:  # in the air, where nobody answers to that number
                return replace((await self._air(options))[1], pin=unit.pin)
            description = _virtual_unit(kind, unit)
            if description.profile.is_ble:
                air, opened = await self._air(options)
                others = [each for each, road in self._virtual.values() if road.link is opened.link]
                check_air([*others, description])
                air.add(description)
            else:
                opened = self._roads.virtual_wire(description, options)
            self._virtual[unit.serial_number] = (description, opened)
        return replace(self._virtual[unit.serial_number][1], pin=unit.pin)

    async def _air(self, options: SimOptions) -> tuple[VirtualAir, OpenedTarget]:
        if options not in self._airs:
            air = await self._stack.enter_async_context(VirtualAir(options))
            link = await air.open_link()
            opened = OpenedTarget(link=link, pin=None, pacing=pacing_in_air(options))
            self._airs[options] = (air, opened)
        return self._airs[options]


def _named(target: Target, unit: Sought) -> Target:
    """The target of one unit; that of a port is the port."""
    return replace(target, where=unit.serial_number) if target.scheme is Scheme.USB else target


def _virtual_unit(kind: UnitDescription, unit: Sought) -> UnitDescription:
    """A unit of this kind with the number of a barcode, and an address that follows from it."""
    name = unit.pin.text if isinstance(unit.pin, AdvertisedName) else kind.name
    address = unit.pin if isinstance(unit.pin, BleAddress) else _address_for(unit.serial_number)
    return replace(kind, name=name, address=address, serial_number=unit.serial_number)


def _address_for(serial_number: str) -> BleAddress:
    """A random static address that is the same every time; even, so that none is another's + 1."""
    octets = bytearray(hashlib.sha256(serial_number.encode()).digest()[:6])
    octets[0] |= _RANDOM_STATIC
    octets[5] &= 0xFE
    return BleAddress(bytes(octets))
