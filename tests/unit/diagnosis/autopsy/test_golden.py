"""What differs from a good unit, region by region."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from firmline.device.description import gallery_unit
from firmline.device.dump import dump_unit
from firmline.device.unit import VirtualUnit
from firmline.diagnosis.autopsy.examination import examine
from firmline.diagnosis.autopsy.golden import EXPECTED, Comparison, Region, compare, regions
from firmline.formats.flash.information import APPROTECT
from firmline.values import FwVersion
from unit.diagnosis.autopsy.bodies import (
    BACKUP,
    BANK_0,
    SETTINGS,
    made,
    page_of,
    without,
    write_page,
    write_uicr,
)

GOOD = examine(dump_unit(made())).body


def against_good(unit: VirtualUnit) -> dict[Region, Comparison]:
    """Every region of a unit, against one that is right."""
    return {each.region: each for each in compare(examine(dump_unit(unit)).body, GOOD)}


def test_regions_lie_behind_one_another_and_end_with_the_flash() -> None:
    flash = [(start, end) for region, start, end in regions(GOOD) if end <= 0x80000 and start < end]
    assert flash[0][0] == 0
    assert flash[-1][1] == 0x80000
    assert all(one[1] == other[0] for one, other in pairwise(flash))


def test_a_unit_of_the_same_build_differs_where_that_is_to_be_expected() -> None:
    found = against_good(made(replace(gallery_unit("ble-reference"), serial_number="FL-0999")))
    assert [each.region for each in found.values() if each.different] == [Region.FICR]
    assert not any(each.is_suspect for each in found.values())


@pytest.mark.parametrize(
    ("address", "region"),
    [
        (0x10, Region.MBR),
        (0x5000, Region.SOFTDEVICE),
        (BANK_0 + 0x1000, Region.APPLICATION),
        (0x60000, Region.FREE),
        (0x76000, Region.DATA),
        (0x79000, Region.BOOTLOADER),
    ],
)
def test_what_differs_is_found_in_its_region(address: int, region: Region) -> None:
    unit = made()
    before = unit.board.flash.read(address, 40)
    changed = bytes(byte ^ 0x55 for byte in before[:4]) + before[4:36]
    unit.board.flash.load(address, changed + bytes(byte ^ 1 for byte in before[36:]))
    found = against_good(unit)
    assert [each.region for each in found.values() if each.different] == [region]
    told = found[region]
    assert (told.different, told.pieces, told.first) == (8, 2, address)
    assert told.is_suspect is (region not in EXPECTED)


def test_settings_that_differ_in_what_is_installed_are_suspect() -> None:
    unit = made()
    write_page(unit, replace(page_of(unit), app_version=int(FwVersion(9))))
    found = against_good(unit)
    for region, start in ((Region.SETTINGS, SETTINGS), (Region.MBR_PARAMETERS, BACKUP)):
        assert found[region].fields == ("app_version",)
        assert found[region].is_suspect
        assert found[region].first == start


def test_settings_that_differ_in_a_name_are_not() -> None:
    unit = made()
    write_page(unit, replace(page_of(unit), adv_name=bytes(28)))
    found = against_good(unit)
    assert found[Region.SETTINGS].fields == ("adv_name",)
    assert not found[Region.SETTINGS].is_suspect


def test_uicr_that_differs_is_suspect() -> None:
    unit = made()
    write_uicr(unit, APPROTECT, 0xFFFF_FF00)
    told = against_good(unit)[Region.UICR]
    assert (told.first, told.different, told.is_suspect) == (APPROTECT, 1, True)


def test_what_is_not_in_both_dumps_is_not_compared() -> None:
    unit = examine(without(dump_unit(made()), 0x1000, 1 << 32)).body
    found = {each.region: each for each in compare(unit, GOOD)}
    assert found[Region.MBR].compared == 0x1000
    assert found[Region.SOFTDEVICE].compared == 0
    assert not any(each.different for each in found.values())


def test_half_a_dump_of_a_good_unit_is_compared_by_the_layout_of_the_whole_one() -> None:
    half = examine(without(dump_unit(made()), 0x40000, 1 << 32)).body
    unit = made()
    unit.board.flash.load(BANK_0 + 0x1000, b"another build")
    found = {each.region: each for each in compare(examine(dump_unit(unit)).body, half)}
    assert found[Region.APPLICATION].is_suspect
    assert found[Region.BOOTLOADER].compared == 0
