from __future__ import annotations

import struct
import zlib
from dataclasses import fields, replace

import pytest

from firmline.errors import Code, LocalProtocolError
from firmline.formats.settings_page import (
    Bank,
    BankCode,
    PageValidation,
    PageValidations,
    Progress,
    SettingsPage,
    decode_settings_page,
    encode_settings_page,
    seal_settings_page,
)
from unit.formats.makers import refuses


def numbered(size: int, first: int = 0) -> bytes:
    return bytes((first + index) & 0xFF for index in range(size))


# Every number says at which offset of spec section 8 it lies.
PAGE = SettingsPage(
    crc=0x00,
    version=2,
    app_version=0x08,
    bootloader_version=0x0C,
    bank_layout=0x10,
    bank_current=0x14,
    bank_0=Bank(size=0x18, crc=0x1C, code=0x20),
    bank_1=Bank(size=0x24, crc=0x28, code=0x2C),
    write_offset=0x30,
    sd_size=0x34,
    progress=Progress(
        command_size=0x38,
        command_offset=0x3C,
        command_crc=0x40,
        data_object_size=0x44,
        firmware_image_crc=0x48,
        firmware_image_crc_last=0x4C,
        firmware_image_offset=0x50,
        firmware_image_offset_last=0x54,
    ),
    enter_buttonless_dfu=0x58,
    init_command=numbered(512),
    validations=PageValidations(
        crc=0x25C,
        softdevice=PageValidation(type=1, data=numbered(64, 1)),
        application=PageValidation(type=2, data=numbered(64, 2)),
        bootloader=PageValidation(type=3, data=numbered(64, 3)),
        padding=0x23,
    ),
    peer_data=numbered(64, 9),
    adv_name=numbered(28, 10),
)
PAGE_V1 = replace(PAGE, version=1, init_command=numbered(256), validations=None)


@pytest.mark.parametrize("page", [PAGE, PAGE_V1])
def test_numbers_lie_where_the_specification_says(page: SettingsPage) -> None:
    encoded = encode_settings_page(page)
    for offset in [0, *range(8, 0x5C, 4)]:
        assert struct.unpack_from("<I", encoded, offset) == (offset,)
    assert struct.unpack_from("<I", encoded, 4) == (page.version,)


def test_blocks_lie_where_the_specification_says() -> None:
    encoded = encode_settings_page(PAGE)
    assert len(encoded) == 896
    assert encoded[0x5C:0x25C] == numbered(512)
    assert struct.unpack_from("<I", encoded, 0x25C) == (0x25C,)
    assert (encoded[0x260], encoded[0x261:0x2A1]) == (1, numbered(64, 1))
    assert (encoded[0x2A1], encoded[0x2A2:0x2E2]) == (2, numbered(64, 2))
    assert (encoded[0x2E2], encoded[0x2E3:0x323]) == (3, numbered(64, 3))
    assert encoded[0x323] == 0x23
    assert encoded[0x324:0x364] == numbered(64, 9)
    assert encoded[0x364:] == numbered(28, 10)


def test_the_first_version_has_no_boot_validation() -> None:
    encoded = encode_settings_page(PAGE_V1)
    assert len(encoded) == 440
    assert encoded[0x5C:0x15C] == numbered(256)
    assert encoded[0x15C:0x19C] == numbered(64, 9)
    assert encoded[0x19C:] == numbered(28, 10)


@pytest.mark.parametrize("page", [PAGE, PAGE_V1, SettingsPage()])
def test_a_page_reads_back_with_its_checksums_right_or_not(page: SettingsPage) -> None:
    assert decode_settings_page(encode_settings_page(page)) == page
    sealed = seal_settings_page(page)
    assert decode_settings_page(encode_settings_page(sealed)) == sealed


def test_every_field_has_a_test_value_of_its_own() -> None:
    defaults = SettingsPage()
    same = {
        f.name for f in fields(SettingsPage) if getattr(PAGE, f.name) == getattr(defaults, f.name)
    }
    assert same == {"crc", "version"}


def test_sealing_computes_both_checksums_over_their_ranges() -> None:
    assert not PAGE.crc_ok
    assert not PAGE.validation_crc_ok
    sealed = seal_settings_page(PAGE)
    encoded = encode_settings_page(sealed)
    assert sealed.crc == zlib.crc32(encoded[0x04:0x5C])
    assert sealed.validations is not None
    assert sealed.validations.crc == zlib.crc32(encoded[0x260:0x323])
    assert sealed.crc_ok
    assert sealed.validation_crc_ok


def test_peer_data_name_and_padding_are_outside_both_checksums() -> None:
    sealed = seal_settings_page(PAGE)
    assert sealed.validations is not None
    moved = replace(
        sealed,
        init_command=bytes(512),
        peer_data=bytes(64),
        adv_name=bytes(28),
        validations=replace(sealed.validations, padding=0),
    )
    assert moved.crc_ok
    assert moved.validation_crc_ok


@pytest.mark.parametrize("offset", [4, 0x5B])
def test_a_byte_of_the_head_breaks_the_first_checksum(offset: int) -> None:
    encoded = bytearray(encode_settings_page(seal_settings_page(PAGE)))
    encoded[offset] ^= 0x80
    page = decode_settings_page(bytes(encoded), layout=2)
    assert (page.crc_ok, page.validation_crc_ok) == (False, True)


@pytest.mark.parametrize("offset", [0x260, 0x322])
def test_a_byte_of_the_block_breaks_the_second_checksum(offset: int) -> None:
    encoded = bytearray(encode_settings_page(seal_settings_page(PAGE)))
    encoded[offset] ^= 1
    page = decode_settings_page(bytes(encoded))
    assert (page.crc_ok, page.validation_crc_ok) == (True, False)


def test_the_first_version_has_one_checksum() -> None:
    sealed = seal_settings_page(PAGE_V1)
    assert sealed.crc_ok
    assert sealed.validation_crc_ok


def test_an_erased_page_is_never_right() -> None:
    erased = decode_settings_page(b"\xff" * 896, layout=2)
    assert erased.crc == 0xFFFF_FFFF
    assert not erased.crc_ok


def test_what_is_missing_behind_reads_as_erased() -> None:
    page = decode_settings_page(encode_settings_page(PAGE)[:0x323])
    assert page.validations is not None
    assert page.validations.padding == 0xFF
    assert page.peer_data == b"\xff" * 64
    assert page.adv_name == b"\xff" * 28
    assert page.init_command == PAGE.init_command


def test_what_is_too_much_is_left_alone() -> None:
    assert decode_settings_page(encode_settings_page(PAGE) + bytes(3200)) == PAGE


def test_a_bootloader_reads_every_page_by_its_own_layout() -> None:
    odd = decode_settings_page(encode_settings_page(replace(PAGE, version=7)), layout=2)
    assert odd == replace(PAGE, version=7)
    old = decode_settings_page(encode_settings_page(PAGE), layout=1)
    assert old.validations is None
    assert old.version == 2
    assert old.init_command == numbered(256)


def test_bad_pages() -> None:
    with refuses(Code.SETTINGS_MALFORMED, "at least 92 bytes, here are 91"):
        decode_settings_page(bytes(91))
    with refuses(Code.SETTINGS_VERSION, "has version 3"):
        decode_settings_page(encode_settings_page(replace(PAGE, version=3)))
    with refuses(Code.SETTINGS_VERSION, "has version 0"):
        decode_settings_page(bytes(92))


@pytest.mark.parametrize(
    "change",
    [
        {"app_version": 1 << 32},
        {"bank_0": Bank(size=-1)},
        {"validations": PageValidations(softdevice=PageValidation(type=256))},
    ],
)
def test_numbers_that_do_not_fit(change: dict[str, object]) -> None:
    with refuses(Code.NUMBER_OUT_OF_RANGE, "does not fit its field"):
        encode_settings_page(replace(PAGE, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"init_command": bytes(256)},
        {"validations": None},
        {"peer_data": bytes(63)},
        {"adv_name": bytes(29)},
        {"validations": PageValidations(application=PageValidation(data=b"\x01"))},
    ],
)
def test_blocks_are_never_cut_or_filled_in_silence(change: dict[str, object]) -> None:
    with pytest.raises(LocalProtocolError, match="fixed size"):
        encode_settings_page(replace(PAGE, **change))  # type: ignore[arg-type]


def test_bank_codes_are_those_of_the_specification() -> None:
    assert [code.value for code in BankCode] == [0x00, 0x01, 0xA5, 0xAA, 0xAC, 0xB1]
