from __future__ import annotations

import pytest

from firmline.formats.softdevice import (
    SoftDeviceInfo,
    build_softdevice_info,
    parse_softdevice_info,
    softdevice_in_flash,
    softdevice_in_image,
)
from firmline.values import Fwid

INFO = build_softdevice_info(size_word=0x26000, fwid=Fwid(0x101), family=132, version=7_002_000)
EXPECTED = SoftDeviceInfo(
    info_size=24, size_word=0x26000, fwid=Fwid(0x101), family=132, version=7_002_000
)


def test_the_layout_is_that_of_the_specification() -> None:
    # Section 16.2 S3: +4 magic, +8 size word, +C FWID, +10 family, +14 version; little-endian.
    assert INFO.hex() == "18000000dbe5b151006002000101ffff8400000090d76a00"


def test_where_it_lies_in_an_image_and_in_flash() -> None:
    assert softdevice_in_image(bytes(0x2000) + INFO) == EXPECTED
    assert softdevice_in_flash(bytes(0x3000) + INFO) == EXPECTED
    assert softdevice_in_image(bytes(0x3000) + INFO) is None
    assert softdevice_in_flash(bytes(0x2000) + INFO + bytes(0x2000)) is None


@pytest.mark.parametrize(
    ("version", "text"), [(7_002_000, "7.2.0"), (6_001_001, "6.1.1"), (12_345_678, "12.345.678")]
)
def test_version_text(version: int, text: str) -> None:
    info = build_softdevice_info(size_word=0, fwid=Fwid(0), family=132, version=version)
    parsed = parse_softdevice_info(info)
    assert parsed is not None
    assert parsed.version_text == text


@pytest.mark.parametrize(
    ("info_size", "family", "version"),
    [(0x10, None, None), (0x14, 132, None), (0x18, 132, 1), (0x12C, 132, 1)],
)
def test_a_short_structure_has_no_family_or_version(
    info_size: int, family: int | None, version: int | None
) -> None:
    info = build_softdevice_info(
        size_word=0, fwid=Fwid(1), family=132, version=1, info_size=info_size
    )
    parsed = parse_softdevice_info(info)
    assert parsed is not None
    assert (parsed.family, parsed.version) == (family, version)
    assert (parsed.version_text is None) == (version is None)


def test_no_magic_no_information() -> None:
    assert parse_softdevice_info(bytes(64)) is None
    assert parse_softdevice_info(INFO[:-1]) is None
    assert parse_softdevice_info(INFO, offset=1) is None
    assert parse_softdevice_info(INFO, offset=-24) is None
