"""What differs between packages: values, bytes, keys; and when nothing does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firmline.formats.init_command import BootValidationType
from firmline.formats.init_packet import decode_init_packet, encode_init_command, encode_init_packet
from firmline.formats.key_recovery import ORDER
from firmline.formats.keys import SigningKey
from firmline.formats.package import Package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.formats.package_diff import (
    Change,
    FirmwareChange,
    Likeness,
    PackageDiff,
    SignerAnswer,
    diff_firmware,
    diff_packages,
)
from firmline.values import Fwid, FwVersion, ImageKind
from unit.formats.makers import image, key_of, softdevice_image

KEY, OTHER = key_of(41), key_of(42)
DATA = bytes(range(256)) * 40  # two and a half pages
ECDSA = BootValidationType.VALIDATE_ECDSA_P256_SHA256


def package(**changes: Any) -> Package:
    spec = PackageSpec(
        application=image(DATA),
        application_version=FwVersion(5),
        hw_version=52,
        sd_req=(Fwid(0x101),),
        signing_key=KEY,
    )
    return build_package(replace(spec, **changes))


def mirrored(signature: bytes) -> bytes:
    """The mirror image of a signature, (r, n - s): other bytes that hold for the same key."""
    s = ORDER - int.from_bytes(signature[32:], "little")
    return signature[:32] + s.to_bytes(32, "little")


def signed_anew(package: Package) -> Package:
    """The package with other bytes in every signature, as nrfutil makes them each time."""
    images = []
    for each in package.images:
        command = each.init_packet.command
        entries = tuple(
            replace(entry, data=mirrored(entry.data)) if entry.data else entry
            for entry in command.boot_validations
        )
        encoded = encode_init_command(replace(command, boot_validations=entries))
        packet = decode_init_packet(encode_init_packet(encoded, mirrored(KEY.sign(encoded))))
        images.append(replace(each, init_packet=packet))
    return Package(images=tuple(images))


def compared(old: Package, new: Package) -> PackageDiff:
    return diff_packages(old, new, same_file=False)


def test_the_same_file() -> None:
    found = diff_packages(package(), package(), same_file=True)
    assert (found.likeness, found.removed, found.added) == (Likeness.IDENTICAL, (), ())
    assert [each.is_same for each in found.images] == [True]


def test_the_same_content_in_another_zip() -> None:
    assert compared(package(), package()).likeness is Likeness.CONTAINER


@pytest.mark.parametrize("check", [BootValidationType.VALIDATE_GENERATED_CRC, ECDSA])
def test_other_signatures_by_the_same_key_are_no_difference(check: BootValidationType) -> None:
    made = package(app_boot_validation=check)
    found = compared(made, signed_anew(made))
    assert found.likeness is Likeness.SIGNATURES
    (each,) = found.images
    assert (each.signer, each.other_signatures, each.is_same) == (SignerAnswer.SAME, True, True)


def test_another_key_is_a_difference() -> None:
    found = compared(package(), package(signing_key=OTHER))
    assert found.likeness is Likeness.DIFFERENT
    assert found.images[0].changes == ()
    assert found.images[0].signer is SignerAnswer.DIFFERENT


def test_another_key_of_a_boot_validation_is_a_difference() -> None:
    ours = package(app_boot_validation=ECDSA)
    (theirs,) = package(app_boot_validation=ECDSA, signing_key=OTHER).images
    resigned = KEY.sign(theirs.init_packet.signed_bytes)
    encoded = encode_init_packet(theirs.init_packet.signed_bytes, resigned)
    mixed = Package(images=(replace(theirs, init_packet=decode_init_packet(encoded)),))
    found = compared(ours, mixed)
    assert found.likeness is Likeness.DIFFERENT
    assert found.images[0].signer is SignerAnswer.DIFFERENT


def test_the_signer_is_compared_for_each_image() -> None:
    system = {"softdevice": softdevice_image(), "sd_id": (Fwid(0x101),)}
    ours, theirs = package(**system), package(**system, signing_key=OTHER)
    mixed = Package(images=(ours.images[0], theirs.images[1]))
    softdevice, application = compared(ours, mixed).images
    assert (softdevice.signer, application.signer) == (SignerAnswer.SAME, SignerAnswer.DIFFERENT)


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        (KEY, None, SignerAnswer.ONE_UNSIGNED),
        (None, KEY, SignerAnswer.ONE_UNSIGNED),
        (None, None, SignerAnswer.UNSIGNED),
    ],
)
def test_a_missing_signature_is_told(
    old: SigningKey | None, new: SigningKey | None, answer: SignerAnswer
) -> None:
    (each,) = compared(package(signing_key=old), package(signing_key=new)).images
    assert each.signer is answer
    assert each.is_same == (old is new)


def test_a_signature_that_is_nobodys_cannot_be_compared() -> None:
    (made,) = package().images
    forged = decode_init_packet(encode_init_packet(made.init_packet.signed_bytes, bytes(64)))
    (each,) = compared(package(), Package(images=(replace(made, init_packet=forged),))).images
    assert (each.signer, each.is_same) == (SignerAnswer.UNKNOWN, False)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"application_version": FwVersion(6)}, Change(field="fw_version", old=5, new=6)),
        ({"hw_version": 53}, Change(field="hw_version", old=52, new=53)),
        (
            {"sd_req": (Fwid(0x102), Fwid(0x101))},
            Change(field="sd_req", old=(0x101,), new=(0x102, 0x101)),
        ),
        ({"is_debug": True}, Change(field="is_debug", old=False, new=True)),
        (
            {"external_app": True},
            Change(field="type", old="APPLICATION", new="EXTERNAL_APPLICATION"),
        ),
        (
            {"app_boot_validation": BootValidationType.NO_VALIDATION},
            Change(
                field="boot_validation",
                old=(("VALIDATE_GENERATED_CRC", ""),),
                new=(("NO_VALIDATION", ""),),
            ),
        ),
    ],
)
def test_a_value_that_differs_is_named(changes: dict[str, Any], expected: Change) -> None:
    found = compared(package(), package(**changes))
    assert found.likeness is Likeness.DIFFERENT
    assert found.images[0].changes == (expected,)
    assert found.images[0].firmware is None


def test_the_order_of_softdevices_is_a_difference() -> None:
    one, other = (Fwid(0x101), Fwid(0x102)), (Fwid(0x102), Fwid(0x101))
    found = compared(package(sd_req=one), package(sd_req=other))
    assert [change.field for change in found.images[0].changes] == ["sd_req"]


def test_names_in_the_package_are_compared() -> None:
    found = compared(package(), package(application=image(DATA, name="other.hex")))
    assert [change.field for change in found.images[0].changes] == ["bin_file", "dat_file"]


def test_the_same_values_in_other_bytes_are_told() -> None:
    (made,) = package().images
    encoded = made.init_packet.signed_bytes
    # sd_size, field 5, is written as 28 00; a maker may leave a zero out.
    without_zero = encoded.replace(b"\x28\x00", b"", 1)
    packet = decode_init_packet(encode_init_packet(without_zero, KEY.sign(without_zero)))
    assert packet.command == made.init_packet.command
    found = compared(package(), Package(images=(replace(made, init_packet=packet),)))
    assert [change.field for change in found.images[0].changes] == ["encoding"]


def test_images_that_only_one_has() -> None:
    both = package(softdevice=softdevice_image(), sd_id=(Fwid(0x101),))
    found = compared(package(), both)
    assert (found.removed, found.added) == ((), (ImageKind.SOFTDEVICE,))
    assert found.likeness is Likeness.DIFFERENT
    assert [each.kind for each in found.images] == [ImageKind.APPLICATION]
    assert compared(both, package()).removed == (ImageKind.SOFTDEVICE,)


def changed(data: bytes, *offsets: int) -> bytes:
    content = bytearray(data)
    for offset in offsets:
        content[offset] ^= 0xFF
    return bytes(content)


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (DATA, None),
        (changed(DATA, 0), FirmwareChange(bytes=1, first=0, pages=1, of_pages=3)),
        (changed(DATA, 4095, 4096), FirmwareChange(bytes=2, first=4095, pages=2, of_pages=3)),
        (changed(DATA, 10_239), FirmwareChange(bytes=1, first=10_239, pages=1, of_pages=3)),
        (DATA + b"\x01", FirmwareChange(bytes=0, first=10_240, pages=1, of_pages=3)),
        (DATA[:8192], FirmwareChange(bytes=0, first=8192, pages=0, of_pages=2)),
        (DATA[:100], FirmwareChange(bytes=0, first=100, pages=1, of_pages=1)),
        (
            changed(DATA, 5000) + bytes(4096),
            FirmwareChange(bytes=1, first=5000, pages=3, of_pages=4),
        ),
    ],
)
def test_bytes_that_differ_are_counted(new: bytes, expected: FirmwareChange | None) -> None:
    assert diff_firmware(DATA, new) == expected


def test_other_firmware_is_told_with_its_size_and_hash() -> None:
    found = compared(package(), package(application=image(DATA + bytes(4))))
    assert [change.field for change in found.images[0].changes] == ["app_size", "hash"]
    assert found.images[0].firmware == FirmwareChange(bytes=0, first=10_240, pages=1, of_pages=3)
