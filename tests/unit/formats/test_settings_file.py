from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace

import pytest

from firmline.errors import Code
from firmline.formats.init_packet import BootValidationType
from firmline.formats.keys import SigningKey
from firmline.formats.records import parse_intel_hex
from firmline.formats.settings_file import (
    SettingsSpec,
    build_settings_page,
    find_settings_pages,
    format_settings_hex,
    no_valid_page,
    read_settings_file,
    survey_settings,
)
from firmline.formats.settings_page import (
    Bank,
    PageValidation,
    SettingsPage,
    encode_settings_page,
    seal_settings_page,
)
from firmline.formats.spans import Span
from firmline.values import FwVersion
from unit.formats.makers import hex_file, image, refuses, softdevice_image

KEY = SigningKey.generate()
APP, SD = image(b"A" * 1000), softdevice_image()
SPEC = SettingsSpec(
    version=2,
    bootloader_version=FwVersion(3),
    application=APP,
    application_version=FwVersion(5),
    signing_key=KEY,
)
PAGE = build_settings_page(SPEC)


def test_a_page_for_an_application() -> None:
    assert PAGE.crc_ok
    assert PAGE.validation_crc_ok
    assert (PAGE.version, PAGE.app_version, PAGE.bootloader_version) == (2, 5, 3)
    assert PAGE.bank_0 == Bank(size=1000, crc=zlib.crc32(APP.data), code=1)
    assert PAGE.bank_1 == Bank()
    assert PAGE.sd_size == 0
    assert PAGE.init_command == bytes(512)


def test_the_first_version_holds_no_boot_validation() -> None:
    page = build_settings_page(replace(SPEC, version=1, softdevice=SD))
    assert page.crc_ok
    assert page.validations is None
    assert (page.version, page.sd_size) == (1, len(SD.data))
    assert page.init_command == bytes(256)


def test_without_an_application_its_version_is_not_written() -> None:
    page = build_settings_page(replace(SPEC, application=None))
    assert (page.app_version, page.bank_0) == (0, Bank())
    assert page.validations is not None
    assert page.validations.application == PageValidation()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (BootValidationType.NO_VALIDATION, b""),
        (
            BootValidationType.VALIDATE_GENERATED_CRC,
            zlib.crc32(APP.data).to_bytes(4, "little"),
        ),
        (BootValidationType.VALIDATE_GENERATED_SHA256, hashlib.sha256(APP.data).digest()),
        (BootValidationType.VALIDATE_ECDSA_P256_SHA256, KEY.sign(APP.data)),
    ],
    ids=["none", "crc", "sha256", "ecdsa"],  # the key is new in every process
)
def test_how_the_application_is_checked_at_boot(kind: BootValidationType, data: bytes) -> None:
    page = build_settings_page(replace(SPEC, app_boot_validation=kind))
    assert page.validations is not None
    expected = PageValidation(type=kind, data=data + bytes(64 - len(data)))
    assert page.validations.application == expected
    assert page.validations.softdevice == PageValidation()


def test_how_the_softdevice_is_checked_at_boot() -> None:
    sha = BootValidationType.VALIDATE_GENERATED_SHA256
    page = build_settings_page(replace(SPEC, softdevice=SD, sd_boot_validation=sha))
    assert page.validations is not None
    assert page.validations.softdevice.data[:32] == hashlib.sha256(SD.data).digest()
    assert page.sd_size == len(SD.data)


def test_what_cannot_be_built() -> None:
    ecdsa = BootValidationType.VALIDATE_ECDSA_P256_SHA256
    with refuses(Code.KEY_REQUIRED, "needs a signing key"):
        build_settings_page(replace(SPEC, app_boot_validation=ecdsa, signing_key=None))
    with refuses(Code.SETTINGS_VERSION, "no settings page of version 3"):
        build_settings_page(replace(SPEC, version=3))


def test_a_file_with_page_and_backup() -> None:
    text = format_settings_hex(PAGE, address=0x7F000, backup_address=0x7E000)
    spans = parse_intel_hex(text.encode(), name="s")
    assert [(span.address, len(span.data)) for span in spans] == [(0x7E000, 804), (0x7F000, 804)]
    main, backup = read_settings_file(text.encode(), name="s.hex")
    assert (main.address, backup.address) == (0x7F000, 0x7E000)
    assert main.page == backup.page == PAGE


def test_a_file_without_backup() -> None:
    text = format_settings_hex(PAGE, address=0x7F000, backup_address=None)
    assert [found.address for found in read_settings_file(text.encode(), name="s")] == [0x7F000]


def test_a_file_of_the_first_version() -> None:
    page = build_settings_page(replace(SPEC, version=1))
    text = format_settings_hex(page, address=0x3FC00, backup_address=0x3EC00)
    spans = parse_intel_hex(text.encode(), name="s")
    assert [len(span.data) for span in spans] == [92, 92]
    # What a unit keeps behind the head was not written, so it reads as erased.
    found = read_settings_file(text.encode(), name="s")[0].page
    assert found == replace(page, init_command=b"\xff" * 256)


@pytest.mark.parametrize(
    ("address", "backup"),
    [(0x7F002, None), (-4, None), (0xFFFF_FF00, None), (0x7F000, 0x7F000), (892, 0)],
)
def test_places_that_cannot_be(address: int, backup: int | None) -> None:
    with refuses(Code.NUMBER_OUT_OF_RANGE, "word-aligned places"):
        format_settings_hex(PAGE, address=address, backup_address=backup)


@pytest.mark.parametrize(("address", "backup"), [(0, None), (896, 0), (0, 896)])
def test_places_that_just_fit(address: int, backup: int | None) -> None:
    text = format_settings_hex(PAGE, address=address, backup_address=backup)
    places = [found.address for found in read_settings_file(text.encode(), name="s")]
    assert places == sorted({address, backup or 0}, reverse=True)


def test_pages_are_found_in_a_flash_dump() -> None:
    flash = bytearray(b"\xff" * 0x80000)
    old = seal_settings_page(replace(PAGE, app_version=4))
    flash[0x7E000 : 0x7E000 + 896] = encode_settings_page(old)
    flash[0x7F000 : 0x7F000 + 896] = encode_settings_page(PAGE)
    for content, name in ((bytes(flash), "dump.bin"), (hex_file((0, bytes(flash))), "dump.hex")):
        found = read_settings_file(content, name=name)
        assert [(one.address, one.page) for one in found] == [(0x7F000, PAGE), (0x7E000, old)]


def test_a_dump_may_leave_erased_bytes_out() -> None:
    encoded = encode_settings_page(PAGE)
    content = hex_file((0x7F000, encoded[:0x5C]), (0x7F25C, encoded[0x25C:0x323]))
    (found,) = read_settings_file(content, name="d.hex")
    assert found.page == replace(PAGE, init_command=b"\xff" * 512)
    assert found.page.validation_crc_ok


def test_a_page_at_an_odd_place_is_found_where_its_file_begins() -> None:
    content = hex_file((0x7A004, encode_settings_page(PAGE)))
    assert [one.address for one in read_settings_file(content, name="s")] == [0x7A004]


def test_a_page_with_a_wrong_checksum_beside_a_good_one_is_not_returned() -> None:
    content = hex_file(
        (0x7E000, encode_settings_page(replace(PAGE, crc=1))),
        (0x7F000, encode_settings_page(PAGE)),
    )
    assert [one.address for one in read_settings_file(content, name="s")] == [0x7F000]


def test_files_without_a_good_page() -> None:
    broken = encode_settings_page(replace(PAGE, crc=1))
    with refuses(Code.SETTINGS_CRC, "settings page at 0x7F000 of s.hex has a wrong checksum"):
        read_settings_file(hex_file((0x7F000, broken)), name="s.hex")
    with refuses(Code.SETTINGS_CRC, "at 0x0 of s.bin"):
        read_settings_file(broken, name="s.bin")
    with refuses(Code.SETTINGS_MALFORMED, "a.hex holds no bootloader settings page"):
        read_settings_file(hex_file((0x26000, bytes(0x2000))), name="a.hex")
    with refuses(Code.SETTINGS_MALFORMED, "a.hex holds no"):
        read_settings_file(b":00000001FF\n", name="a.hex")
    with refuses(Code.IMAGE_TRUNCATED, "no end-of-file record"):
        read_settings_file(hex_file((0x7F000, broken))[:-12], name="s.hex")


def test_a_newer_version_is_named() -> None:
    newer = seal_settings_page(replace(PAGE, version=3))
    with refuses(Code.SETTINGS_VERSION, "version 3"):
        read_settings_file(hex_file((0x7F000, encode_settings_page(newer))), name="s.hex")


def survey(*pieces: tuple[int, bytes]) -> list[tuple[int, bool]]:
    """What a survey finds: where, and whether its checksum is right."""
    spans = parse_intel_hex(hex_file(*pieces), name="s")
    return [(one.address, one.page.crc_ok) for one in survey_settings(spans, name="s.hex")]


def test_a_survey_finds_broken_pages_too() -> None:
    good, broken = encode_settings_page(PAGE), encode_settings_page(replace(PAGE, crc=1))
    assert survey((0x7E000, broken), (0x7F000, good)) == [(0x7F000, True), (0x7E000, False)]
    assert survey((0x7E000, good), (0x7F000, broken)) == [(0x7F000, False), (0x7E000, True)]
    assert survey((0x7A000, broken)) == [(0x7A000, False)]


def test_beside_a_good_page_a_broken_one_counts_only_where_one_can_be_expected() -> None:
    good, broken = encode_settings_page(PAGE), encode_settings_page(replace(PAGE, crc=1))
    assert survey((0x30000, broken), (0x7F000, good)) == [(0x7F000, True)]
    assert survey((0x70000, good), (0x7F000, broken)) == [(0x7F000, False), (0x70000, True)]


def test_a_survey_shows_a_newer_version_in_the_layout_of_the_last_known_one() -> None:
    newer = seal_settings_page(replace(PAGE, version=3))
    spans = (Span(address=0x7F000, data=encode_settings_page(newer)),)
    (found,) = survey_settings(spans, name="s")
    assert found.page == newer
    error = no_valid_page((found,), name="s")
    assert (error.code, error.message[-30:]) == (
        Code.SETTINGS_VERSION,
        "3; versions 1 and 2 are known.",
    )


@pytest.mark.parametrize("page", [PAGE, replace(PAGE, crc=1)], ids=["good", "broken"])
def test_a_survey_has_its_bounds(page: SettingsPage) -> None:
    block = encode_settings_page(page).ljust(0x400, b"\xff")
    assert len(survey_settings((Span(address=0, data=block * 64),), name="s")) == 64
    with refuses(Code.SETTINGS_MALFORMED, "s.bin holds 65 places that look like"):
        survey_settings((Span(address=0, data=block * 65),), name="s.bin")


def test_a_survey_of_nothing() -> None:
    for spans in (
        (),
        (Span(address=0, data=b"\xff" * 4096),),
        (Span(address=0, data=bytes(4096)),),
    ):
        with refuses(Code.SETTINGS_MALFORMED, "s.hex holds no"):
            survey_settings(spans, name="s.hex")


def test_no_pages_is_no_error_for_who_only_looks() -> None:
    assert find_settings_pages((Span(address=0, data=b"\xff" * 4096),)) == ()
    assert find_settings_pages((Span(address=0, data=bytes(4096)),)) == ()
    assert find_settings_pages((Span(address=0, data=b"\x00"),)) == ()
    page = Span(address=0x100, data=encode_settings_page(seal_settings_page(SettingsPage())))
    assert len(find_settings_pages((page,))) == 1
