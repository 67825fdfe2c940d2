"""The chip families that ``settings generate`` knows."""

from __future__ import annotations

import pytest

from firmline.device.chips import chip, chip_names
from firmline.errors import Code
from firmline.formats.families import Family, families, find_family
from unit.formats.makers import refuses

OF_NRFUTIL = {
    "NRF51": 0x3FC00,
    "NRF52": 0x7F000,
    "NRF52QFAB": 0x3F000,
    "NRF52810": 0x2F000,
    "NRF52840": 0xFF000,
}
FAMILY_OF_CHIP = {"nrf52832-512k": "NRF52832", "nrf52832-256k": "NRF52QFAB"}


@pytest.mark.parametrize(("name", "address"), OF_NRFUTIL.items())
def test_nrfutils_families_have_nrfutils_addresses(name: str, address: int) -> None:
    assert find_family(name).settings_address == address


def test_the_families_that_nrfutil_does_not_know_by_name() -> None:
    assert {family.name for family in families()} - set(OF_NRFUTIL) == {
        "NRF52832",
        "NRF52833",
        "NRF52820",
        "NRF52811",
        "NRF52805",
    }


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_the_settings_page_is_the_last_one_of_the_flash(family: Family) -> None:
    assert family.settings_address == family.flash_size - family.page_size
    assert family.source


@pytest.mark.parametrize("name", chip_names())
def test_every_chip_has_its_family(name: str) -> None:
    row = chip(name)
    family = find_family(FAMILY_OF_CHIP.get(name, name))
    assert (family.flash_size, family.page_size) == (row.flash_size, row.page_size)


@pytest.mark.parametrize("name", ["nrf52833", "NRF52833", "nRF52833"])
def test_case_does_not_matter(name: str) -> None:
    assert find_family(name).name == "NRF52833"


@pytest.mark.parametrize("name", ["NRF5340", "", "52832", "NRF52 ", "\x1b[31m" * 1000])
def test_others_are_refused_with_the_names_of_those_that_there_are(name: str) -> None:
    with refuses(Code.USAGE, "known are NRF51, NRF52, NRF52QFAB,"):
        find_family(name)
