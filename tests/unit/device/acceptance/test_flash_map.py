"""The flash map and the sizes: the whole flash, no overlap, and the numbers of the spec."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from firmline.device.acceptance.flash_map import RegionKind
from firmline.device.acceptance.verdict import ImageVerdict, judge
from unit.device.acceptance.specimens import application, bootloader, package, unit


def verdict(described: Any, size: int = 50_000) -> ImageVerdict:
    """The verdict on an application of some size."""
    return judge(package(application=application(size)), described).images[0]


@pytest.mark.slow
@pytest.mark.parametrize("size", [4, 50_000, 150_000, 250_000, 400_000])
@pytest.mark.parametrize(
    "described",
    [
        unit(),
        unit(application_size=0),
        unit("nrf52840"),
        unit("nrf52832-256k", application_size=61_440),
        unit(profile="sdk15.3-uart", softdevice=None),
    ],
)
def test_regions_cover_the_flash_without_gap_or_overlap(described: Any, size: int) -> None:
    regions = verdict(described, size).regions
    assert regions[0].start == 0
    assert regions[-1].end == described.chip.flash_size
    assert all(one.end == other.start for one, other in pairwise(regions))
    assert all(0 <= region.used <= region.size for region in regions)


def test_a_map_shows_what_lies_where() -> None:
    regions = {region.kind: region for region in verdict(unit()).regions}
    assert (regions[RegionKind.SOFTDEVICE].start, regions[RegionKind.SOFTDEVICE].end) == (
        0x1000,
        0x26000,
    )
    assert (regions[RegionKind.BANK_0].start, regions[RegionKind.BANK_0].used) == (0x26000, 100_000)
    assert (regions[RegionKind.BANK_1].start, regions[RegionKind.BANK_1].used) == (0x3F000, 50_000)
    assert regions[RegionKind.DATA].start == 0x75000
    assert regions[RegionKind.BOOTLOADER].start == 0x78000
    assert regions[RegionKind.SETTINGS].start == 0x7F000


def test_an_application_that_has_to_go_is_not_on_the_map() -> None:
    kinds = [region.kind for region in verdict(unit(), 300_000).regions]
    assert RegionKind.BANK_0 not in kinds
    assert RegionKind.BANK_1 not in kinds
    assert RegionKind.IN_PLACE in kinds


def test_an_image_without_a_place_leaves_the_map_as_it_is() -> None:
    kinds = [region.kind for region in verdict(unit(), 400_000).regions]
    assert RegionKind.BANK_1 not in kinds
    assert RegionKind.BANK_0 in kinds


def test_sizes_in_512_kb_are_those_of_the_spec() -> None:
    sizes = verdict(unit()).capacity
    assert sizes.room == 323_584
    assert sizes.beside == 323_584 - 0x19000
    assert sizes.bootloader == 0x6000
    assert sizes.softdevice_fits
    assert sizes.over_softdevice == 0


def test_in_256_kb_no_softdevice_ever_fits_over_ble() -> None:
    small = unit("nrf52832-256k", application_size=61_440)
    sizes = verdict(small).capacity
    assert sizes.room == 61_440
    assert sizes.beside == 0
    assert not sizes.softdevice_fits
    # 36,864 bytes of application stay beside a full bootloader (spec section 6, claims checked).
    assert sizes.bootloader_beside == 36_864


def test_over_uart_a_softdevice_fits_in_256_kb_in_the_place_of_the_old_one() -> None:
    small = unit("nrf52832-256k", "sdk15.3-uart", application_size=0x1000)
    sizes = verdict(small).capacity
    assert sizes.softdevice_fits
    assert sizes.room < sizes.softdevice <= sizes.over_softdevice


@pytest.mark.slow
@pytest.mark.parametrize("chip", ["nrf52832-512k", "nrf52832-256k"])
def test_the_sizes_foretell_what_the_checks_say(chip: str) -> None:
    # Each figure is tried at the figure and one word above it.
    base = unit(chip, application_size=0x8000)
    sizes = verdict(base, 4).capacity
    for size, fits in ((sizes.room, True), (sizes.room + 4, False)):
        assert verdict(base, size).accepted is fits
    for size, keeps in ((sizes.beside, True), (sizes.beside + 4, False)):
        place = verdict(base, size).place
        assert place is not None
        assert place.keeps_application is keeps
    for installed, keeps in ((sizes.twice, True), (sizes.twice + 4, False)):
        place = verdict(unit(chip, application_size=installed), installed).place
        assert place is not None
        assert place.keeps_application is keeps
    for installed, keeps in ((sizes.bootloader_beside, True), (sizes.bootloader_beside + 4, False)):
        sent = package(application=None, bootloader=bootloader(sizes.bootloader))
        place = judge(sent, unit(chip, application_size=installed)).images[0].place
        assert place is not None
        assert place.keeps_application is keeps
