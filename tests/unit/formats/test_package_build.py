from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.errors import Code, InputError
from firmline.formats.firmware import parse_firmware
from firmline.formats.init_packet import (
    BootValidation,
    BootValidationType,
    FwType,
    InitCommand,
    hash_firmware,
)
from firmline.formats.keys import SigningKey
from firmline.formats.package import PackageImage, read_package, write_package
from firmline.formats.package_build import PackageSpec, build_package, sign_init_command
from firmline.values import Fwid, FwVersion, ImageKind
from unit.formats.makers import hex_file, image, refuses, softdevice_image

KEY = SigningKey.generate()
APP = image(b"A" * 16, name="app.hex")
BL = image(b"B" * 8, address=0x72000, name="bl.hex")
CRC = BootValidation(type=BootValidationType.VALIDATE_GENERATED_CRC)
ECDSA = BootValidationType.VALIDATE_ECDSA_P256_SHA256
OLD, NEW = Fwid(0x101), Fwid(0x124)
SD = softdevice_image(fwid=NEW, name="sd.hex")
SPEC = PackageSpec(
    hw_version=52,
    application_version=FwVersion(5),
    bootloader_version=FwVersion(3),
    sd_req=(OLD,),
    sd_id=(NEW,),
    signing_key=KEY,
)


def images(**changes: object) -> dict[ImageKind, PackageImage]:
    package = build_package(replace(SPEC, **changes))  # type: ignore[arg-type]
    assert read_package(write_package(package), name="p") == package
    return {built.kind: built for built in package.images}


def command(built: PackageImage) -> InitCommand:
    return built.init_packet.command


def test_an_application() -> None:
    (built,) = images(application=APP).values()
    assert (built.firmware, built.bin_name, built.dat_name) == (APP.data, "app.bin", "app.dat")
    assert command(built) == InitCommand(
        kind=FwType.APPLICATION,
        fw_version=FwVersion(5),
        hw_version=52,
        sd_req=(OLD,),  # sd_id is about a SoftDevice in the same package
        app_size=16,
        hash=hash_firmware(APP.data),
        boot_validations=(CRC,),
    )


def test_a_bootloader() -> None:
    (built,) = images(bootloader=BL, sd_boot_validation=ECDSA).values()
    assert (built.kind, built.bin_name) == (ImageKind.BOOTLOADER, "bl.bin")
    assert command(built).kind is FwType.BOOTLOADER
    assert command(built).fw_version == 3
    assert command(built).bl_size == 8
    assert command(built).sd_req == (OLD,)
    assert command(built).boot_validations == (CRC,)


def test_a_softdevice_has_no_version_of_its_own() -> None:
    (built,) = images(softdevice=SD).values()
    assert (built.kind, built.bin_name) == (ImageKind.SOFTDEVICE, "sd.bin")
    assert command(built).kind is FwType.SOFTDEVICE
    assert command(built).fw_version == 0xFFFF_FFFF
    assert command(built).sd_size == len(SD.data)
    assert command(built).sd_req == (OLD, NEW)


def test_softdevice_and_bootloader_are_one_image() -> None:
    (built,) = images(softdevice=SD, bootloader=BL).values()
    assert built.kind is ImageKind.SOFTDEVICE_BOOTLOADER
    assert (built.bin_name, built.dat_name) == ("sd_bl.bin", "sd_bl.dat")
    assert built.firmware == SD.data + BL.data
    assert (built.sd_size, built.bl_size) == (len(SD.data), 8)
    assert command(built).fw_version == 3
    assert command(built).boot_validations == (CRC, CRC)


@pytest.mark.parametrize("bootloader", [None, BL])
def test_the_application_behind_a_new_softdevice_requires_the_new_one(bootloader: object) -> None:
    built = images(application=APP, softdevice=SD, bootloader=bootloader)
    system, application = built.values()
    assert command(system).sd_req == (OLD, NEW)
    assert command(application).sd_req == (NEW,)


def test_without_sd_id_both_require_the_same() -> None:
    built = images(application=APP, softdevice=SD, sd_req=(NEW,), sd_id=())
    assert {command(one).sd_req for one in built.values()} == {(NEW,)}


def test_sd_req_keeps_its_order_and_loses_repetitions() -> None:
    many = (Fwid(0x124), Fwid(0xCB), Fwid(0x124), Fwid(0x101), Fwid(0xCB))
    (built,) = images(application=APP, sd_req=many).values()
    assert command(built).sd_req == (0x124, 0xCB, 0x101)
    (built,) = images(softdevice=SD, sd_req=many, sd_id=(Fwid(0xCB), Fwid(0x55))).values()
    assert command(built).sd_req == (0x124, 0xCB, 0x101, 0x55)


@pytest.mark.parametrize("kind", list(BootValidationType)[:3])
def test_boot_validation_without_a_signature_carries_no_data(kind: BootValidationType) -> None:
    built = images(
        application=APP, softdevice=SD, app_boot_validation=kind, sd_boot_validation=kind
    )
    for one in built.values():
        assert command(one).boot_validations == (BootValidation(type=kind),)


def test_boot_validation_by_ecdsa_signs_the_part_itself() -> None:
    built = images(
        application=APP,
        softdevice=SD,
        bootloader=BL,
        app_boot_validation=ECDSA,
        sd_boot_validation=ECDSA,
    )
    sd_entry, bl_entry = command(built[ImageKind.SOFTDEVICE_BOOTLOADER]).boot_validations
    (app_entry,) = command(built[ImageKind.APPLICATION]).boot_validations
    assert KEY.public_key.verify(SD.data, sd_entry.data)
    assert bl_entry == CRC
    assert KEY.public_key.verify(APP.data, app_entry.data)


@pytest.mark.parametrize("option", ["app_boot_validation", "sd_boot_validation"])
def test_boot_validation_by_ecdsa_needs_a_key(option: str) -> None:
    with refuses(Code.KEY_REQUIRED, "needs a signing key"):
        images(application=APP, softdevice=SD, signing_key=None, **{option: ECDSA})


def test_the_signature_covers_the_init_command() -> None:
    for built in images(application=APP, softdevice=SD, bootloader=BL).values():
        packet = built.init_packet
        assert packet.signature is not None
        assert KEY.public_key.verify(packet.signed_bytes, packet.signature)


def test_the_same_spec_gives_the_same_bytes() -> None:
    spec = replace(SPEC, application=APP, softdevice=SD, app_boot_validation=ECDSA)
    assert write_package(build_package(spec)) == write_package(build_package(spec))


def test_no_key_no_signature() -> None:
    (built,) = images(application=APP, signing_key=None).values()
    assert built.init_packet.signature is None


def test_options_without_a_value_are_left_out() -> None:
    (built,) = images(application=APP, hw_version=None, application_version=None).values()
    assert (command(built).hw_version, command(built).fw_version) == (None, None)


def test_debug_and_external() -> None:
    (built,) = images(application=APP, is_debug=True, external_app=True).values()
    assert command(built).is_debug
    assert command(built).kind is FwType.EXTERNAL_APPLICATION
    assert built.kind is ImageKind.APPLICATION


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({}, "at least one image"),
        ({"application": APP, "bootloader": BL}, "do not go into one package"),
        ({"softdevice": SD, "external_app": True}, "none is given"),
    ],
)
def test_combinations_that_cannot_be(changes: dict[str, object], fragment: str) -> None:
    with refuses(Code.PACKAGE_COMBINATION, fragment):
        images(**changes)


def test_values_that_cannot_be() -> None:
    with refuses(Code.NUMBER_OUT_OF_RANGE, "32 bits"):
        images(application=APP, hw_version=1 << 32)
    with pytest.raises(InputError, match="names 17 SoftDevices") as caught:
        images(application=APP, sd_req=tuple(Fwid(number) for number in range(17)))
    assert caught.value.code is Code.INIT_PACKET_MALFORMED
    assert "at most 16 FWIDs" in caught.value.hint


@pytest.mark.parametrize("address", [0x1000, 0x25000])
def test_an_application_inside_the_new_softdevice(address: int) -> None:
    with refuses(Code.IMAGE_OVERLAPS_SOFTDEVICE, "which reaches to 0x26000"):
        images(application=replace(APP, address=address), softdevice=SD)


def test_a_merged_hex_given_as_application() -> None:
    content = hex_file((0x0, bytes(0x100)), (0x1000, SD.data), (0x26000, APP.data))
    merged = parse_firmware(content, name="merged.hex", kind=ImageKind.APPLICATION)
    with refuses(Code.IMAGE_OVERLAPS_SOFTDEVICE, "merged.hex is meant to be an application"):
        images(application=merged)


def test_an_application_that_requires_another_softdevice_than_the_one_beside_it() -> None:
    with refuses(Code.PACKAGE_COMBINATION, "the SoftDevice with FWID 0x0124"):
        images(application=APP, softdevice=SD, sd_id=(Fwid(0x999),))


def test_an_application_inside_the_softdevice_that_it_requires() -> None:
    with refuses(Code.IMAGE_OVERLAPS_SOFTDEVICE, "the SoftDevice 0x0101 (S132 7.2.0)"):
        images(application=replace(APP, address=0x25000))


def test_an_application_for_another_chip_lies_anywhere() -> None:
    (built,) = images(application=replace(APP, address=0x1000), external_app=True).values()
    assert command(built).kind is FwType.EXTERNAL_APPLICATION


def test_what_is_no_softdevice() -> None:
    with refuses(Code.IMAGE_NOT_A_SOFTDEVICE, "it begins at 0x26000"):
        images(softdevice=APP)


@pytest.mark.parametrize(
    ("source", "stem"),
    [
        ("file.hex", "file"),
        ("FILE.HEX", "FILE"),
        ("build/out/app.v1.2.hex", "app.v1.2"),
        ("C:\\build\\app.hex", "app"),
        ("my app.bin", "my app"),
        ("plain", "plain"),
        (".hex", "application"),
        ("dir/", "application"),
        ("bad\x07:name.hex", "bad__name"),
    ],
)
def test_entry_names_come_from_the_input(source: str, stem: str) -> None:
    (built,) = images(application=replace(APP, source_name=source)).values()
    assert (built.bin_name, built.dat_name) == (f"{stem}.bin", f"{stem}.dat")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a/out.hex", "b/out.hex", "out_application"),
        ("OUT.hex", "out.HEX", "out_application"),
        ("one.hex", "two.hex", "two"),
    ],
)
def test_inputs_of_one_name_get_names_of_their_own(first: str, second: str, expected: str) -> None:
    built = images(
        softdevice=replace(SD, source_name=first), application=replace(APP, source_name=second)
    )
    assert built[ImageKind.APPLICATION].bin_name == f"{expected}.bin"
    assert built[ImageKind.SOFTDEVICE].firmware == SD.data
    assert built[ImageKind.APPLICATION].firmware == APP.data


def test_an_application_named_like_the_combined_image() -> None:
    built = images(softdevice=SD, bootloader=BL, application=replace(APP, source_name="sd_bl.hex"))
    assert built[ImageKind.APPLICATION].bin_name == "sd_bl_application.bin"


def test_a_very_long_name_is_cut() -> None:
    (built,) = images(application=replace(APP, source_name="x" * 400 + ".hex")).values()
    assert built.bin_name == "x" * 100 + ".bin"


def test_any_init_command_can_be_signed() -> None:
    probe = InitCommand(kind=FwType.APPLICATION, hw_version=51, hash=bytes(32))
    packet = sign_init_command(probe, KEY)
    assert packet.command == probe
    assert packet.signature is not None
    assert KEY.public_key.verify(packet.signed_bytes, packet.signature)
    assert sign_init_command(probe, None).signature is None
