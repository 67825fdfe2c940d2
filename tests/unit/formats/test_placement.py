from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.errors import Code, InputError
from firmline.formats.firmware import FirmwareImage
from firmline.formats.placement import check_images
from firmline.formats.softdevice import SMALLEST_SOFTDEVICE_END
from unit.formats.makers import image, refuses, softdevice_image

CODE = bytes(range(1, 17))
OVERLAPS = Code.IMAGE_OVERLAPS_SOFTDEVICE
BARE = image(b"\xa5" * 0x20000, address=0x1000, name="sd.hex")  # a SoftDevice that says nothing


def check(
    address: int | None = 0x26000,
    *,
    application: FirmwareImage | None = None,
    softdevice: FirmwareImage | None = None,
    sd_req: tuple[int, ...] = (0x101,),
) -> None:
    check_images(
        application=application or image(CODE, address=address),
        softdevice=softdevice,
        application_sd_req=sd_req,
    )


# The application and the SoftDevice that a unit has.


def test_the_smallest_softdevice_holds_its_information() -> None:
    assert SMALLEST_SOFTDEVICE_END == 0x3018


@pytest.mark.parametrize(
    ("sd_req", "end", "by"),
    [
        ((0x999,), 0x3018, "the SoftDevice that it requires, 0x0999, which reaches at least"),
        (
            (0xEA,),
            0x3018,
            "the SoftDevice that it requires, 0x00EA (S122 8.0.0), which reaches at least",
        ),
        (
            (0x123,),
            0x3018,
            "the SoftDevice that it requires, 0x0123 (S140 7.3.0), which reaches at least",
        ),
        ((0xB7,), 0x26000, "the SoftDevice 0x00B7 (S132 6.1.1), which reaches to 0x26000"),
        ((0xB6,), 0x26000, "the SoftDevice 0x00B6 (S140 6.1.1), which reaches to 0x26000"),
        ((0x100,), 0x27000, "the SoftDevice 0x0100 (S140 7.2.0), which reaches to 0x27000"),
        ((0x101,), 0x26000, "the SoftDevice 0x0101 (S132 7.2.0), which reaches to 0x26000"),
        ((0x103,), 0x19000, "the SoftDevice 0x0103 (S112 7.2.0), which reaches to 0x19000"),
        ((0x100, 0x103, 0x101), 0x19000, "the SoftDevice 0x0103"),
        ((0xCA, 0x999, 0xB7), 0x26000, "the SoftDevice 0x00B7"),
    ],
)
def test_the_first_address_that_is_right_and_the_last_that_is_wrong(
    sd_req: tuple[int, ...], end: int, by: str
) -> None:
    check(end, sd_req=sd_req)
    with refuses(OVERLAPS, f"app.hex begins at 0x{end - 4:X}, inside {by}"):
        check(end - 4, sd_req=sd_req)


@pytest.mark.parametrize("sd_req", [(), (0,), (0, 0x101)])
def test_without_a_softdevice_an_application_begins_behind_the_mbr(sd_req: tuple[int, ...]) -> None:
    check(0x1000, sd_req=sd_req)


def test_plain_bytes_lie_nowhere() -> None:
    check(None)
    check(None, softdevice=softdevice_image())
    check(None, softdevice=BARE, sd_req=(0x124,))


def test_a_merged_file_begins_where_a_softdevice_does() -> None:
    with pytest.raises(InputError, match="begins at 0x1000") as caught:
        check(application=image(BARE.data, address=0x1000, name="merged.hex"), sd_req=(0x124,))
    assert caught.value.code is OVERLAPS
    assert "not one merged with the SoftDevice" in caught.value.hint


@pytest.mark.parametrize("address", [0x1000, None])
def test_a_merged_file_with_information_is_known_by_it(address: int | None) -> None:
    merged = image(softdevice_image().data, address=address, name="merged.hex")
    with refuses(OVERLAPS, "contains a SoftDevice in front of it, FWID 0x0101 (S132 7.2.0)."):
        check(application=merged, sd_req=(0,))


# The application and the SoftDevice in the same package.


@pytest.mark.parametrize("address", [0x1000, 0x10000, 0x26FFC])
def test_an_application_inside_the_softdevice_beside_it(address: int) -> None:
    softdevice = softdevice_image(end=0x27000)
    with refuses(
        OVERLAPS, "inside the SoftDevice in s132.hex, FWID 0x0101 (S132 7.2.0), which reaches to"
    ):
        check(address, softdevice=softdevice)
    check(0x27000, softdevice=softdevice)


def test_what_a_softdevice_says_of_itself_counts_for_more_than_the_table() -> None:
    check(0x20000, softdevice=softdevice_image(end=0x20000))


@pytest.mark.parametrize("address", [0x1000, None])
def test_a_softdevice_that_says_nothing_reaches_as_far_as_its_bytes(address: int | None) -> None:
    softdevice = replace(BARE, address=address)
    check(0x21000, softdevice=softdevice, sd_req=(0x124,))
    with refuses(OVERLAPS, "the SoftDevice in sd.hex, which reaches at least to 0x21000"):
        check(0x20FFC, softdevice=softdevice, sd_req=(0x124,))
    with refuses(OVERLAPS, "S132 7.2.0"):
        check(0x21000, softdevice=softdevice, sd_req=(0x101,))


def test_a_softdevice_of_another_number_than_the_application_requires() -> None:
    with pytest.raises(InputError, match=r"FWID 0x0104.*requires 0x0999 or 0x0998") as caught:
        check(softdevice=softdevice_image(fwid=0x104), sd_req=(0x999, 0x998))
    assert caught.value.code is Code.PACKAGE_COMBINATION
    assert "--sd-id 0x0104" in caught.value.hint
    check(softdevice=softdevice_image(fwid=0x104), sd_req=(0x999, 0x104))
    check(softdevice=softdevice_image(fwid=0x104), sd_req=(0,))


# The SoftDevice alone.


@pytest.mark.parametrize("address", [0x1004, 0x3000, 0x26000, 0x72000])
def test_a_softdevice_begins_at_0x1000(address: int) -> None:
    with refuses(Code.IMAGE_NOT_A_SOFTDEVICE, f"begins at 0x{address:X}, and every SoftDevice at"):
        check_images(
            application=None, softdevice=replace(BARE, address=address), application_sd_req=()
        )


def test_the_application_is_not_its_own_softdevice() -> None:
    for address in (0x1000, None):
        with refuses(Code.IMAGE_NOT_A_SOFTDEVICE, "the same bytes as the application, app.bin"):
            check(
                application=image(BARE.data, address=address, name="app.bin"),
                softdevice=replace(BARE, address=address),
            )


def test_a_softdevice_given_as_the_application_too_is_the_application_s_fault() -> None:
    softdevice = softdevice_image()
    with refuses(OVERLAPS, "s132.hex is meant to be an application"):
        check(application=softdevice, softdevice=softdevice)


def test_plain_bytes_that_begin_with_the_mbr_are_no_softdevice_for_an_update() -> None:
    whole = image(bytes(0x1000) + softdevice_image().data, address=None, name="sd.bin")
    with refuses(Code.IMAGE_NOT_A_SOFTDEVICE, "it begins with the MBR"):
        check_images(application=None, softdevice=whole, application_sd_req=())


@pytest.mark.parametrize("address", [0x1000, None])
def test_a_softdevice_may_say_nothing_of_itself(address: int | None) -> None:
    check_images(application=None, softdevice=replace(BARE, address=address), application_sd_req=())


def test_a_softdevice_with_an_application_behind_it_is_none_alone() -> None:
    alone = softdevice_image(end=0x3100)
    page = image(alone.data.ljust(0x3000, b"\xff"), address=0x1000, name="merged.hex")
    check_images(application=None, softdevice=page, application_sd_req=())
    merged = image(page.data + bytes(4), address=0x1000, name="merged.hex")
    with refuses(Code.IMAGE_NOT_A_SOFTDEVICE, "reaches to 0x4004, and the SoftDevice in it ends"):
        check_images(application=None, softdevice=merged, application_sd_req=())
