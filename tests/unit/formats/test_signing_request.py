"""Signing in two steps: the rounds, the request, and the package that comes out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from firmline.errors import Code
from firmline.formats.init_packet import BootValidation, BootValidationType
from firmline.formats.keys import SigningKey
from firmline.formats.package import Package, read_package, write_package
from firmline.formats.package_build import PackageSpec, build_package, sign_init_command
from firmline.formats.package_zip import EARLIEST
from firmline.formats.signing_request import (
    WantedSignature,
    attach_signatures,
    check_request,
    format_request,
    parse_request,
    verify_signatures,
    wanted_signatures,
)
from firmline.values import Fwid, FwVersion
from unit.formats.makers import image, refuses, softdevice_image

KEY = SigningKey.generate()
ECDSA = BootValidationType.VALIDATE_ECDSA_P256_SHA256
APP = image(bytes(range(256)) * 8)
SPEC = PackageSpec(
    application=APP,
    application_version=FwVersion(5),
    hw_version=52,
    sd_req=(Fwid(0x101),),
    signed_later=True,
)
SYSTEM = replace(
    SPEC,
    softdevice=softdevice_image(),
    bootloader=image(bytes(512), address=0x78000, name="bl.hex"),
    bootloader_version=FwVersion(3),
    sd_id=(Fwid(0x101),),
)


def signed_by(key: SigningKey, wanted: tuple[WantedSignature, ...]) -> dict[str, bytes]:
    return {one.name: key.sign(one.data) for one in wanted}


def rounds(package: Package) -> tuple[Package, list[list[str]]]:
    """The package signed round by round as a user does, through files; the names in each."""
    asked = []
    while wanted := wanted_signatures(package):
        asked.append([one.name for one in wanted])
        package = attach_signatures(package, signed_by(KEY, wanted))
        package = read_package(write_package(package), name="p")
    return package, asked


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (SPEC, [["application"]]),
        (replace(SPEC, app_boot_validation=ECDSA), [["application.boot"], ["application"]]),
        (SYSTEM, [["softdevice_bootloader", "application"]]),
        (
            replace(SYSTEM, app_boot_validation=ECDSA),
            [["softdevice_bootloader", "application.boot"], ["application"]],
        ),
        (
            replace(SYSTEM, app_boot_validation=ECDSA, sd_boot_validation=ECDSA),
            [
                ["softdevice_bootloader.boot", "application.boot"],
                ["softdevice_bootloader", "application"],
            ],
        ),
        (
            replace(SPEC, application=None, softdevice=softdevice_image()),
            [["softdevice"]],
        ),
        (replace(SPEC, is_debug=True, external_app=True), [["application"]]),
    ],
)
def test_the_result_is_that_of_signing_at_once(
    spec: PackageSpec, expected: list[list[str]]
) -> None:
    complete, asked = rounds(build_package(spec))
    assert asked == expected
    at_once = build_package(replace(spec, signed_later=False, signing_key=KEY))
    assert write_package(complete) == write_package(at_once)


def test_a_boot_validation_signs_its_part_alone() -> None:
    package = build_package(replace(SYSTEM, sd_boot_validation=ECDSA))
    boot, _ = wanted_signatures(package)
    assert (boot.name, boot.is_boot_validation) == ("softdevice_bootloader.boot", True)
    assert boot.data == softdevice_image().data
    assert "of the SoftDevice:" in boot.purpose


def test_a_request_says_what_is_to_be_signed() -> None:
    package = build_package(SPEC)
    content = write_package(package)
    document = json.loads(format_request(content, package, time=EARLIEST))
    (entry,) = document["signatures"]
    assert (entry["name"], entry["file"]) == ("application", "application.tosign")
    assert entry["image"]["fw_version"] == 5
    request = parse_request(json.dumps(document).encode(), name="r")
    assert request.time == EARLIEST
    assert check_request(request, content, package, name="p") == wanted_signatures(package)


def test_the_time_of_the_package_is_kept() -> None:
    time = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    package = build_package(SPEC)
    request = format_request(write_package(package, time=time), package, time=time)
    assert parse_request(request, name="r").time == time


def test_another_package_is_refused() -> None:
    package = build_package(SPEC)
    request = parse_request(format_request(b"other", package, time=EARLIEST), name="r")
    with refuses(Code.SIGNING_REQUEST_OTHER, "p is not the package"):
        check_request(request, write_package(package), package, name="p")


def test_a_signed_package_is_refused() -> None:
    unsigned = build_package(SPEC)
    signed = build_package(replace(SPEC, signing_key=KEY))
    request = parse_request(format_request(b"", unsigned, time=EARLIEST), name="r")
    with refuses(Code.SIGNATURE_NOT_WANTED, "signed already"):
        check_request(request, write_package(signed), signed, name="p")


def test_a_request_that_was_changed_is_refused() -> None:
    package = build_package(SPEC)
    content = write_package(package)
    document = json.loads(format_request(content, package, time=EARLIEST))
    document["signatures"][0]["sha256"] = "00" * 32
    request = parse_request(json.dumps(document).encode(), name="r")
    with refuses(Code.SIGNING_REQUEST_MALFORMED, "it was changed"):
        check_request(request, content, package, name="p")


def test_wrong_and_swapped_signatures_are_told_apart() -> None:
    wanted = wanted_signatures(build_package(SYSTEM))
    right = signed_by(KEY, wanted)
    verify_signatures(wanted, right, KEY.public_key)
    swapped = dict(zip(right, reversed(right.values()), strict=True))
    with refuses(Code.SIGNATURE_WRONG, "two signatures were swapped"):
        verify_signatures(wanted, swapped, KEY.public_key)
    with refuses(Code.SIGNATURE_WRONG, "not this key's on softdevice_bootloader.tosign"):
        verify_signatures(wanted, signed_by(SigningKey.generate(), wanted), KEY.public_key)


def change(*path: str | int, to: object) -> bytes:
    package = build_package(SPEC)
    document = json.loads(format_request(b"", package, time=EARLIEST))
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"[" * 100_000,
        b"\xff\xfe",
        change("version", to=2),
        change("format", to="x"),
        change("package", to=[]),
        change("package", "time", to="yesterday"),
        change("package", "time", to="2026-11-22T18:00:00"),
        change("package", "time", to="0001-01-01T00:00:00+14:00"),
        change("package", "time", to=5),
        change("signatures", to=[1]),
        change("signatures", 0, to={}),
    ],
)
def test_requests_that_are_none(content: bytes) -> None:
    with refuses(Code.SIGNING_REQUEST_MALFORMED, "r.json is not a signing request"):
        parse_request(content, name="r.json")


def test_each_boot_validation_is_signed_over_its_own_part() -> None:
    system = build_package(SYSTEM).images[0]
    command = replace(
        system.init_packet.command, boot_validations=(BootValidation(type=ECDSA),) * 2
    )
    unsigned = replace(system, init_packet=sign_init_command(command, None))
    package, asked = rounds(Package(images=(unsigned,)))
    assert asked == [
        ["softdevice_bootloader.boot"],
        ["softdevice_bootloader.boot"],
        ["softdevice_bootloader"],
    ]
    (image_,) = package.images
    entries = image_.init_packet.command.boot_validations
    parts = (image_.firmware[: image_.sd_size], image_.firmware[image_.sd_size :])
    for entry, part in zip(entries, parts, strict=True):
        assert KEY.public_key.verify(part, entry.data)


def test_a_request_names_the_program_that_a_boot_validation_is_of() -> None:
    system = replace(SYSTEM, sd_boot_validation=ECDSA)
    purposes = {one.name: one.purpose for one in wanted_signatures(build_package(system))}
    assert purposes["softdevice_bootloader.boot"].startswith("boot validation of the SoftDevice:")
    assert purposes["application"].startswith("init packet of the application:")
