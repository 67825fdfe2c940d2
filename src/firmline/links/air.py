"""A link that listens to whoever is in the air, and to no unit in particular."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.errors import Code, InputError, TransportError, TransportReason
from firmline.links.base import Link
from firmline.links.bluetooth import open_bluetooth
from firmline.links.bluetooth.options import adapter_of
from firmline.links.bluetooth.stack import this_stack
from firmline.links.bumble.options import hci_radio_options
from firmline.links.hci import open_hci
from firmline.links.sim_options import sim_options
from firmline.links.target import Scheme, Target
from firmline.links.virtual_radio import open_virtual_radio

MAX_UNITS: Final = 64
"""Virtual units in one air; ours."""


def unit_names(target: Target) -> list[str]:
    """The units that a ``sim:`` target puts into one air: names or unit files, with commas between.

    Raises:
        InputError: ``TARGET_MALFORMED``: one is empty, or they are too many.
    """
    names = [name.strip() for name in target.where.split(",")]
    if not all(names) or len(names) > MAX_UNITS:
        raise InputError(
            Code.TARGET_MALFORMED,
            f"{target.text[:60]!r} does not name 1 to {MAX_UNITS} units with commas between.",
            hint="Such as sim:ble-reference,other-softdevice; firmline sim units lists them.",
        )
    return names


@asynccontextmanager
async def open_air(target: Target, *, units: Sequence[UnitDescription]) -> AsyncIterator[Link]:
    """Open the radio that a target names; everything is given back at the end.

    Args:
        target: The radio.
        units: The virtual units that are in the air of a ``sim:`` target.

    Raises:
        InputError: An option there is not, or units that cannot share an air.
        TransportError: NOT_AVAILABLE.
    """
    if target.scheme is Scheme.BLE:
        async with _own_bluetooth(target) as link:
            yield link
        return
    if target.scheme is Scheme.HCI:
        async with open_hci(hci_radio_options(target)) as link:
            yield link
        return
    if target.scheme is not Scheme.SIM:
        raise TransportError(
            Code.LINK_NOT_AVAILABLE,
            f"Links of the scheme {target.scheme}: cannot list what is in the air yet.",
            reason=TransportReason.NOT_AVAILABLE,
            hint="Use ble, the computer's own Bluetooth, hci:TRANSPORT, or sim:NAME,NAME, which is"
            " virtual units.",
        )
    options = sim_options(target)
    check_air(units)
    radio = open_virtual_radio(timed=options.physics, packets_per_event=options.packets_per_event)
    try:
        for description in units:
            physics = physics_of(description) if options.physics else None
            made = fabricate(description, physics=physics)
            made.power_on(now_s=radio.now_s())
            radio.add_unit(made)
        yield await radio.open_link(interval_s=options.interval_s)
    finally:
        await radio.close()


@asynccontextmanager
async def _own_bluetooth(target: Target) -> AsyncIterator[Link]:
    """The computer's own Bluetooth, which hears everyone."""
    if target.where:
        raise InputError(
            Code.TARGET_MALFORMED,
            f"{target.text[:60]!r} names a unit, and a scan hears everyone.",
            hint="Write --on ble, or --on 'ble:?adapter=hci1' to choose an adapter.",
        )
    stack = this_stack()
    link = open_bluetooth(stack, adapter=adapter_of(target, stack))
    try:
        yield link
    finally:
        await link.close()


def check_air(units: Sequence[UnitDescription]) -> None:
    """See that virtual units can share an air.

    Raises:
        InputError: ``TARGET_MALFORMED``: one has no radio, or two have one address.
    """
    for unit in units:
        if not unit.profile.is_ble:
            raise InputError(
                Code.TARGET_MALFORMED,
                f"The virtual unit {unit.name[:40]} has no radio, so it is not in the air.",
                hint=f"Serve it to another program: firmline sim serve --unit {unit.name[:40]}.",
            )
    addresses = [unit.address for unit in units]
    for unit in units:
        if addresses.count(unit.address) > 1:
            raise InputError(
                Code.TARGET_MALFORMED,
                f"Two of these units have the address {unit.address}, so nobody could tell them"
                " apart.",
                hint="Name each unit once, or give the copy another address in a unit file.",
            )
