"""The channels over which a unit and a host speak, and what each carries.

A channel is a place to write bytes to and hear bytes from; a link maps it to what it has: a GATT
characteristic, a serial port. Both ends of the protocol use the same names.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Channel(StrEnum):
    """One road for bytes between host and unit (spec sections 11 to 13)."""

    CONTROL = "control"
    """DFU Control Point, 8EC90001: requests by write, answers by notification."""

    PACKET = "packet"
    """DFU Packet, 8EC90002: object data by write without response; never answers."""

    BUTTONLESS = "buttonless"
    """Buttonless DFU, 8EC90003: of the application; answers by indication."""

    BUTTONLESS_BONDED = "buttonless_bonded"
    """Buttonless DFU with bonds, 8EC90004: the same over a link that is encrypted with a bond."""

    BUTTONLESS_EXPERIMENTAL = "buttonless_experimental"
    """The first one, 8E400001, of SDK 12; answers by notification."""

    SERIAL = "serial"
    """A serial port: raw bytes in both directions, SLIP frames inside."""


WAYS_IN: Final = (
    Channel.BUTTONLESS,
    Channel.BUTTONLESS_BONDED,
    Channel.BUTTONLESS_EXPERIMENTAL,
)
"""The channels on which an application is asked into its bootloader."""
