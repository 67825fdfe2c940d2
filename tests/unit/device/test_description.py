"""Chips, profiles, descriptions, the gallery, and what the factory makes of them."""

from __future__ import annotations

import hashlib
import re
import zlib
from typing import Any

import pytest

from firmline.device.advertising import advertising_data
from firmline.device.chips import chip
from firmline.device.description import SoftDeviceDescription, gallery_names, gallery_unit
from firmline.device.fabrication import fabricate
from firmline.device.profile import SDK15_3_BLE, SDK15_3_UART, MemoryMap
from firmline.device.synthetic import synthetic_bytes
from firmline.errors import Code, InputError
from firmline.events import UnitMode
from firmline.formats.flash.vector_table import is_program
from firmline.formats.settings_page import decode_settings_page
from firmline.formats.softdevice import softdevice_in_flash
from firmline.values import Fwid, FwVersion
from unit.device.makers import KEY, describe, make_board

GALLERY = gallery_names()


WAITING = {
    "leaked-buffers",
    "no-application",
    "stuck-gpregret",
    "uart-reference",
}
"""Units of the gallery that are in their bootloader when the story begins."""


def test_the_gallery_has_units() -> None:
    assert {"ble-reference", "other-softdevice"} <= set(GALLERY)
    assert sorted(GALLERY) == GALLERY
    assert set(GALLERY) > WAITING


@pytest.mark.parametrize("name", GALLERY)
def test_every_unit_of_the_gallery_boots_as_it_was_left(name: str) -> None:
    description = gallery_unit(name)
    unit = fabricate(description)
    assert unit.mode is None
    unit.power_on(now_s=0)
    assert unit.mode is (UnitMode.BOOTLOADER if name in WAITING else UnitMode.APPLICATION)
    assert unit.board.flash.operations == 0
    assert (unit.name, unit.address) == (name, description.address)


@pytest.mark.parametrize("name", [name for name in GALLERY if name != "no-application"])
def test_after_power_was_removed_every_unit_runs_the_application_it_is_described_with(
    name: str,
) -> None:
    description = gallery_unit(name)
    unit = fabricate(description)
    unit.power_on(now_s=0)
    unit.power_on(now_s=1)  # power that is removed takes GPREGRET away
    assert unit.mode is UnitMode.APPLICATION
    revision = unit.firmware_revision or ""
    assert re.fullmatch(rf"{description.application_version}\+[0-9a-f]{{8}}", revision)


def test_a_unit_without_an_application_waits_in_its_bootloader_whatever_happens() -> None:
    unit = fabricate(gallery_unit("no-application"))
    for now_s in range(3):
        unit.power_on(now_s=now_s)
        assert unit.mode is UnitMode.BOOTLOADER
    assert unit.board.flash.operations == 0


@pytest.mark.parametrize("name", GALLERY)
def test_every_unit_of_the_gallery_has_the_softdevice_it_is_described_with(name: str) -> None:
    description = gallery_unit(name)
    board = fabricate(description).board
    info = softdevice_in_flash(board.flash.read(0, board.flash.size))
    assert info is not None
    assert description.softdevice == SoftDeviceDescription(
        fwid=info.fwid,
        family=info.family or 0,
        version=info.version or 0,
        size_word=info.size_word,
    )
    assert board.softdevice == info


def test_a_unit_without_a_softdevice_has_its_application_behind_the_mbr() -> None:
    unit = fabricate(describe(softdevice=None, profile=SDK15_3_UART))
    unit.power_on(now_s=0)
    assert unit.board.softdevice is None
    assert unit.board.bank_0_start == 0x1000
    assert unit.mode is UnitMode.APPLICATION


def test_the_units_of_the_gallery_have_addresses_of_their_own_in_both_modes() -> None:
    addresses = [gallery_unit(name).address for name in GALLERY]
    everyone = addresses + [address.plus_one() for address in addresses]
    assert len(set(everyone)) == len(everyone)


def test_the_units_of_the_gallery_have_serial_numbers_and_titles_of_their_own() -> None:
    units = [gallery_unit(name) for name in GALLERY]
    assert len({unit.serial_number for unit in units}) == len(units)
    assert len({unit.title for unit in units}) == len(units)


def test_an_unknown_unit_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(InputError) as caught:
        gallery_unit("nobody")
    assert caught.value.code is Code.TARGET_UNKNOWN_UNIT
    assert "'nobody'" in caught.value.message
    assert all(name in caught.value.hint for name in GALLERY)


@pytest.mark.parametrize("name", ["../chips", "", "x" * 500, "ble-reference.toml"])
def test_a_name_is_a_name_and_not_a_path(name: str) -> None:
    with pytest.raises(InputError) as caught:
        gallery_unit(name)
    assert len(caught.value.message) < 120


# Chips and memory.


def test_the_reference_chip_is_the_one_of_the_spec() -> None:
    row = chip("nrf52832-512k")
    assert (row.part, row.variant, row.flash_size, row.ram_size, row.page_size) == (
        0x52832,
        0x41414530,
        0x80000,
        0x10000,
        0x1000,
    )
    assert row.source


def test_an_unknown_chip_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        chip("z80")


def test_the_memory_map_of_512_kb_is_that_of_the_spec() -> None:
    memory = MemoryMap.of(chip("nrf52832-512k"), SDK15_3_BLE)
    assert memory == MemoryMap(
        page_size=0x1000,
        bootloader_start=0x78000,
        bootloader_size=0x6000,
        backup_page=0x7E000,
        settings_page=0x7F000,
        region_end=0x75000,
    )


def test_the_memory_map_of_256_kb_is_that_of_the_spec() -> None:
    memory = MemoryMap.of(chip("nrf52832-256k"), SDK15_3_BLE)
    assert (memory.bootloader_start, memory.backup_page, memory.settings_page) == (
        0x38000,
        0x3E000,
        0x3F000,
    )
    assert memory.region_end == 0x35000


@pytest.mark.parametrize(
    ("size", "aligned"), [(0, 0), (1, 0x1000), (0x1000, 0x1000), (0x1001, 0x2000)]
)
def test_sizes_are_rounded_up_to_pages(size: int, aligned: int) -> None:
    assert MemoryMap.of(chip("nrf52832-512k"), SDK15_3_BLE).page_align(size) == aligned


def test_a_softdevice_that_claims_all_of_memory_wraps_around_as_in_the_c_code() -> None:
    board = make_board()
    board.flash.load(0x3008, b"\xff" * 4)
    assert board.bank_0_start == 0


# Fabrication.


def flash_of(**changes: Any) -> bytes:
    return fabricate(describe(**changes)).board.flash.read(0, 0x80000)


def test_the_same_description_gives_the_same_flash() -> None:
    assert flash_of() == flash_of()


def test_another_version_gives_another_application_and_nothing_else_but_settings() -> None:
    one, other = flash_of(version=3), flash_of(version=4)
    assert one[:0x26000] == other[:0x26000]
    assert one[0x26000 : 0x26000 + 20_000] != other[0x26000 : 0x26000 + 20_000]
    assert one[0x26000 + 20_000 : 0x7E000] == other[0x26000 + 20_000 : 0x7E000]


def test_name_address_and_serial_number_are_not_in_flash() -> None:
    assert flash_of(serial_number="A", name="B") == flash_of()


def test_what_is_behind_the_application_is_erased() -> None:
    flash = flash_of()
    assert flash[0x26000 + 20_000 : 0x78000] == b"\xff" * (0x78000 - 0x26000 - 20_000)


def test_mbr_and_bootloader_are_in_their_places() -> None:
    flash = flash_of()
    assert is_program(flash[:0x1000], 0, 0x1000)
    assert flash[0xFF8:0x1000] == b"\xff" * 8
    assert is_program(flash[0x78000:0x7E000], 0x78000, 0x7E000)
    assert is_program(flash[0x26000 : 0x26000 + 20_000], 0x26000, 0x26000 + 20_000)
    assert KEY.public_key.le_bytes in flash[0x78000:0x7E000]


def test_another_softdevice_ends_elsewhere_and_the_application_begins_there() -> None:
    softdevice = SoftDeviceDescription(
        fwid=Fwid(0x101), family=132, version=7_002_000, size_word=0x27000
    )
    unit = fabricate(describe(softdevice=softdevice))
    unit.power_on(now_s=0)
    assert unit.board.bank_0_start == 0x27000
    assert unit.mode is UnitMode.APPLICATION


def test_the_settings_page_of_the_factory_is_one_that_formats_reads() -> None:
    flash = flash_of(version=3, bootloader_version=FwVersion(9))
    page = decode_settings_page(flash[0x7F000:0x7F380])
    application = flash[0x26000 : 0x26000 + 20_000]
    assert page.app_version == 3
    assert page.bootloader_version == 9
    assert page.bank_0.size == 20_000
    assert page.bank_0.crc == zlib.crc32(application)
    assert flash[0x7E000:0x7F000] == flash[0x7F000:0x80000]
    assert flash[0x7F2E2:0x7F323] == bytes(65)  # no boot validation of the bootloader
    assert flash[0x7F323:0x80000] == b"\xff" * (0x80000 - 0x7F323)


def test_synthetic_bytes_are_those_of_the_transcripts() -> None:
    expected = hashlib.sha256(b"seed/0").digest() + hashlib.sha256(b"seed/1").digest()
    assert synthetic_bytes("seed", 40) == expected[:40]
    assert synthetic_bytes("seed", 0) == b""


# Advertising data.


def test_advertising_data_are_flags_services_and_name() -> None:
    assert advertising_data("AB", services=(0xFE59, 0x180A)) == bytes.fromhex(
        "020106 0502 59fe 0a18 0309 4142"
    )


def test_a_name_that_is_not_ascii_is_replaced_letter_by_letter() -> None:
    assert advertising_data("Tür", services=())[5:] == b"T?r"
