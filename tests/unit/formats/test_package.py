from __future__ import annotations

import json
from dataclasses import replace

import pytest

from firmline.errors import Code
from firmline.formats.init_packet import (
    FwType,
    HashType,
    InitCommand,
    InitPacket,
    decode_init_packet,
    encode_init_command,
    encode_init_packet,
    hash_firmware,
)
from firmline.formats.package import Package, PackageImage, read_package, write_package
from firmline.formats.package_zip import read_entries, write_entries
from firmline.values import ImageKind
from unit.formats.makers import refuses

SD, BL, APP = b"S" * 8, b"B" * 4, b"A" * 12


def packet(kind: FwType, firmware: bytes, **sizes: int) -> InitPacket:
    command = InitCommand(kind=kind, hash=hash_firmware(firmware), **sizes)  # type: ignore[arg-type]
    return decode_init_packet(encode_init_packet(encode_init_command(command), None))


APP_IMAGE = PackageImage(
    kind=ImageKind.APPLICATION,
    firmware=APP,
    init_packet=packet(FwType.APPLICATION, APP, app_size=12),
    bin_name="app.bin",
    dat_name="app.dat",
)
SD_BL_IMAGE = PackageImage(
    kind=ImageKind.SOFTDEVICE_BOOTLOADER,
    firmware=SD + BL,
    init_packet=packet(FwType.SOFTDEVICE_BOOTLOADER, SD + BL, sd_size=8, bl_size=4),
    bin_name="sd_bl.bin",
    dat_name="sd_bl.dat",
)
PACKAGE = Package(images=(SD_BL_IMAGE, APP_IMAGE))


def changed(package: Package, **files: bytes | None) -> bytes:
    """A written package with entries replaced (``app_bin`` is ``app.bin``) or left out."""
    entries = read_entries(write_package(package), name="p")
    for key, data in files.items():
        stem, _, extension = key.rpartition("_")
        entry_name = f"{stem}.{extension}"
        del entries[entry_name]
        if data is not None:
            entries[entry_name] = data
    return write_entries(entries)


def with_packet(kind: ImageKind, init_packet: InitPacket) -> bytes:
    images = [
        replace(image, init_packet=init_packet) if image.kind is kind else image
        for image in PACKAGE.images
    ]
    return write_package(Package(images=tuple(images)))


def test_a_package_reads_back_as_it_was_written() -> None:
    content = write_package(PACKAGE)
    assert read_package(content, name="p") == PACKAGE
    assert write_package(read_package(content, name="p")) == content


def test_the_system_comes_before_the_application_wherever_it_was() -> None:
    turned = Package(images=(APP_IMAGE, SD_BL_IMAGE))
    assert read_package(write_package(turned), name="p") == PACKAGE


def test_images_are_found_by_kind() -> None:
    assert PACKAGE.image(ImageKind.APPLICATION) is APP_IMAGE
    assert PACKAGE.image(ImageKind.BOOTLOADER) is None
    assert (SD_BL_IMAGE.sd_size, SD_BL_IMAGE.bl_size) == (8, 4)


def test_the_manifest_tells_the_parts() -> None:
    manifest = json.loads(read_entries(write_package(PACKAGE), name="p")["manifest.json"])
    metadata = manifest["manifest"]["softdevice_bootloader"]["info_read_only_metadata"]
    assert metadata == {"bl_size": 4, "sd_size": 8}
    assert "info_read_only_metadata" not in manifest["manifest"]["application"]


def test_a_zip_that_is_no_package() -> None:
    with refuses(Code.PACKAGE_NO_MANIFEST, "p.zip is a zip file without manifest.json"):
        read_package(write_entries({"a.txt": b"1"}), name="p.zip")


@pytest.mark.parametrize(("missing", "name"), [("app_bin", "app.bin"), ("sd_bl_dat", "sd_bl.dat")])
def test_a_missing_file(missing: str, name: str) -> None:
    with refuses(Code.PACKAGE_ENTRY_MISSING, f"names '{name}', which is not in the package"):
        read_package(changed(PACKAGE, **{missing: None}), name="p.zip")


def test_a_file_outside_the_package_is_just_missing() -> None:
    entries = read_entries(write_package(PACKAGE), name="p")
    manifest = entries["manifest.json"].replace(b"app.bin", b"../app.bin")
    with refuses(Code.PACKAGE_ENTRY_MISSING, "names '../app.bin'"):
        read_package(write_entries(entries | {"manifest.json": manifest}), name="p.zip")


def test_an_init_packet_that_is_none_is_named() -> None:
    with refuses(Code.INIT_PACKET_MALFORMED, "The init packet app.dat in p.zip"):
        read_package(changed(PACKAGE, app_dat=b"\x0a"), name="p.zip")
    with refuses(Code.INIT_PACKET_TOO_LARGE, "The init packet app.dat in p.zip"):
        read_package(changed(PACKAGE, app_dat=bytes(600)), name="p.zip")


@pytest.mark.parametrize(
    ("firmware", "fragment"),
    [
        (APP[:-4], "8 bytes instead of 12"),
        (APP + b"\xff" * 4, "16 bytes instead of 12"),
        (b"B" + APP[1:], "SHA-256 is another one"),
    ],
)
def test_an_image_that_is_not_the_signed_one(firmware: bytes, fragment: str) -> None:
    with refuses(Code.PACKAGE_IMAGE_MISMATCH, fragment):
        read_package(changed(PACKAGE, app_bin=firmware), name="p.zip")


@pytest.mark.parametrize(
    ("kind", "init_packet", "fragment"),
    [
        (
            ImageKind.APPLICATION,
            packet(FwType.BOOTLOADER, APP, bl_size=12),
            "the packet is for an image of kind BOOTLOADER",
        ),
        (
            ImageKind.SOFTDEVICE_BOOTLOADER,
            packet(FwType.SOFTDEVICE_BOOTLOADER, SD + BL, sd_size=8, bl_size=8),
            "12 bytes instead of 16",
        ),
        (
            ImageKind.SOFTDEVICE_BOOTLOADER,
            packet(FwType.APPLICATION, SD + BL, app_size=12),
            "the packet is for an image of kind APPLICATION",
        ),
    ],
)
def test_an_init_packet_for_another_image(
    kind: ImageKind, init_packet: InitPacket, fragment: str
) -> None:
    with refuses(Code.PACKAGE_IMAGE_MISMATCH, fragment):
        read_package(with_packet(kind, init_packet), name="p.zip")


def test_the_manifest_may_not_contradict_the_packet_about_the_parts() -> None:
    entries = read_entries(write_package(PACKAGE), name="p")
    manifest = entries["manifest.json"].replace(b'"sd_size": 8', b'"sd_size": 4')
    with refuses(Code.PACKAGE_IMAGE_MISMATCH, "a part of 4 bytes, the packet of 8"):
        read_package(write_entries(entries | {"manifest.json": manifest}), name="p.zip")


def test_an_external_application_is_an_application_to_the_manifest() -> None:
    external = packet(FwType.EXTERNAL_APPLICATION, APP, app_size=12)
    content = with_packet(ImageKind.APPLICATION, external)
    image = read_package(content, name="p").image(ImageKind.APPLICATION)
    assert image is not None
    assert image.init_packet.command.kind is FwType.EXTERNAL_APPLICATION


def test_another_kind_of_hash_is_left_to_the_unit() -> None:
    command = InitCommand(
        kind=FwType.APPLICATION, app_size=12, hash_type=HashType.CRC, hash=b"\x01\x02\x03\x04"
    )
    other = decode_init_packet(encode_init_packet(encode_init_command(command), None))
    content = with_packet(ImageKind.APPLICATION, other)
    assert read_package(content, name="p").image(ImageKind.APPLICATION) is not None


def test_two_images_cannot_be_written_to_one_name() -> None:
    clash = replace(SD_BL_IMAGE, bin_name="app.bin")
    with refuses(Code.PACKAGE_DUPLICATE_NAME, "The new package"):
        write_package(Package(images=(clash, APP_IMAGE)))


def test_names_are_checked_before_they_are_written() -> None:
    with refuses(Code.PACKAGE_UNSAFE_NAME, "'../app.bin'"):
        write_package(Package(images=(replace(APP_IMAGE, bin_name="../app.bin"),)))


def test_an_image_for_mcuboot_is_named_as_such() -> None:
    header = bytes.fromhex("3db8f396") + bytes(28)
    with refuses(Code.PACKAGE_FOR_MCUBOOT, "a.bin: this is an MCUboot package: one image"):
        read_package(header + bytes(100), name="a.bin")
