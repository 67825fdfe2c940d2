"""Settings pages of any kind: from what they are to say, to a file and back, and into words."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from firmline.cli.settings_text import image_lines, page_fields, state_lines
from firmline.errors import Code, InputError
from firmline.formats.families import families
from firmline.formats.firmware import FirmwareImage
from firmline.formats.init_command import BootValidationType
from firmline.formats.keys import SigningKey
from firmline.formats.records import parse_intel_hex
from firmline.formats.settings_file import (
    FoundPage,
    SettingsSpec,
    build_settings_page,
    format_settings_hex,
    read_settings_file,
    survey_settings,
)
from firmline.formats.settings_page import decode_settings_page, encode_settings_page
from firmline.formats.settings_place import SettingsPlaces, place_settings
from firmline.formats.spans import Span
from firmline.values import FwVersion

KEY = SigningKey.generate()
U32 = st.integers(0, 0xFFFF_FFFF)
IMAGES = st.builds(
    FirmwareImage,
    data=st.binary(min_size=4, max_size=64).map(lambda data: data[: len(data) // 4 * 4]),
    address=st.just(0x26000),
    source_name=st.just("app.hex"),
)
SPECS = st.builds(
    SettingsSpec,
    version=st.sampled_from([1, 2]),
    bootloader_version=st.builds(FwVersion, U32),
    application=st.none() | IMAGES,
    application_version=st.builds(FwVersion, U32),
    softdevice=st.none() | IMAGES,
    app_boot_validation=st.sampled_from(BootValidationType),
    sd_boot_validation=st.sampled_from(BootValidationType),
    signing_key=st.just(KEY),
)


@st.composite
def places(draw: st.DrawFn) -> SettingsPlaces:
    """Two pages of a family's flash, or one; those of the MBR are not offered."""
    family = draw(st.sampled_from(families()))
    numbers = st.integers(0x1000 // family.page_size, family.flash_size // family.page_size - 1)
    main = draw(numbers)
    backup = draw(st.none() | numbers.filter(lambda number: number != main))
    return place_settings(
        family,
        address=main * family.page_size,
        backup_address=None if backup is None else backup * family.page_size,
        has_backup=backup is not None,
    )


@settings(max_examples=60)
@given(SPECS, places())
def test_what_is_written_is_found_again(spec: SettingsSpec, chosen: SettingsPlaces) -> None:
    page = build_settings_page(spec)
    assert page.crc_ok
    assert page.validation_crc_ok
    # A file leaves out what lies behind the checked part; the init command of version 1, too.
    expected = replace(page, init_command=b"\xff" * 256) if spec.version == 1 else page
    text = format_settings_hex(page, address=chosen.address, backup_address=chosen.backup_address)
    found = read_settings_file(text.encode(), name="s.hex")
    assert {one.address for one in found} == {address for _, address in chosen.pages}
    assert [one.address for one in found] == sorted((one.address for one in found), reverse=True)
    assert all(one.page == expected for one in found)
    assert survey_settings(parse_intel_hex(text.encode(), name="s"), name="s") == found


@given(SPECS, st.integers(0, 0x323), st.integers(1, 255))
def test_no_damaged_byte_goes_unseen(spec: SettingsSpec, at: int, flip: int) -> None:
    page = build_settings_page(replace(spec, version=2))
    encoded = bytearray(encode_settings_page(page))
    encoded[at] ^= flip
    damaged = decode_settings_page(bytes(encoded), layout=2)
    in_head, in_block = at < 0x5C, 0x25C <= at < 0x323
    assert damaged.crc_ok is not in_head
    assert damaged.validation_crc_ok is not in_block


PAGES = st.binary(min_size=896, max_size=896)


@given(PAGES, st.sampled_from([1, 2]), st.sampled_from([0, 8, 141, 512]))
def test_any_page_can_be_told(content: bytes, layout: int, size: int) -> None:
    page = decode_settings_page(content, layout=layout)
    progress = replace(page.progress, command_size=size, command_offset=size)
    for told in (page, replace(page, progress=progress)):
        lines = [*image_lines(told), *state_lines(told)]
        assert all(line.isprintable() for line in lines)
        fields = page_fields(FoundPage(address=0x7F000, page=told), {0x7F000})
        assert json.loads(json.dumps(fields)) == fields
        if told.peer_data[4:8] != bytes(4):
            assert told.peer_data[4:].hex() not in json.dumps(fields)


@given(st.binary(max_size=3000), st.integers(0, 0x10_0000))
def test_any_bytes_are_surveyed(content: bytes, address: int) -> None:
    spans = (Span(address=address, data=content),)
    found: list[object]
    try:
        found = [address <= one.address < spans[0].end for one in survey_settings(spans, name="s")]
    except InputError as error:
        found = [error.code is Code.SETTINGS_MALFORMED]
    assert found
    assert all(found)
