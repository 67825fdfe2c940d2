"""An air of its own for virtual units, and a radio that hears all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.errors import Code, InputError
from firmline.links.base import Link
from firmline.links.sim_options import SimOptions
from firmline.links.virtual_radio import open_virtual_radio

PacketLog: TypeAlias = Callable[[bytes], None]
"""Takes a btsnoop file of everything between host and controller, as it passes."""


@asynccontextmanager
async def open_virtual_air(
    units: Sequence[UnitDescription], options: SimOptions, *, packet_log: PacketLog | None = None
) -> AsyncIterator[Link]:
    """Switch units on in one air, and open a radio in it; all is given back at the end.

    Args:
        units: Who is in the air.
        options: How the radio behaves, and whether things take time.
        packet_log: Where what passes on the radio is kept.

    Raises:
        InputError: These units cannot share an air.
        TransportError: NOT_AVAILABLE: the stack of the virtual radio is not installed.
    """
    check_air(units)
    radio = open_virtual_radio(timed=options.physics, packets_per_event=options.packets_per_event)
    try:
        for description in units:
            physics = physics_of(description) if options.physics else None
            made = fabricate(description, physics=physics)
            made.power_on(now_s=radio.now_s())
            radio.add_unit(made)
        yield await radio.open_link(interval_s=options.interval_s, packet_log=packet_log)
    finally:
        await radio.close()


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
