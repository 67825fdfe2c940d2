"""Chip families by the names that ``settings generate --family`` takes: ``data/families.toml``.

A family says how large the flash is and where a bootloader of the SDK's examples looks for its
settings page. Names are nrfutil's, and those of the chips that it does not know by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmline.data import load_table
from firmline.errors import Code, InputError

BACKUP_DISTANCE: Final = 0x1000
"""How far below the settings page its backup lies; on an nRF51, with pages of 0x400, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family; sizes and addresses in bytes.

    Attributes:
        name: ``NRF52``.
        title: For people.
        flash_size: Flash, counted from address 0.
        page_size: The smallest piece that can be erased.
        settings_address: Where its bootloaders keep their settings page.
        source: Where the numbers come from.
    """

    name: str
    title: str
    flash_size: int
    page_size: int
    settings_address: int
    source: str


def families() -> tuple[Family, ...]:
    """Every row of the table, nrfutil's first."""
    return tuple(Family(name=name, **row) for name, row in load_table("families").items())


def find_family(name: str) -> Family:
    """The family with this name, in upper or lower case.

    Raises:
        InputError: ``USAGE``: there is none; the message names those that there are.
    """
    for family in families():
        if family.name == name.upper():
            return family
    known = ", ".join(family.name for family in families())
    raise InputError(
        Code.USAGE,
        f"The chip family {name[:40]!r} is not known; known are {known}.",
        hint="Give the name of the chip, such as NRF52833.",
    )
