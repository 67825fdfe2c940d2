"""An air of its own for virtual units, and a radio that hears all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Self, TypeAlias

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
    async with VirtualAir(options) as air:
        for description in units:
            air.add(description)
        yield await air.open_link(packet_log=packet_log)


class VirtualAir:
    """An air that units can come into while it is used.

    Args:
        options: How a radio in it behaves, and whether things take time.

    Raises:
        TransportError: NOT_AVAILABLE: the stack of the virtual radio is not installed.
    """

    def __init__(self, options: SimOptions) -> None:
        self._options = options
        self._radio = open_virtual_radio(
            timed=options.physics, packets_per_event=options.packets_per_event
        )

    async def __aenter__(self) -> Self:
        """It is there already."""
        return self

    async def __aexit__(self, *raised: object) -> None:
        """Give everything back."""
        await self._radio.close()

    def add(self, description: UnitDescription) -> None:
        """Fabricate a unit and switch it on in the air; nobody there has its address."""
        physics = physics_of(description) if self._options.physics else None
        made = fabricate(description, physics=physics)
        made.power_on(now_s=self._radio.now_s())
        self._radio.add_unit(made)

    async def open_link(self, *, packet_log: PacketLog | None = None) -> Link:
        """A radio that hears all of them."""
        interval_s = self._options.interval_s
        return await self._radio.open_link(interval_s=interval_s, packet_log=packet_log)


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
