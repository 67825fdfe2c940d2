"""From targets to open links: which road each scheme takes, and how its unit is paced there.

Units that are reached over one radio share it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final, assert_never

from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.errors import Code, InputError
from firmline.links.base import Link, LinkCapabilities, PortLink
from firmline.links.bluetooth import open_bluetooth
from firmline.links.bluetooth.options import adapter_of, pin_of
from firmline.links.bluetooth.stack import this_stack
from firmline.links.bumble.options import HciOptions, hci_unit_options
from firmline.links.connectivity.open import open_dongle
from firmline.links.connectivity.options import DongleOptions, dongle_unit_options
from firmline.links.hci import open_hci
from firmline.links.serial.link import serial_link
from firmline.links.serial.options import DEFAULT_BAUD, serial_options
from firmline.links.serial.virtual import virtual_serial_link
from firmline.links.sim_options import SimOptions, sim_options
from firmline.links.target import Scheme, Target
from firmline.links.usb.bus import UsbBus
from firmline.links.usb.host_bus import HostBus
from firmline.links.usb.link import UsbLink
from firmline.links.usb.options import serial_number_of
from firmline.links.usb.virtual import VirtualBus
from firmline.links.virtual_air import PacketLog, check_air, open_virtual_air
from firmline.links.wanted import WantedTarget
from firmline.protocol.pacing import AHEAD, FOR_BLUETOOTH, NO_PAUSES, Pacing
from firmline.values import UnitPin

PRN_WITHOUT_FLOW_CONTROL: Final = 8
"""Packets. What a system has taken may still lie in its own queues (bluetooth-stacks spec: 8 to 12
on all Bleak backends); two windows of 8 are what the bootloader's flash queue holds (bootloader
spec, section 11: 16 entries), so that one may wait there while the next is on its way."""
RADIO_OPTIONS: Final = ("interval", "packets")
"""Options of a ``sim:`` target that only a unit with a radio has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTarget:
    """A road that is open.

    Attributes:
        link: The road.
        pin: By what the unit is known on it; ``None``: the road itself leads to one unit alone.
        pacing: How long the unit's flash must be given.
        prn: Ask for an unasked CRC after so many packets; 0: the road holds a fast host back.
    """

    link: Link | PortLink | UsbLink
    pin: UnitPin | None
    pacing: Pacing
    prn: int = 0


@asynccontextmanager
async def open_targets(
    wanted: Sequence[WantedTarget], *, packet_log: PacketLog | None = None
) -> AsyncIterator[list[OpenedTarget]]:
    """Open the roads to units; everything is given back at the end.

    Args:
        wanted: The units.
        packet_log: Where what passes on a radio of ours is kept; of one unit.

    Returns:
        Their roads, in order. Units behind one radio share its link.

    Raises:
        InputError: A target names no unit there is, or an option there is not; two virtual units
            have one address.
        TransportError: NOT_AVAILABLE.
    """
    async with AsyncExitStack() as stack:
        roads = Roads(stack, packet_log)
        await roads.open_airs([one for one in wanted if _is_in_virtual_air(one)])
        yield [await roads.open(one) for one in wanted]


def _is_in_virtual_air(wanted: WantedTarget) -> bool:
    return wanted.target.scheme is Scheme.SIM and wanted.description.profile.is_ble


def prn_for(capabilities: LinkCapabilities) -> int:
    """How often a unit must confirm what it has received, so that no host runs ahead of it.

    A link with flow control holds the host back by itself.
    """
    return 0 if capabilities.flow_control else PRN_WITHOUT_FLOW_CONTROL


class Roads:
    """Opens each radio once.

    Args:
        stack: Gives everything back.
        packet_log: Where what passes on a radio of ours is kept.
    """

    def __init__(self, stack: AsyncExitStack, packet_log: PacketLog | None = None) -> None:
        self._stack = stack
        self._packet_log = packet_log
        self._links: dict[Hashable, Link] = {}
        self._usb: HostBus | None = None

    async def open_airs(self, wanted: Sequence[WantedTarget]) -> None:
        """Put all virtual units of one kind of air into it."""
        check_air([one.description for one in wanted])  # two of one address in two airs, too
        airs: dict[SimOptions, list[UnitDescription]] = {}
        for one in wanted:
            airs.setdefault(sim_options(one.target), []).append(one.description)
        for options, units in airs.items():
            air = open_virtual_air(units, options, packet_log=self._packet_log)
            self._links[options] = await self._stack.enter_async_context(air)

    async def open(self, wanted: WantedTarget) -> OpenedTarget:
        """The road to one unit.

        Raises:
            InputError: Its options.
            TransportError: NOT_AVAILABLE.
        """
        target = wanted.target
        match target.scheme:
            case Scheme.SIM:
                return self._to_virtual(target, wanted.description)
            case Scheme.BLE:
                return self._over_own_bluetooth(target)
            case Scheme.HCI:
                return await self._over_controller(target)
            case Scheme.SERIAL:
                link = serial_link(serial_options(target))
                return OpenedTarget(link=link, pin=None, pacing=NO_PAUSES)
            case Scheme.USB:
                self._usb = self._usb or HostBus()
                return self._over_usb(self._usb, serial_number_of(target))
            case Scheme.NRFCONN:
                options = dongle_unit_options(target)
                return await self.dongle(replace(options, address=None), options.address)
            case _:
                assert_never(target.scheme)

    def _to_virtual(self, target: Target, unit: UnitDescription) -> OpenedTarget:
        """A unit in this process."""
        options = sim_options(target)
        if unit.profile.is_ble:
            pacing = pacing_in_air(options)
            return OpenedTarget(link=self._links[options], pin=unit.address, pacing=pacing)
        if not target.options.keys().isdisjoint(RADIO_OPTIONS):
            raise _no_radio(unit)
        return self.virtual_wire(unit, options)

    def virtual_wire(self, unit: UnitDescription, options: SimOptions) -> OpenedTarget:
        """A unit in this process that has a port; it is fabricated, and stays."""
        physics = physics_of(unit) if options.physics else None
        made = fabricate(unit, physics=physics, greets=True)
        if unit.profile.needs_usb:
            return self._over_usb(VirtualBus([made]), unit.serial_number)
        baud = DEFAULT_BAUD if options.physics else None
        link = virtual_serial_link(made, baud=baud)
        self._stack.push_async_callback(link.close)
        return OpenedTarget(link=link, pin=None, pacing=NO_PAUSES)

    def _over_usb(self, bus: UsbBus, serial_number: str) -> OpenedTarget:
        """A unit that is plugged in; empty: the only one."""
        link = UsbLink(bus, serial_number)
        self._stack.push_async_callback(link.close)
        return OpenedTarget(link=link, pin=None, pacing=NO_PAUSES)

    def _over_own_bluetooth(self, target: Target) -> OpenedTarget:
        """A unit that the computer's own Bluetooth reaches."""
        return self.own_bluetooth(target, pin_of(target, this_stack()))

    def own_bluetooth(self, target: Target, pin: UnitPin | None) -> OpenedTarget:
        """Whoever has this pin, over the computer's own Bluetooth; of a target, the adapter counts.

        Raises:
            InputError: Its options.
            TransportError: NOT_AVAILABLE.
        """
        stack = this_stack()
        adapter = adapter_of(target, stack)
        key = (Scheme.BLE, adapter)
        if key not in self._links:
            link = open_bluetooth(stack, adapter=adapter)
            self._stack.push_async_callback(link.close)
            self._links[key] = link
        radio = self._links[key]
        prn = prn_for(radio.capabilities)
        return OpenedTarget(link=radio, pin=pin, pacing=FOR_BLUETOOTH, prn=prn)

    async def _over_controller(self, target: Target) -> OpenedTarget:
        """A unit behind an HCI controller of ours."""
        options = hci_unit_options(target)
        return await self.controller(replace(options, address=None), options.address)

    async def controller(self, options: HciOptions, pin: UnitPin | None) -> OpenedTarget:
        """Whoever has this pin, over an HCI controller of ours.

        Raises:
            TransportError: NOT_AVAILABLE.
        """
        key = (Scheme.HCI, options)
        if key not in self._links:
            radio = open_hci(options, packet_log=self._packet_log)
            self._links[key] = await self._stack.enter_async_context(radio)
        return OpenedTarget(link=self._links[key], pin=pin, pacing=AHEAD)

    async def dongle(self, options: DongleOptions, pin: UnitPin | None) -> OpenedTarget:
        """Whoever has this pin, over an nRF Connectivity dongle.

        Raises:
            TransportError: NOT_AVAILABLE.
        """
        key = (Scheme.NRFCONN, options)
        if key not in self._links:
            self._links[key] = await self._stack.enter_async_context(open_dongle(options))
        return OpenedTarget(link=self._links[key], pin=pin, pacing=AHEAD)


def pacing_in_air(options: SimOptions) -> Pacing:
    """How long the flash of a virtual unit with a radio must be given."""
    return AHEAD if options.physics else NO_PAUSES


def _no_radio(unit: UnitDescription) -> InputError:
    return InputError(
        Code.TARGET_MALFORMED,
        f"The virtual unit {unit.name} has a serial port and no radio:"
        f" {'= and '.join(RADIO_OPTIONS)}= mean nothing.",
        hint="Leave them out, or choose a unit with a radio; firmline sim units lists them.",
    )
