"""A package in words and in fields."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from firmline.cli.package_text import image_fields, image_lines
from firmline.formats.init_command import BootValidationType, HashType
from firmline.formats.package import Package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.values import Fwid, FwVersion
from unit.cli.makers import APPLICATION, spec
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


def with_command(package: Package, **changes: Any) -> Package:
    """The package with other values in every init packet, which nobody signed anew."""
    return Package(
        images=tuple(
            replace(
                image,
                init_packet=replace(
                    image.init_packet, command=replace(image.init_packet.command, **changes)
                ),
            )
            for image in package.images
        )
    )


def lines_of(package: Package) -> dict[str, str]:
    """The title, and the rows by label; rows of one label, and what continues them, are joined."""
    title, *rows = image_lines(package.images[0])
    found: dict[str, str] = {"": title}
    label = ""
    for row in rows:
        label = row[2:13].strip() or label
        found[label] = f"{found[label]} {row[14:]}" if label in found else row[14:]
    return found


def test_an_application_in_words() -> None:
    package = built()
    signature = package.images[0].init_packet.signature
    assert signature is not None
    assert lines_of(package) == {
        "": "application",
        "version": "5 (0x00000005)",
        "hardware": "52 (0x00000034)",
        "SoftDevice": "0x0103 (S112 7.2.0)",
        "size": "2,048 bytes",
        "SHA-256": hashlib.sha256(APPLICATION).hexdigest(),
        "boot check": "VALIDATE_GENERATED_CRC",
        "signature": f"ECDSA_P256_SHA256 {signature[:32].hex()} {signature[32:].hex()}",
        "debug": "no",
        "files": "app.bin, app.dat",
    }


@pytest.mark.parametrize(
    ("changes", "label", "text"),
    [
        ({"signing_key": None}, "signature", "none"),
        ({"is_debug": True}, "debug", "yes"),
        ({"is_debug": True, "hw_version": None}, "hardware", "none named"),
        ({"is_debug": True, "application_version": None}, "version", "none"),
        ({"sd_req": ()}, "SoftDevice", "none named"),
        (
            {"sd_req": (Fwid(0), Fwid(0x101))},
            "SoftDevice",
            "0x0000, 0x0101 (S132 7.2.0)",
        ),
        ({"external_app": True}, "", "application for another chip"),
        (
            {"app_boot_validation": BootValidationType.NO_VALIDATION},
            "boot check",
            "NO_VALIDATION",
        ),
    ],
)
def test_what_is_special_is_told(changes: dict[str, Any], label: str, text: str) -> None:
    assert lines_of(built(**changes))[label] == text


def test_a_signature_at_boot_is_shown() -> None:
    check = BootValidationType.VALIDATE_ECDSA_P256_SHA256
    package = built(app_boot_validation=check)
    data = package.images[0].init_packet.command.boot_validations[0].data
    expected = f"VALIDATE_ECDSA_P256_SHA256 {data[:32].hex()} {data[32:].hex()}"
    assert lines_of(package)["boot check"] == expected


def test_a_softdevice_alone_has_no_version() -> None:
    lines = lines_of(build_package(replace(SYSTEM, bootloader=None, bootloader_version=None)))
    assert (lines[""], lines["version"]) == ("SoftDevice", "none (0xFFFFFFFF)")


def test_the_parts_of_a_system_are_told_apart() -> None:
    lines = lines_of(build_package(SYSTEM))
    assert lines[""] == "SoftDevice + bootloader"
    assert lines["size"] == "8,736 bytes: SoftDevice 8,224, bootloader 512"
    assert lines["boot check"] == "VALIDATE_GENERATED_CRC VALIDATE_GENERATED_CRC"


def test_the_fields_are_those_of_the_init_packet() -> None:
    (made,) = built().images
    fields = image_fields(made)
    command = made.init_packet.command
    assert made.init_packet.signature is not None
    assert json.loads(json.dumps(fields)) == {
        "kind": "application",
        "bin_file": "app.bin",
        "dat_file": "app.dat",
        "size": 2048,
        "op_code": "INIT",
        "type": "APPLICATION",
        "fw_version": 5,
        "hw_version": 52,
        "sd_req": ["0x0103"],
        "sd_size": 0,
        "bl_size": 0,
        "app_size": 2048,
        "hash_type": "SHA256",
        "hash": command.hash.hex(),
        "is_debug": False,
        "boot_validation": [{"type": "VALIDATE_GENERATED_CRC", "bytes": ""}],
        "signature_type": "ECDSA_P256_SHA256",
        "signature": made.init_packet.signature.hex(),
    }


def test_what_is_not_in_the_packet_is_null() -> None:
    package = built(signing_key=None, is_debug=True, application_version=None)
    fields = image_fields(package.images[0])
    assert (fields["signature_type"], fields["signature"], fields["fw_version"]) == (None,) * 3


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        (HashType.NO_HASH, "no hash"),
        (HashType.CRC, "CRC"),
        (HashType.SHA128, "SHA-128"),
        (HashType.SHA512, "SHA-512"),
    ],
)
@pytest.mark.parametrize("value", [b"\x12\x34", b""])
def test_a_hash_that_is_not_compared_is_not_called_checked(
    kind: HashType, label: str, value: bytes
) -> None:
    lines = lines_of(with_command(built(), hash_type=kind, hash=value))
    assert "SHA-256" not in lines
    expected = f"{value.hex() or '-'} (not checked; bootloaders accept SHA-256 alone)"
    assert lines[label] == expected
