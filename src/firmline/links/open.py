"""From a target to an open link: the one door to every road."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from firmline.device.description import UnitDescription, gallery_unit
from firmline.device.fabrication import fabricate, physics_of
from firmline.errors import Code, InputError, TransportError, TransportReason, shortened
from firmline.formats.keys import PublicKey
from firmline.links.base import Link, LinkCapabilities, PortLink
from firmline.links.bluetooth import open_bluetooth
from firmline.links.bluetooth.options import adapter_of, pin_of
from firmline.links.bluetooth.stack import this_stack
from firmline.links.bumble.options import hci_unit_options
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
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.pacing import AHEAD, FOR_BLUETOOTH, NO_PAUSES, Pacing
from firmline.values import UnitPin

_T = TypeVar("_T")
PRN_WITHOUT_FLOW_CONTROL: Final = 8
"""Packets. What a system has taken may still lie in its own queues (bluetooth-stacks spec: 8 to 12
on all Bleak backends); two windows of 8 are what the bootloader's flash queue holds (bootloader
spec, section 11: 16 entries), so that one may wait there while the next is on its way."""
PacketLog = Callable[[bytes], None]
"""Takes a btsnoop file of everything between host and controller, as it passes."""
RADIO_OPTIONS: Final = ("interval", "packets")
"""Options of a ``sim:`` target that only a unit with a radio has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTarget:
    """A road that is open.

    Attributes:
        link: The road.
        address: Of the unit's application on it, or its name; ``None``: a port, which has neither.
        pacing: How long the unit's flash must be given.
        prn: Ask for an unasked CRC after so many packets; 0: the road holds a fast host back.
    """

    link: Link | PortLink | UsbLink
    address: UnitPin | None
    pacing: Pacing = FOR_BLUETOOTH
    prn: int = 0


def run_for_target(target: Target, main: Coroutine[Any, Any, _T]) -> _T:
    """Run what uses a target, in the event loop its road needs, as ``asyncio.run`` does.

    A virtual unit has a time of its own: hours of it pass in seconds of ours.
    """
    if target.scheme is not Scheme.SIM:
        return asyncio.run(main)
    try:
        options = sim_options(target)
    except InputError:
        main.close()
        raise
    if not options.physics:
        return asyncio.run(main)
    return run_in_virtual_time(main, speed=options.speed)


@asynccontextmanager
async def open_target(
    target: Target,
    *,
    unit: UnitDescription | None = None,
    trusted_key: PublicKey | None = None,
    packet_log: PacketLog | None = None,
) -> AsyncIterator[OpenedTarget]:
    """Open the road to a unit; everything is given back at the end.

    Args:
        target: Which unit.
        unit: The virtual unit that a ``sim:`` target means; ``None``: the gallery's of that name.
        trusted_key: The key that a virtual unit trusts instead of its description's.
        packet_log: Where what passes on a radio of ours is kept.

    Raises:
        InputError: The target names no unit there is, or an option there is not; or it has no such
            radio, and a packet log is wanted.
        TransportError: NOT_AVAILABLE.
    """
    if packet_log is not None:
        check_packet_log(target, unit=unit)
    if target.scheme is not Scheme.SIM:
        async with _real(target, packet_log) as opened:
            yield opened
        return
    description = gallery_unit(target.where) if unit is None else unit
    if trusted_key is not None:
        description = replace(description, public_key=trusted_key)
    async with _virtual(target, description, packet_log) as opened:
        yield opened


@asynccontextmanager
async def _real(target: Target, packet_log: PacketLog | None) -> AsyncIterator[OpenedTarget]:
    """A unit outside of this process."""
    match target.scheme:
        case Scheme.SERIAL:
            link = serial_link(serial_options(target))
            yield OpenedTarget(link=link, address=None, pacing=NO_PAUSES)
        case Scheme.USB:
            number = serial_number_of(target)
            async with _over_usb(HostBus(), number) as opened:
                yield opened
        case Scheme.BLE:
            async with _over_own_bluetooth(target) as opened:
                yield opened
        case Scheme.HCI:
            hci = hci_unit_options(target)
            async with open_hci(hci, packet_log=packet_log) as radio:
                yield OpenedTarget(link=radio, address=hci.address, pacing=AHEAD)
        case _:
            raise TransportError(
                Code.LINK_NOT_AVAILABLE,
                f"Links of the scheme {target.scheme}: are not available yet.",
                reason=TransportReason.NOT_AVAILABLE,
                hint="Use ble:ADDRESS, hci:TRANSPORT/ADDRESS, serial:PORT, usb:SERIAL or sim:NAME,"
                " a virtual unit.",
            )


@asynccontextmanager
async def _virtual(
    target: Target, description: UnitDescription, packet_log: PacketLog | None
) -> AsyncIterator[OpenedTarget]:
    """A unit in this process."""
    options = sim_options(target)
    if description.profile.is_ble:
        async with _in_the_air(description, options, packet_log) as opened:
            yield opened
        return
    if not target.options.keys().isdisjoint(RADIO_OPTIONS):
        raise _no_radio(description)
    if description.profile.needs_usb:
        physics = physics_of(description) if options.physics else None
        bus = VirtualBus([fabricate(description, physics=physics, greets=True)])
        async with _over_usb(bus, description.serial_number) as opened:
            yield opened
        return
    yield _at_a_port(description, options)


def check_packet_log(target: Target, *, unit: UnitDescription | None = None) -> None:
    """See that there will be packets to log.

    Args:
        target: Which unit.
        unit: Its description, where it is a virtual one.

    Raises:
        InputError: ``OPTION_CONFLICT``: no HCI controller of ours is on the road to it.
    """
    if target.scheme is Scheme.SIM:
        described = gallery_unit(target.where) if unit is None else unit
        has_controller = described.profile.is_ble
    else:
        has_controller = target.scheme is Scheme.HCI
    if not has_controller:
        raise InputError(
            Code.OPTION_CONFLICT,
            "A btsnoop file holds what passes between a host and its Bluetooth controller, and"
            f" {shortened(target.text)!r} is reached over none that is ours.",
            hint="Leave --btsnoop out, or reach the unit over hci:TRANSPORT/ADDRESS.",
        )


@asynccontextmanager
async def _over_usb(bus: UsbBus, serial_number: str) -> AsyncIterator[OpenedTarget]:
    """A unit that is plugged in; empty: the only one."""
    link = UsbLink(bus, serial_number)
    try:
        yield OpenedTarget(link=link, address=None, pacing=NO_PAUSES)
    finally:
        await link.close()


@asynccontextmanager
async def _over_own_bluetooth(target: Target) -> AsyncIterator[OpenedTarget]:
    """A unit that the computer's own Bluetooth reaches."""
    stack = this_stack()
    pin = pin_of(target, stack)
    link = open_bluetooth(stack, adapter=adapter_of(target, stack))
    try:
        yield OpenedTarget(link=link, address=pin, prn=prn_for(link.capabilities))
    finally:
        await link.close()


def prn_for(capabilities: LinkCapabilities) -> int:
    """How often a unit must confirm what it has received, so that no host runs ahead of it.

    A link with flow control holds the host back by itself.
    """
    return 0 if capabilities.flow_control else PRN_WITHOUT_FLOW_CONTROL


@asynccontextmanager
async def _in_the_air(
    description: UnitDescription, options: SimOptions, packet_log: PacketLog | None
) -> AsyncIterator[OpenedTarget]:
    """A virtual unit with a radio."""
    physics = physics_of(description) if options.physics else None
    radio = open_virtual_radio(timed=options.physics, packets_per_event=options.packets_per_event)
    try:
        made = fabricate(description, physics=physics)
        made.power_on(now_s=radio.now_s())
        radio.add_unit(made)
        link = await radio.open_link(interval_s=options.interval_s, packet_log=packet_log)
        pacing = AHEAD if options.physics else NO_PAUSES
        yield OpenedTarget(link=link, address=made.address, pacing=pacing)
    finally:
        await radio.close()


def _no_radio(unit: UnitDescription) -> InputError:
    return InputError(
        Code.TARGET_MALFORMED,
        f"The virtual unit {unit.name} has a serial port and no radio:"
        f" {'= and '.join(RADIO_OPTIONS)}= mean nothing.",
    )


def _at_a_port(description: UnitDescription, options: SimOptions) -> OpenedTarget:
    """A virtual unit for UART, at a port that exists in this process alone."""
    baud = DEFAULT_BAUD if options.physics else None
    physics = physics_of(description) if options.physics else None
    made = fabricate(description, physics=physics, greets=True)
    return OpenedTarget(link=virtual_serial_link(made, baud=baud), address=None, pacing=NO_PAUSES)
