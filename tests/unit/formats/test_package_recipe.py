"""The command recovered from a package: what it says, and where there is none."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import pytest

from firmline.formats import init_packet_pb2 as pb
from firmline.formats.init_command import (
    BootValidation,
    BootValidationType,
    HashType,
    SignatureType,
)
from firmline.formats.init_packet import decode_init_packet
from firmline.formats.package import Package
from firmline.formats.package_build import PackageSpec, build_package, sign_init_command
from firmline.formats.package_recipe import generate_command
from firmline.formats.zigbee_package import ZigbeeSpec, build_zigbee_package
from firmline.values import Fwid, FwVersion, ImageKind
from unit.cli.makers import APPLICATION, KEY, spec
from unit.formats.makers import image, softdevice_image

SYSTEM = PackageSpec(
    softdevice=softdevice_image(),
    bootloader=image(bytes(512), address=0x78000, name="bl.hex"),
    hw_version=52,
    bootloader_version=FwVersion(3),
    sd_req=(Fwid(0x103),),
)


def built(**changes: Any) -> Package:
    return build_package(replace(spec(), **changes))


def with_command(package: Package, only: ImageKind | None = None, **changes: Any) -> Package:
    """The package with other values in every init packet, or in that of one image, signed anew."""
    images = [
        replace(
            image,
            init_packet=sign_init_command(
                replace(image.init_packet.command, **changes),
                KEY if image.init_packet.signature else None,
            ),
        )
        if only in (None, image.kind)
        else image
        for image in package.images
    ]
    return Package(images=tuple(images))


def words_of(package: Package, name: str = "dfu.zip") -> list[str]:
    command = generate_command(package, name)
    assert command is not None
    words = shlex.split(command)
    assert words[:3] == ["firmline", "pkg", "generate"]
    return words[3:]


def test_the_command_names_every_option() -> None:
    assert words_of(built()) == [
        *("--application", "app.bin", "--application-version", "5"),
        *("--app-boot-validation", "VALIDATE_GENERATED_CRC"),
        *("--hw-version", "52", "--sd-req", "0x103", "--key-file", "private.key", "dfu.zip"),
    ]


def test_the_command_of_an_unsigned_debug_package_has_no_key_and_no_version() -> None:
    words = words_of(built(signing_key=None, is_debug=True, application_version=None))
    assert "--debug-mode" in words
    assert "--key-file" not in words
    assert "--application-version" not in words


def test_the_command_of_a_debug_bootloader_has_no_version() -> None:
    package = build_package(
        replace(SYSTEM, softdevice=None, bootloader_version=None, is_debug=True)
    )
    words = words_of(package)
    assert words[:2] == ["--bootloader", "bl.bin"]
    assert "--bootloader-version" not in words
    assert "None" not in words


@pytest.mark.parametrize(
    ("sd_req", "sd_id", "told_req"),
    [
        ((0x103,), (0x101,), "0x103"),
        ((0x101,), (0x101,), "0x101"),
        ((0x103, 0x104), (0x101, 0x102), "0x103,0x104"),
        ((0x101, 0x103), (0x101,), "0x101,0x103"),
    ],
)
def test_the_softdevice_in_the_package_is_told_from_those_before_it(
    sd_req: tuple[int, ...], sd_id: tuple[int, ...], told_req: str
) -> None:
    package = built(
        softdevice=softdevice_image(),
        sd_req=tuple(Fwid(fwid) for fwid in sd_req),
        sd_id=tuple(Fwid(fwid) for fwid in sd_id),
    )
    words = words_of(package)
    assert words[words.index("--sd-req") + 1] == told_req
    assert words[words.index("--sd-id") + 1] == ",".join(f"0x{fwid:X}" for fwid in sd_id)


@pytest.mark.parametrize(
    ("name", "word"), [("my dfu.zip", "my dfu.zip"), ("-x.zip", "./-x.zip"), ("$x;.zip", "$x;.zip")]
)
def test_any_name_stays_one_word(name: str, word: str) -> None:
    assert words_of(built(), name)[-1] == word


@pytest.mark.parametrize(
    "changes",
    [
        {"hash_type": HashType.SHA512},
        {"hw_version": None},
        {"fw_version": None},
        {"sd_req": ()},
        {"sd_req": (0x10000,)},
    ],
)
def test_no_command_is_named_that_would_be_refused(changes: dict[str, Any]) -> None:
    assert generate_command(with_command(built(), **changes), "dfu.zip") is None


def test_a_softdevice_gets_its_version_unasked_and_no_other() -> None:
    alone = build_package(replace(SYSTEM, bootloader=None, bootloader_version=None))
    assert generate_command(alone, "dfu.zip") is not None
    assert generate_command(with_command(alone, fw_version=None), "dfu.zip") is None
    assert generate_command(with_command(alone, fw_version=7), "dfu.zip") is None


@pytest.mark.parametrize(
    "changes", [{"hw_version": 53}, {"is_debug": True}], ids=["hardware", "debug"]
)
@pytest.mark.parametrize("kind", [ImageKind.SOFTDEVICE_BOOTLOADER, ImageKind.APPLICATION])
def test_no_command_makes_images_that_disagree(kind: ImageKind, changes: dict[str, Any]) -> None:
    package = built(
        softdevice=SYSTEM.softdevice,
        bootloader=SYSTEM.bootloader,
        bootloader_version=FwVersion(3),
        sd_id=(Fwid(0x101),),
    )
    assert generate_command(package, "dfu.zip") is not None
    assert generate_command(with_command(package, kind, **changes), "dfu.zip") is None


def test_no_command_signs_one_image_of_two() -> None:
    package = built(softdevice=softdevice_image(), sd_id=(Fwid(0x101),))
    first, second = package.images
    unsigned = replace(first, init_packet=sign_init_command(first.init_packet.command, None))
    assert generate_command(Package(images=(unsigned, second)), "dfu.zip") is None


def test_files_of_one_name_are_told_apart() -> None:
    package = built(
        application=replace(image(APPLICATION), source_name="softdevice.hex"),
        softdevice=SYSTEM.softdevice,
        bootloader=SYSTEM.bootloader,
        bootloader_version=FwVersion(3),
        sd_id=(Fwid(0x101),),
    )
    words = words_of(package)
    assert words[words.index("--application") + 1] == "softdevice.bin"
    assert words[words.index("--softdevice") + 1] == "softdevice_.bin"


def test_no_command_names_a_file_that_would_be_read_as_something_else() -> None:
    (made,) = built().images
    for name in ("app.hex", "app.elf"):
        package = Package(images=(replace(made, bin_name=name),))
        assert generate_command(package, "dfu.zip") is None


def test_the_command_of_a_zigbee_package() -> None:
    plain, _ = build_zigbee_package(spec(), ZigbeeSpec(ota_hw_version=53))
    words = words_of(plain)
    assert words == [
        *("--application", "application.bin", "--application-version", "5"),
        *("--app-boot-validation", "VALIDATE_GENERATED_CRC"),
        *("--hw-version", "52", "--sd-req", "0x103", "--key-file", "private.key"),
        *("--zigbee", "True", "--zigbee-ota-hw-version", "53", "--zigbee-ota-fw-version", "0"),
        "dfu.zip",
    ]
    zigbee = ZigbeeSpec(
        ota_hw_version=53,
        ota_fw_version=FwVersion(9),
        manufacturer=0x7B,
        image_type=321,
        comment="good image",
        hw_versions=(1, 60),
    )
    package, _ = build_zigbee_package(replace(spec(), is_debug=True), zigbee)
    words = words_of(package)
    assert words[words.index("--debug-mode") :] == [
        *("--debug-mode", "--key-file", "private.key", "--zigbee", "True"),
        *("--zigbee-manufacturer-id", "0x007B", "--zigbee-image-type", "0x0141"),
        *("--zigbee-comment", "good image"),
        *("--zigbee-ota-hw-version", "53", "--zigbee-ota-fw-version", "9"),
        *("--zigbee-ota-min-hw-version", "1", "--zigbee-ota-max-hw-version", "60", "dfu.zip"),
    ]
    assert generate_command(with_command(package, sd_req=(0x101,)), "dfu.zip") is None
    upside_down = replace(zigbee, hw_versions=(60, 1))
    package, _ = build_zigbee_package(spec(), upside_down)
    assert generate_command(package, "dfu.zip") is None


def test_no_command_makes_a_signature_without_a_key() -> None:
    check = BootValidation(type=BootValidationType.VALIDATE_ECDSA_P256_SHA256, data=bytes(64))
    unsigned = built(signing_key=None)
    assert generate_command(with_command(unsigned, boot_validations=(check,)), "dfu.zip") is None
    signed = built(app_boot_validation=BootValidationType.VALIDATE_ECDSA_P256_SHA256)
    assert generate_command(signed, "dfu.zip") is not None


def test_no_command_makes_another_kind_of_signature() -> None:
    (made,) = built().images
    message = pb.Packet.FromString(made.init_packet.encoded)
    message.signed_command.signature_type = SignatureType.ED25519
    packet = decode_init_packet(message.SerializeToString())
    assert packet.signature_type is SignatureType.ED25519
    package = Package(images=(replace(made, init_packet=packet),))
    assert generate_command(package, "dfu.zip") is None


def test_no_command_makes_a_bootloader_and_an_application_alone() -> None:
    bootloader = build_package(replace(SYSTEM, softdevice=None))
    package = Package(images=(*bootloader.images, *built().images))
    assert generate_command(package, "dfu.zip") is None


def test_no_command_makes_an_application_that_holds_a_softdevice() -> None:
    (made,) = built().images
    package = Package(images=(replace(made, firmware=softdevice_image().data),))
    assert generate_command(package, "dfu.zip") is None


def test_no_command_makes_an_application_for_another_softdevice_than_the_one_beside_it() -> None:
    package = built(softdevice=softdevice_image(), sd_id=(Fwid(0x101),))
    assert generate_command(package, "dfu.zip") is not None
    assert generate_command(with_command(package, sd_req=(0x999,)), "dfu.zip") is None
