from __future__ import annotations

import json

import pytest

from firmline.errors import Code, InputError
from firmline.formats.manifest import ManifestEntry, format_manifest, parse_manifest
from firmline.values import ImageKind
from unit.formats.makers import refuses

APP = ManifestEntry(kind=ImageKind.APPLICATION, bin_file="a.bin", dat_file="a.dat")
SD_BL = ManifestEntry(
    kind=ImageKind.SOFTDEVICE_BOOTLOADER,
    bin_file="sd_bl.bin",
    dat_file="sd_bl.dat",
    sd_size=8,
    bl_size=4,
)
FILES = {"bin_file": "x.bin", "dat_file": "x.dat"}


def manifest(images: object) -> bytes:
    return json.dumps({"manifest": images}).encode()


def test_the_form_is_nrfutils() -> None:
    assert format_manifest([SD_BL, APP]).decode().splitlines() == [
        "{",
        '    "manifest": {',
        '        "application": {',
        '            "bin_file": "a.bin",',
        '            "dat_file": "a.dat"',
        "        },",
        '        "softdevice_bootloader": {',
        '            "bin_file": "sd_bl.bin",',
        '            "dat_file": "sd_bl.dat",',
        '            "info_read_only_metadata": {',
        '                "bl_size": 4,',
        '                "sd_size": 8',
        "            }",
        "        }",
        "    }",
        "}",
    ]
    assert not format_manifest([APP]).endswith(b"\n")


def test_it_reads_back() -> None:
    assert parse_manifest(format_manifest([SD_BL, APP]), name="p") == (APP, SD_BL)


def test_unknown_attributes_and_a_byte_order_mark_do_no_harm() -> None:
    content = b"\xef\xbb\xbf" + manifest({"bootloader": FILES | {"comment": [1]}})
    assert parse_manifest(content, name="p")[0].bin_file == "x.bin"


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 60_000, "is not JSON"),
        (b"1" * 60_000, "is not JSON"),
        (b"[]", 'no object "manifest"'),
        (b"null", 'no object "manifest"'),
        (b'{"manifest": []}', 'no object "manifest"'),
        (b'{"manifest": {}}', "names no image"),
        (b'{"manifest": {"application": {}, "application": {}}}', "names something twice"),
        (manifest({"firmware": FILES}), "unknown kind of image, 'firmware'"),
        (manifest({"application": "x.bin"}), "no object for the application"),
        (manifest({"application": {"bin_file": "x.bin"}}), "both files of the application"),
        (manifest({"application": FILES | {"dat_file": 1}}), "both files of the application"),
        (
            manifest({"application": FILES | {"info_read_only_metadata": 1}}),
            "sizes for the application that are no object",
        ),
        (
            manifest({"application": FILES | {"info_read_only_metadata": {"sd_size": True}}}),
            "not a whole number",
        ),
        (
            manifest({"application": FILES | {"info_read_only_metadata": {"bl_size": "4"}}}),
            "not a whole number",
        ),
        (b" " * 65_537, "65537 bytes"),
    ],
)
def test_malformed(content: bytes, fragment: str) -> None:
    with refuses(Code.PACKAGE_MANIFEST_MALFORMED, fragment):
        parse_manifest(content, name="p.zip")


@pytest.mark.parametrize(
    "images",
    [
        {"dfu_version": 0.5, "application": FILES},
        {"application": FILES | {"init_packet_data": {"application_version": 1}}},
    ],
)
def test_packages_of_the_legacy_bootloader_are_named_as_such(images: object) -> None:
    with refuses(Code.PACKAGE_MANIFEST_MALFORMED, "legacy bootloader"):
        parse_manifest(manifest(images), name="p.zip")


@pytest.mark.parametrize(
    "images",
    [
        {"application": {"bin_file": "x", "dat_file": "x"}},
        {"application": FILES, "softdevice": FILES},
        {"application": FILES, "softdevice": {"bin_file": "y.bin", "dat_file": "x.bin"}},
        {"application": {"bin_file": "manifest.json", "dat_file": "x.dat"}},
    ],
)
def test_one_file_for_two_things_is_nrfutils_corrupt_package(images: object) -> None:
    with refuses(Code.PACKAGE_DUPLICATE_NAME, "is corrupt: its manifest uses '"):
        parse_manifest(manifest(images), name="p.zip")


@pytest.mark.parametrize("other", ["softdevice", "bootloader"])
def test_softdevice_and_bootloader_come_once(other: str) -> None:
    both = {"softdevice_bootloader": FILES, other: {"bin_file": "y.bin", "dat_file": "y.dat"}}
    with refuses(Code.PACKAGE_COMBINATION, "another of them as well"):
        parse_manifest(manifest(both), name="p.zip")


def test_a_legacy_package_is_not_mended_by_making_it_again() -> None:
    with pytest.raises(InputError, match="legacy bootloader") as caught:
        parse_manifest(manifest({"dfu_version": 0.5, "application": FILES}), name="p")
    assert "the tools of its own SDK" in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "title"),
    [("softdevice", "SoftDevice"), ("softdevice_bootloader", "SoftDevice + bootloader")],
)
def test_kinds_are_written_as_people_write_them(kind: str, title: str) -> None:
    with refuses(Code.PACKAGE_MANIFEST_MALFORMED, f"both files of the {title}."):
        parse_manifest(manifest({kind: {}}), name="p")


@pytest.mark.parametrize("size", ["-1", "4294967296", "9" * 4000, "1.0", "1e400", "NaN", '"1"'])
def test_a_size_has_32_bits(size: str) -> None:
    images = manifest({"softdevice_bootloader": {**FILES, "info_read_only_metadata": {"x": 0}}})
    with refuses(Code.PACKAGE_MANIFEST_MALFORMED, "a size for the SoftDevice + bootloader that"):
        parse_manifest(images.replace(b'"x": 0', b'"sd_size": ' + size.encode()), name="f")


NCS_FILE = {"type": "application", "file": "app_update.bin", "size": 7, "image_index": "0"}


@pytest.mark.parametrize(
    "document",
    [
        {"format-version": 1, "time": 1, "files": [NCS_FILE], "name": "app"},
        {"format-version": 0, "files": []},
        {"files": [NCS_FILE | {"version_MCUBOOT": "1.2.3+4"}]},
        {"files": [NCS_FILE, NCS_FILE | {"version_MCUBOOT_NET": "1.2.3"}, 5]},
    ],
)
def test_packages_of_the_nrf_connect_sdk_are_named_as_such(document: object) -> None:
    with refuses(Code.PACKAGE_FOR_MCUBOOT, "p.zip: this is an MCUboot package: "):
        parse_manifest(json.dumps(document).encode(), name="p.zip")


@pytest.mark.parametrize(
    "document", [{"files": [NCS_FILE]}, {"files": 5, "format-version": 1}, {"format-version": 1}]
)
def test_what_has_only_a_trait_of_them_is_no_such_package(document: object) -> None:
    with refuses(Code.PACKAGE_MANIFEST_MALFORMED, 'has no object "manifest"'):
        parse_manifest(json.dumps(document).encode(), name="p.zip")


def test_a_manifest_of_ours_may_name_files_too() -> None:
    document = {"manifest": {"application": FILES}, "files": [], "format-version": 1}
    assert len(parse_manifest(json.dumps(document).encode(), name="p.zip")) == 1
