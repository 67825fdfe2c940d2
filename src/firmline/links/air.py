"""A link that listens to whoever is in the air, and to no unit in particular."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from firmline.device.description import UnitDescription
from firmline.errors import Code, InputError, TransportError, TransportReason
from firmline.links.base import Link
from firmline.links.bluetooth import open_bluetooth
from firmline.links.bluetooth.options import adapter_of
from firmline.links.bluetooth.stack import this_stack
from firmline.links.bumble.options import hci_radio_options
from firmline.links.connectivity.open import open_dongle
from firmline.links.connectivity.options import dongle_radio_options
from firmline.links.hci import open_hci
from firmline.links.sim_options import sim_options
from firmline.links.target import Scheme, Target
from firmline.links.virtual_air import open_virtual_air

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
    if target.scheme is Scheme.NRFCONN:
        async with open_dongle(dongle_radio_options(target)) as link:
            yield link
        return
    if target.scheme is not Scheme.SIM:
        raise TransportError(
            Code.LINK_NOT_AVAILABLE,
            f"Links of the scheme {target.scheme}: cannot list what is in the air yet.",
            reason=TransportReason.NOT_AVAILABLE,
            hint="Use ble, the computer's own Bluetooth, hci:TRANSPORT, nrfconn:PORT, or"
            " sim:NAME,NAME, which is virtual units.",
        )
    async with open_virtual_air(units, sim_options(target)) as link:
        yield link


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
