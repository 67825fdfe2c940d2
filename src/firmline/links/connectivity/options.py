"""What an ``nrfconn:`` target says: the dongle's port, the unit's address, and options.

``nrfconn:PORT/AA:BB:CC:DD:EE:FF``, where the last ``/`` separates the two: ports have slashes of
their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, InputError, shortened
from firmline.links.base import USUAL_INTERVAL_S
from firmline.links.serial.options import MAX_BAUD, MIN_BAUD
from firmline.links.target import Target
from firmline.links.target_options import (
    interval_option,
    number_option,
    phy_2m_option,
    refuse_others,
    road_alone,
    road_and_unit,
)
from firmline.values import BleAddress

DONGLE_OPTIONS: Final = ("baud", "interval", "phy")
"""``baud``: bits per second of the port. ``interval``: the connection interval to ask for, in
milliseconds. ``phy``: ``2m``, or ``1m`` for a unit that cannot bear to be asked for it."""
USUAL_BAUD: Final = 1_000_000
"""Of the firmware (nrf-connectivity spec, "Link layer")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DongleOptions:
    """What an ``nrfconn:`` target says.

    Attributes:
        port: The dongle's port.
        address: Of the unit's application; ``None``: the target names a dongle alone.
        baud: Bits per second.
        interval_s: The connection interval to ask for.
        phy_2m: Whether the 2M PHY is asked for.
    """

    port: str
    address: BleAddress | None
    baud: int = USUAL_BAUD
    interval_s: float = USUAL_INTERVAL_S
    phy_2m: bool = True


def dongle_unit_options(target: Target) -> DongleOptions:
    """Read an ``nrfconn:`` target that names a unit.

    Raises:
        InputError: ``TARGET_MALFORMED``.
    """
    port, address = road_and_unit(target, kind="dongle", form="PORT", example="/dev/ttyACM0")
    return _options(target, port, address)


def dongle_radio_options(target: Target) -> DongleOptions:
    """Read an ``nrfconn:`` target that names a dongle alone.

    Raises:
        InputError: ``TARGET_MALFORMED``; also where it names a unit.
    """
    return _options(target, road_alone(target), None)


def _options(target: Target, port: str, address: BleAddress | None) -> DongleOptions:
    if not port.isprintable():
        raise InputError(
            Code.TARGET_MALFORMED,
            f"The target {shortened(target.text)!r} names no port.",
            hint="Write the dongle's port behind nrfconn:, such as nrfconn:/dev/ttyACM0.",
        )
    refuse_others(target, DONGLE_OPTIONS)
    baud = number_option(target, "baud", MIN_BAUD, MAX_BAUD, "a number of bits per second", step=1)
    return DongleOptions(
        port=port,
        address=address,
        baud=USUAL_BAUD if baud is None else int(baud),
        interval_s=interval_option(target),
        phy_2m=phy_2m_option(target, fails="a unit"),
    )
