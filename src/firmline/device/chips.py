"""The chips that a virtual unit can be made of: one row of ``data/chips.toml`` each."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.data import load_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A chip as the bootloader sees it; sizes in bytes.

    Attributes:
        name: Key of the row, e.g. ``nrf52832-512k``.
        title: For people.
        part: FICR INFO.PART.
        variant: FICR INFO.VARIANT, four ASCII characters as a number.
        flash_size: Flash.
        ram_size: RAM.
        page_size: The smallest piece that can be erased.
        source: Where the numbers come from.
    """

    name: str
    title: str
    part: int
    variant: int
    flash_size: int
    ram_size: int
    page_size: int
    source: str


def chip(name: str) -> Chip:
    """The chip with this name.

    Raises:
        KeyError: There is no such row.
    """
    return Chip(name=name, **load_table("chips")[name])
