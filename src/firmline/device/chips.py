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
        erase_page_ms: Longest erasure of a page, milliseconds.
        write_word_us: Longest programming of a word, microseconds.
        cpu_ma: Current of the CPU with the DC/DC converter, at 3 V, milliamperes.
        radio_ma: The same with the radio on.
        ldo_cpu_ma: Current of the CPU without the converter.
        ldo_radio_ma: The same with the radio on.
        ble_app_data_size: What a BLE bootloader keeps free below itself
            (NRF_DFU_APP_DATA_AREA_SIZE of the SDK's example for this chip).
        has_usb: Whether it has a USB device controller.
        verified: Whether recorded transcripts confirm a bootloader on it.
        source: Where the numbers come from.
    """

    name: str
    title: str
    part: int
    variant: int
    flash_size: int
    ram_size: int
    page_size: int
    erase_page_ms: float
    write_word_us: float
    cpu_ma: float
    radio_ma: float
    ldo_cpu_ma: float
    ldo_radio_ma: float
    ble_app_data_size: int
    has_usb: bool
    verified: bool
    source: str


def chip(name: str) -> Chip:
    """The chip with this name.

    Raises:
        KeyError: There is no such row.
    """
    return Chip(name=name, **load_table("chips")[name])


def chip_names() -> list[str]:
    """The names of all chips, in the order of the table."""
    return list(load_table("chips"))
