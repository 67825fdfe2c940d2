"""Every artefact that nrfutil 6.1.7 left in ``../shared/data/nrfutil`` is read and built again."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from firmline.errors import Code, InputError
from firmline.formats.firmware import FirmwareImage, parse_firmware
from firmline.formats.init_packet import (
    BootValidationType,
    InitPacket,
    decode_init_packet,
    encode_init_command,
    encode_init_packet,
)
from firmline.formats.keys import PublicKey, SigningKey
from firmline.formats.package import read_package, write_package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.formats.settings_file import (
    format_settings_hex,
    read_settings_file,
)
from firmline.formats.settings_page import SettingsPage
from firmline.values import Fwid, FwVersion, ImageKind

HERE = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "nrfutil"
ECDSA = BootValidationType.VALIDATE_ECDSA_P256_SHA256
pytestmark = pytest.mark.skipif(not HERE.is_dir(), reason="../shared/data/nrfutil is not here")


def names(pattern: str) -> list[str]:
    """Artefacts by name; one that says so where there are none, so that the skip is seen."""
    return [path.relative_to(HERE).as_posix() for path in sorted(HERE.glob(pattern))] or ["none"]


def content(name: str) -> bytes:
    return (HERE / name).read_bytes()


def image(name: str, kind: str = "application") -> FirmwareImage:
    return parse_firmware(content(name), name=name, kind=ImageKind(kind))


def key() -> SigningKey:
    return SigningKey.parse_pem(content("keys/private.key"), name="private.key")


@pytest.mark.parametrize("name", names("pkg/*.zip"))
def test_every_package_survives_reading_and_writing(name: str) -> None:
    package = read_package(content(name), name=name)
    with (
        zipfile.ZipFile(HERE / name) as theirs,
        zipfile.ZipFile(io.BytesIO(write_package(package))) as ours,
    ):
        assert sorted(theirs.namelist()) == ours.namelist()
        for entry in ours.namelist():
            assert ours.read(entry) == theirs.read(entry), entry


def test_every_init_packet_is_encoded_as_nrfutil_does() -> None:
    packets = 0
    for files in json.loads(content("dat_decoded.json")).values():
        for entry, decoded in files.items():
            if entry.endswith(".dat"):
                encoded = bytes.fromhex(decoded["hex"])
                packet = decode_init_packet(encoded)
                assert encode_init_command(packet.command) == packet.signed_bytes
                assert encode_init_packet(packet.signed_bytes, packet.signature) == encoded
                assert described(packet) == described_by_protobuf_text(decoded["text"])
                packets += 1
    assert packets == 27


def described(packet: InitPacket) -> list[tuple[str, int]]:
    """The numbers of a packet in the order of the wire."""
    command = packet.command
    values = [("fw_version", command.fw_version), ("hw_version", command.hw_version)]
    values += [("sd_req", fwid) for fwid in command.sd_req]
    values += [("sd_size", command.sd_size), ("bl_size", command.bl_size)]
    values += [("app_size", command.app_size), ("is_debug", command.is_debug)]
    return [(name, int(value)) for name, value in values if value is not None]


def described_by_protobuf_text(text: str) -> list[tuple[str, int]]:
    found = re.findall(
        r"^ +(fw_version|hw_version|sd_req|sd_size|bl_size|app_size|is_debug): (\w+)$",
        text,
        re.MULTILINE,
    )
    truth = {"true": 1, "false": 0}
    return [(name, truth[value] if value in truth else int(value)) for name, value in found]


@pytest.mark.parametrize("name", names("pkg/*.zip"))
def test_every_signature_verifies(name: str) -> None:
    public = PublicKey.parse_pem(content("keys/public_key.pem"), name="public_key.pem")
    for built in read_package(content(name), name=name).images:
        packet = built.init_packet
        if "unsigned" in name:
            assert packet.signature is None
        else:
            assert packet.signature is not None
            assert public.verify(packet.signed_bytes, packet.signature)
        for entry in packet.command.boot_validations:
            part = built.firmware[: built.sd_size or None]
            assert bool(entry.data) == (entry.type is ECDSA)
            assert not entry.data or public.verify(part, entry.data)


@pytest.mark.parametrize(
    ("source", "package", "kind"),
    [
        ("edge/app0.hex", "edge/app0.zip", "application"),
        ("edge/bl_uicr.hex", "edge/bl_uicr.zip", "bootloader"),
        ("edge/gap.hex", "edge/gap.hex.zip", "application"),
        ("edge/mbr_sd.hex", "edge/mbr_sd.zip", "softdevice"),
        ("edge/odd.bin", "edge/odd.bin.zip", "application"),
        ("edge/odd.hex", "edge/odd.hex.zip", "application"),
        ("edge/uicr.hex", "edge/uicr.hex.zip", "application"),
        ("in/file.hex", "pkg/app_default.zip", "application"),
        ("in/file.bin", "pkg/app_bin.zip", "application"),
        ("in/app_small.hex", "pkg/app_bigver.zip", "application"),
        ("in/sd.hex", "pkg/sd_only.zip", "softdevice"),
        ("in/bl.hex", "pkg/bl_only.zip", "bootloader"),
    ],
)
def test_images_are_nrfutils_byte_for_byte(source: str, package: str, kind: str) -> None:
    (expected,) = read_package(content(package), name=package).images
    assert image(source, kind).data == expected.firmware


def test_what_nrfutil_drops_in_silence_is_said() -> None:
    assert any("first 4096 bytes" in note for note in image("edge/app0.hex").notes)
    assert any("8 bytes at 0x10000000" in note for note in image("edge/bl_uicr.hex").notes)
    assert any("2304 bytes below" in note for note in image("edge/mbr_sd.hex", "softdevice").notes)
    assert image("in/file.hex").notes == ()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("edge/samename.zip", Code.PACKAGE_DUPLICATE_NAME),
        ("edge/upper.zip", Code.PACKAGE_DUPLICATE_NAME),
        ("in/file.hex", Code.PACKAGE_NOT_A_ZIP),
    ],
)
def test_packages_that_are_none(name: str, code: Code) -> None:
    with pytest.raises(InputError) as caught:
        read_package(content(name), name=name)
    assert caught.value.code is code


def test_inputs_that_made_those_packages_make_good_ones() -> None:
    upper = replace(image("edge/FILE.HEX"), source_name="FILE.HEX")
    package = build_package(PackageSpec(application=upper, hw_version=52))
    assert [built.bin_name for built in package.images] == ["FILE.bin"]
    assert read_package(write_package(package), name="p") == package
    spec = PackageSpec(
        softdevice=image("edge/a/out.hex", "softdevice"), application=image("edge/b/out.hex")
    )
    images = read_package(write_package(build_package(spec)), name="p").images
    assert [len(built.firmware) for built in images] == [150_016, 5_000]


def test_inputs_that_are_no_firmware() -> None:
    for name, fragment in (("in/bad.hex", "Line 1"), ("edge/app.elf", "another processor")):
        with pytest.raises(InputError, match=fragment) as caught:
            image(name)
        assert caught.value.code is Code.IMAGE_MALFORMED


def test_numbers_that_were_read_as_octal_build_the_package_they_became() -> None:
    """052 and 010: nrfutil took 42 and 8, which ours takes where they are meant."""
    spec = PackageSpec(
        application=image("in/app_small.hex"),
        application_version=FwVersion(8),
        hw_version=42,
        sd_req=(Fwid(0x103),),
        signing_key=key(),
    )
    (ours,), (theirs,) = (
        build_package(spec).images,
        read_package(content("pkg/octal.zip"), name="octal").images,
    )
    assert ours.firmware == theirs.firmware
    assert ours.init_packet.command == theirs.init_packet.command


def shown(name: str) -> dict[str, int]:
    """The numbers that ``settings display`` showed for a file, by its own names."""
    lines = re.findall(r"^\* ([^:]+): +(0x[0-9A-F]+)", content(name).decode(), re.MULTILINE)
    return {label: int(value, 16) for label, value in lines if label != "Start Address"}


def displayed(page: SettingsPage) -> dict[str, int]:
    """The same numbers of a page that we read; v1 shows zeros for what it does not have."""
    block = page.validations
    return {
        "CRC": page.crc,
        "Settings Version": page.version,
        "App Version": page.app_version,
        "Bootloader Version": page.bootloader_version,
        "Bank Layout": page.bank_layout,
        "Current Bank": page.bank_current,
        "Application Size": page.bank_0.size,
        "Application CRC": page.bank_0.crc,
        "Bank0 Bank Code": page.bank_0.code,
        "Softdevice Size": page.sd_size,
        "Boot Validation CRC": block.crc if block is not None else 0,
        "SD Boot Validation Type": block.softdevice.type if block is not None else 0,
        "App Boot Validation Type": block.application.type if block is not None else 0,
    }


@pytest.mark.parametrize("name", names("settings/*.hex"))
def test_every_settings_file_is_read_and_written_as_it_was(name: str) -> None:
    pages = read_settings_file(content(name), name=name)
    main = pages[0]
    assert len(pages) == (1 if "nobackup" in name else 2)
    assert all(one.page == main.page for one in pages)
    assert main.page.crc_ok
    assert main.page.validation_crc_ok
    backup = pages[1].address if len(pages) == 2 else None
    text = format_settings_hex(main.page, address=main.address, backup_address=backup)
    assert text.encode() == content(name).replace(b"\r\n", b"\n")


@pytest.mark.parametrize("name", names("display/settings_*.txt"))
def test_the_fields_are_those_that_nrfutil_displays(name: str) -> None:
    source = name.replace("display/settings_", "settings/").replace(".txt", ".hex")
    fields = shown(name)
    if not fields:
        assert name.endswith("v2_start.txt")  # nrfutil does not look at that address
        return
    assert displayed(read_settings_file(content(source), name=source)[0].page) == fields


@pytest.mark.parametrize("name", ["edge/pkcs8.key", "edge/withparams.key", "keys/private.key"])
def test_keys_that_nrfutil_takes_are_taken(name: str) -> None:
    taken = SigningKey.parse_pem(content(name), name=name)
    assert taken.public_key.verify(b"x", taken.sign(b"x"))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("edge/p384.key", Code.KEY_WRONG_CURVE),
        ("keys/public_key.pem", Code.KEY_NOT_PRIVATE),
        ("keys/bad.key", Code.KEY_MALFORMED),
    ],
)
def test_keys_that_make_nrfutil_stumble_are_refused(name: str, code: Code) -> None:
    with pytest.raises(InputError) as caught:
        SigningKey.parse_pem(content(name), name=name)
    assert caught.value.code is code


def test_key_numbers_are_displayed_as_nrfutil_does() -> None:
    for form, ours in (("pk", key().public_key.le_bytes.hex()), ("sk", key().format_hex())):
        theirs = content(f"log/keys_display_{form}_hex.txt").decode().split()[-1]
        assert ours == theirs
