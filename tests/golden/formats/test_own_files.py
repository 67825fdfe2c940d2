"""Files made by nrfutil 6.1.7 that this repository carries itself (``data/PROVENANCE.md``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.errors import Code, InputError
from firmline.formats.firmware import parse_firmware
from firmline.formats.init_packet import (
    BootValidationType,
    FwType,
    InitPacket,
    decode_init_packet,
    encode_init_command,
    encode_init_packet,
)
from firmline.formats.keys import PublicKey
from firmline.formats.package import read_package
from firmline.formats.settings_file import format_settings_hex, read_settings_file
from firmline.values import ImageKind

DATA = Path(__file__).parent / "data"
KEY = PublicKey.parse_pem((DATA / "public_key.pem").read_bytes(), name="public_key.pem")


def packet(name: str) -> InitPacket:
    return decode_init_packet((DATA / name).read_bytes(), name=name)


@pytest.mark.parametrize("name", ["app_signed.dat", "app_unsigned.dat", "sd_bl_ecdsa.dat"])
def test_init_packets_come_out_as_they_went_in(name: str) -> None:
    found = packet(name)
    assert encode_init_command(found.command) == found.signed_bytes
    assert encode_init_packet(found.signed_bytes, found.signature) == found.encoded


@pytest.mark.parametrize("name", ["app_signed.dat", "sd_bl_ecdsa.dat"])
def test_the_signature_covers_the_init_command_and_nothing_else(name: str) -> None:
    found = packet(name)
    assert found.signature is not None
    assert KEY.verify(found.signed_bytes, found.signature)
    assert not KEY.verify(found.encoded, found.signature)


def test_what_the_application_packets_say() -> None:
    signed, unsigned = packet("app_signed.dat"), packet("app_unsigned.dat")
    assert unsigned.signature is None
    assert len(signed.encoded) == 141
    assert len(unsigned.encoded) == 70
    assert signed.command == unsigned.command
    command = signed.command
    assert (command.kind, command.fw_version, command.hw_version) == (FwType.APPLICATION, 5, 52)
    assert (command.sd_req, command.app_size, command.is_debug) == ((0x103,), 150_000, False)


def test_what_the_system_packet_says() -> None:
    command = packet("sd_bl_ecdsa.dat").command
    assert command.kind is FwType.SOFTDEVICE_BOOTLOADER
    assert (command.sd_size, command.bl_size, command.app_size) == (150_016, 23_552, 0)
    assert command.sd_req == (0x101, 0x124)
    assert [(entry.type, len(entry.data)) for entry in command.boot_validations] == [
        (BootValidationType.VALIDATE_ECDSA_P256_SHA256, 64),
        (BootValidationType.VALIDATE_GENERATED_CRC, 0),
    ]


@pytest.mark.parametrize(
    ("name", "addresses"),
    [("settings_v1.hex", [0x7F000, 0x7E000]), ("settings_v2_ecdsa.hex", [0xFF000, 0xFE000])],
)
def test_settings_files_come_out_as_they_went_in(name: str, addresses: list[int]) -> None:
    content = (DATA / name).read_bytes()
    main, backup = read_settings_file(content, name=name)
    assert [main.address, backup.address] == addresses
    assert main.page == backup.page
    assert main.page.crc_ok
    assert main.page.validation_crc_ok
    assert (main.page.app_version, main.page.bootloader_version) == (5, 3)
    again = format_settings_hex(main.page, address=addresses[0], backup_address=addresses[1])
    assert again.encode() == content.replace(b"\r\n", b"\n")


def test_a_gap_is_filled_as_nrfutil_fills_it() -> None:
    (expected,) = read_package((DATA / "gap.zip").read_bytes(), name="gap.zip").images
    content = (DATA / "gap.hex").read_bytes()
    image = parse_firmware(content, name="gap.hex", kind=ImageKind.APPLICATION)
    assert image.data == expected.firmware
    assert image.data[1000:4096] == b"\xff" * 3096


def test_the_corrupt_package_that_nrfutil_calls_good() -> None:
    with pytest.raises(InputError, match=r"uses 'FILE\.HEX' for two things") as caught:
        read_package((DATA / "upper_case.zip").read_bytes(), name="upper_case.zip")
    assert caught.value.code is Code.PACKAGE_DUPLICATE_NAME
