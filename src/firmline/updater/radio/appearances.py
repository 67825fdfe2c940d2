"""What somebody in the air appears to be: judged by what it advertises, or by its services.

Who is meant by an address is another question (:mod:`firmline.updater.radio.recognition`): two
units may share one.
"""

from __future__ import annotations

from typing import Final

from firmline.links.base import Connection, Sighting
from firmline.links.gatt import LEGACY_DFU_SERVICE
from firmline.protocol.channels import WAYS_IN, Channel
from firmline.updater.radio.scanning import SeenKind, kind_of

HARMLESS: Final = frozenset({SeenKind.APPLICATION, SeenKind.OTHER, SeenKind.SMP})
"""What is no bootloader of a kind that could be mistaken for the unit's."""


# By what is advertised.


def says_harmless(sighting: Sighting) -> bool:
    """Whether somebody says that it is no bootloader that could be mistaken for the unit's."""
    return kind_of(sighting) in HARMLESS


def says_no_bootloader(sighting: Sighting) -> bool:
    """Whether somebody does not say that it is a bootloader."""
    return kind_of(sighting) is not SeenKind.BOOTLOADER


def contradicts(there: Sighting, connection: Connection) -> bool:
    """Whether somebody who says that it is a bootloader has an application's bonded service.

    Its services are remembered ones then, and a request of theirs would mean something else to it;
    or an application and another unit's bootloader share the address.
    """
    return not says_no_bootloader(there) and Channel.BUTTONLESS_BONDED in connection.channels


# By services.


def is_no_bootloader(connection: Connection) -> bool:
    """Whether somebody at the application's address can be an application."""
    return Channel.CONTROL not in connection.channels


def may_be_ours(connection: Connection) -> bool:
    """Whether somebody at the application's address can be the unit, in whichever mode."""
    return is_no_bootloader(connection) or connection.needs_encryption


def is_some_bootloader(connection: Connection) -> bool:
    """Whether somebody at the bootloader's address is one, of whatever kind."""
    return Channel.CONTROL in connection.channels or LEGACY_DFU_SERVICE in connection.services


def way_in(connection: Connection) -> Channel | None:
    """The service that takes an application into its bootloader; ``None``: it has none."""
    return next((channel for channel in WAYS_IN if channel in connection.channels), None)
