"""Where settings pages may lie, and the images that cannot be beside them."""

from __future__ import annotations

import pytest

from firmline.errors import Code
from firmline.formats.families import Family, families, find_family
from firmline.formats.firmware import FirmwareImage
from firmline.formats.placement import softdevice_end
from firmline.formats.settings_place import (
    check_settings_images,
    place_settings,
)
from unit.formats.makers import image, refuses, softdevice_image

NRF52 = find_family("NRF52")
PLACES = place_settings(NRF52)
APP, SD = image(bytes(1000)), softdevice_image()
FULL = 0x7E000 - 0x26000  # behind the SoftDevice, up to the backup page


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_the_places_of_every_family_can_be(family: Family) -> None:
    places = place_settings(family)
    assert places.address == family.settings_address
    assert places.backup_address == family.settings_address - 0x1000


def test_places_of_ones_own() -> None:
    places = place_settings(NRF52, address=0x7A000)
    assert (places.address, places.backup_address) == (0x7A000, 0x79000)
    places = place_settings(NRF52, backup_address=0x70000)
    assert (places.address, places.backup_address) == (0x7F000, 0x70000)
    above = place_settings(NRF52, address=0x7A000, backup_address=0x7B000)
    assert (above.address, above.backup_address) == (0x7A000, 0x7B000)
    assert place_settings(NRF52, has_backup=False).backup_address is None
    assert place_settings(find_family("NRF51"), address=0x3F400).backup_address == 0x3E400
    assert place_settings(NRF52, address=0x1000, has_backup=False).address == 0x1000


@pytest.mark.parametrize(
    ("address", "backup", "fragment"),
    [
        (0x7F004, None, "cannot begin at 0x7F004"),
        (0x7F400, None, "multiple of 0x1000"),
        (None, 0x7E400, "The backup page cannot begin at 0x7E400"),
        (0x80000, None, "outside the flash of NRF52, which ends at 0x80000"),
        (None, 0xFFFF_F000, "The backup page at 0xFFFFF000 is outside"),
        (0, None, "cannot lie at 0x0"),
        (None, 0, "cannot lie at 0x0"),
        (0x1000, None, "no room for the backup"),
        (None, 0x7F000, "cannot both lie at 0x7F000"),
    ],
)
def test_places_that_cannot_be(address: int | None, backup: int | None, fragment: str) -> None:
    with refuses(Code.SETTINGS_PLACE, fragment):
        place_settings(NRF52, address=address, backup_address=backup)


@pytest.mark.parametrize(
    "application",
    [
        image(bytes(FULL)),
        image(bytes(4), address=0x7DFFC),
        image(bytes(0x7E000 - 0x1000), address=None),
        image(bytes(4), address=0x1000),
    ],
    ids=["full", "last word", "plain bytes", "first word"],
)
def test_applications_that_fit(application: FirmwareImage) -> None:
    check_settings_images(PLACES, application=application, softdevice=None)


@pytest.mark.parametrize(
    ("application", "code", "fragment"),
    [
        (image(bytes(FULL + 4)), Code.SETTINGS_PLACE, "the backup of the settings page lies in it"),
        (
            image(bytes(4), address=0x7F000),
            Code.SETTINGS_PLACE,
            "settings page lies in it, at 0x7F",
        ),
        (image(bytes(4), address=0x7FFFC), Code.SETTINGS_PLACE, "settings page lies in it"),
        (image(bytes(4), address=0x80000), Code.IMAGE_TOO_LARGE, "NRF52 ends at 0x80000"),
        (image(bytes(0x80000), address=None), Code.IMAGE_TOO_LARGE, "reaches at least to 0x81000"),
        (image(bytes(0x7E000), address=None), Code.SETTINGS_PLACE, "reaches at least to 0x7F000"),
        (
            softdevice_image(),
            Code.IMAGE_OVERLAPS_SOFTDEVICE,
            "contains a SoftDevice in front of it",
        ),
    ],
)
def test_applications_that_no_such_unit_holds(
    application: FirmwareImage, code: Code, fragment: str
) -> None:
    with refuses(code, fragment):
        check_settings_images(PLACES, application=application, softdevice=None)


def test_without_a_backup_its_place_is_free() -> None:
    alone = place_settings(NRF52, has_backup=False)
    check_settings_images(alone, application=image(bytes(FULL + 4)), softdevice=None)
    with refuses(Code.SETTINGS_PLACE, "the settings page lies in it"):
        check_settings_images(alone, application=image(bytes(FULL + 0x1004)), softdevice=None)


def test_softdevice_and_application_beside_each_other() -> None:
    check_settings_images(PLACES, application=APP, softdevice=SD)
    check_settings_images(PLACES, application=None, softdevice=SD)
    plain = image(SD.data, address=None)
    check_settings_images(PLACES, application=APP, softdevice=plain)
    with refuses(Code.IMAGE_OVERLAPS_SOFTDEVICE, "inside the SoftDevice in s132.hex, FWID"):
        check_settings_images(PLACES, application=image(bytes(4), address=0x25000), softdevice=SD)
    room = image(bytes(FULL + 4), address=None)
    with refuses(Code.SETTINGS_PLACE, "at least to 0x7E004"):
        check_settings_images(PLACES, application=room, softdevice=SD)


def test_softdevices_that_are_none() -> None:
    for softdevice, fragment in (
        (image(SD.data, address=0x2000), "begins at 0x2000"),
        (image(bytes(0x1000) + SD.data, address=None), "begins with the MBR"),
        (image(SD.data + bytes(0x26000), address=0x1000), "the SoftDevice in it ends at 0x26000"),
    ):
        with refuses(Code.IMAGE_NOT_A_SOFTDEVICE, fragment):
            check_settings_images(PLACES, application=APP, softdevice=softdevice)
    twice = image(bytes(0x2000), address=0x1000)
    with refuses(Code.IMAGE_NOT_A_SOFTDEVICE, "same bytes as the application"):
        check_settings_images(PLACES, application=twice, softdevice=twice)


def test_a_softdevice_ends_with_its_last_page() -> None:
    data = softdevice_image(end=0x3100).data
    small = place_settings(find_family("NRF51"))  # pages of 0x400, not of 0x1000
    for size, places in ((0x2400, small), (0x2404, PLACES)):
        softdevice = image(data.ljust(size, b"\xff"), address=0x1000)
        check_settings_images(places, application=None, softdevice=softdevice)
    behind = image(data.ljust(0x2404, b"\xff"), address=0x1000)
    with refuses(Code.IMAGE_NOT_A_SOFTDEVICE, "and the SoftDevice in it ends at 0x3100"):
        check_settings_images(small, application=None, softdevice=behind)


def test_a_softdevice_that_says_nothing_of_itself_ends_where_its_bytes_do() -> None:
    bare = image(bytes(0x2000), address=0x1000)
    assert softdevice_end(bare) == 0x3000
    assert softdevice_end(SD) == 0x26000
    check_settings_images(PLACES, application=image(bytes(4), address=0x3000), softdevice=bare)
    with refuses(Code.SETTINGS_PLACE, "settings page lies in it"):
        check_settings_images(
            place_settings(NRF52, address=0x3000, backup_address=0x2000),
            application=None,
            softdevice=bare,
        )
