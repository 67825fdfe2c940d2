"""The package inside a package: found, believed only where it agrees with itself, seen by all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from firmline.errors import Code
from firmline.formats.firmware import FirmwareImage
from firmline.formats.init_command import BootValidationType
from firmline.formats.inner_package import inner_package, package_levels
from firmline.formats.key_recovery import ORDER
from firmline.formats.keys import SigningKey
from firmline.formats.lint import Slug, lint_init_packets, lint_package
from firmline.formats.package import Package, read_package, write_package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.formats.package_diff import Likeness, SignerAnswer, diff_packages
from firmline.formats.signers import find_signers, package_signatures
from firmline.formats.zigbee_ota import ZigbeeOta, encode_zigbee_ota
from firmline.formats.zigbee_package import ZigbeeSpec, build_zigbee_package
from firmline.values import Fwid, FwVersion, ImageKind
from unit.formats.makers import image, key_of, refuses
from unit.formats.programs import program

KEY, OTHER = key_of(51), key_of(52)
APP = image(program(base=0x26000))
SPEC = PackageSpec(
    application=APP,
    application_version=FwVersion(5),
    hw_version=52,
    sd_req=(Fwid(0x101),),
    signing_key=KEY,
)
ZIGBEE = ZigbeeSpec(ota_hw_version=53, ota_fw_version=FwVersion(9), manufacturer=0x7B)


def zigbee(**changes: Any) -> Package:
    """A package for a Zigbee server, and what is changed of the one inside."""
    built, _ = build_zigbee_package(replace(SPEC, **changes), ZIGBEE)
    return read_package(write_package(built), name="p")


def carrying(content: bytes) -> Package:
    """A package that carries these bytes to another chip."""
    data = content.ljust(-(-len(content) // 4) * 4, b"\xff")
    carried = FirmwareImage(data=data, address=None, source_name="x.zigbee")
    return build_package(replace(SPEC, application=carried, external_app=True))


def test_the_inner_package_is_the_one_that_was_put_in() -> None:
    found = inner_package(zigbee())
    assert found is not None
    assert (found.ota.manufacturer, found.ota.file_version) == (0x7B, 5)
    (inner,) = found.package.images
    (plain,) = build_package(SPEC).images
    assert (inner.kind, inner.firmware) == (ImageKind.APPLICATION, plain.firmware)
    assert inner.init_packet == plain.init_packet
    assert inner.bin_name == inner.dat_name == found.ota.file_name
    assert package_levels(zigbee())[1:] == (found.package,)


def test_other_packages_carry_none() -> None:
    (inner,) = package_levels(zigbee())[1].images
    ota = encode_zigbee_ota(ZigbeeOta(file_version=1, init_packet=b"i", firmware=b"f"))
    for package in (
        build_package(SPEC),
        carrying(bytes(64)),
        carrying(ota[:40]),  # of another maker, or none at all
        build_package(replace(SPEC, application=image(ota.ljust(200, b"\xff"), address=None))),
        Package(images=(inner,)),
    ):
        assert inner_package(package) is None


def test_an_inner_package_that_does_not_agree_with_itself_is_refused() -> None:
    found = inner_package(zigbee())
    assert found is not None
    changed = replace(found.ota, firmware=found.ota.firmware[:-1] + b"!")
    with refuses(Code.PACKAGE_IMAGE_MISMATCH, "The application in 007B-FFFF-00000005-.zigbee does"):
        inner_package(carrying(encode_zigbee_ota(changed)))
    with refuses(Code.INIT_PACKET_MALFORMED, "The init packet in 007B-FFFF-00000005-.zigbee"):
        inner_package(carrying(encode_zigbee_ota(replace(found.ota, init_packet=b"\xff"))))


# What sees it: signers.


def test_outer_and_inner_signature_settle_the_key() -> None:
    found = package_signatures(
        zigbee(app_boot_validation=BootValidationType.VALIDATE_ECDSA_P256_SHA256)
    )
    assert [(each.of, each.is_inner) for each in found] == [
        ("init packet", False),
        ("init packet in the Zigbee file", True),
        ("boot validation in the Zigbee file", True),
    ]
    assert all(KEY.public_key.verify(each.data, each.signature) for each in found)
    (signer,) = find_signers(package_signatures(zigbee()))
    assert signer.keys == (KEY.public_key,)


# Lint.


def slugs(package: Package, **options: Any) -> list[Slug]:
    found = [each.slug for each in lint_init_packets(package, **options)]
    assert [each.slug for each in lint_package(package, **options)][-len(found) or 99 :] == found
    return found


def test_an_inner_package_that_is_as_it_should_be() -> None:
    assert slugs(zigbee()) == []
    assert slugs(zigbee(), previous=zigbee(application_version=FwVersion(4))) == []


def test_what_the_devices_are_asked_for_is_looked_at() -> None:
    nothing = BootValidationType.NO_VALIDATION
    assert slugs(zigbee(app_boot_validation=nothing)) == [Slug.NO_BOOT_VALIDATION]
    assert slugs(zigbee(is_debug=True)) == [Slug.DEBUG_FLAG]
    assert slugs(zigbee(signing_key=None)) == [Slug.NOT_SIGNED]


def test_the_devices_version_is_compared_not_the_servers() -> None:
    assert slugs(zigbee(), previous=zigbee()) == [Slug.VERSION_NOT_RAISED]
    assert slugs(zigbee(), previous=build_package(SPEC)) == [Slug.VERSION_NOT_RAISED]
    (finding,) = lint_init_packets(zigbee(), previous=zigbee(application_version=FwVersion(6)))
    assert "has version 5, below 6" in finding.message


def test_the_program_for_the_devices_is_looked_at() -> None:
    (finding,) = lint_package(zigbee(application=image(bytes(2048))))
    assert finding.slug is Slug.VECTOR_TABLE
    assert finding.message.startswith("007B-FFFF-00000005-.zigbee does not begin with a vector")
    (finding,) = lint_package(zigbee(sd_req=(Fwid(0x103),)), application_start=0x26000)
    assert finding.slug is Slug.LINKED_ELSEWHERE  # the start is that of the unit that serves it


# Diff.


def test_the_inner_packages_are_compared() -> None:
    found = diff_packages(zigbee(), zigbee(hw_version=54), same_file=False)
    assert found.likeness is Likeness.DIFFERENT
    assert found.inner is not None
    (inner,) = found.inner.images
    assert [(each.field, each.old, each.new) for each in inner.changes] == [("hw_version", 52, 54)]
    assert inner.signer is SignerAnswer.SAME
    assert diff_packages(zigbee(), build_package(SPEC), same_file=False).inner is None


def signed_by(key: SigningKey, ota_key: SigningKey) -> Package:
    """A Zigbee package whose inner package another key signed than the outer one."""
    found = inner_package(zigbee(signing_key=ota_key))
    assert found is not None
    return build_package(
        replace(
            SPEC,
            application=replace(APP, data=padded(encode_zigbee_ota(found.ota)), address=None),
            external_app=True,
            signing_key=key,
        )
    )


def padded(content: bytes) -> bytes:
    return content.ljust(-(-len(content) // 4) * 4, b"\xff")


def test_who_signed_the_inner_packages_is_told() -> None:
    found = diff_packages(signed_by(KEY, KEY), signed_by(KEY, OTHER), same_file=False)
    assert found.likeness is Likeness.DIFFERENT
    assert found.inner is not None
    assert found.inner.images[0].signer is not SignerAnswer.SAME
    assert found.images[0].firmware is not None


def test_packages_that_differ_in_inner_signatures_alone() -> None:
    old = zigbee()
    found = inner_package(old)
    assert found is not None
    (inner,) = found.package.images
    packet = inner.init_packet
    assert packet.signature is not None
    other = replace(
        found.ota, init_packet=packet.encoded.replace(packet.signature, mirrored(packet.signature))
    )
    new = build_package(
        replace(
            SPEC,
            application=replace(
                APP,
                data=padded(encode_zigbee_ota(other)),
                address=None,
                source_name=f"{other.file_name}",
            ),
            hw_version=53,
            application_version=FwVersion(9),
            sd_req=(Fwid(0xFFFE),),
            external_app=True,
        )
    )
    result = diff_packages(old, new, same_file=False)
    assert result.likeness is Likeness.SIGNATURES
    assert result.images[0].is_same
    assert result.inner is not None
    assert result.inner.images[0].is_same


def mirrored(signature: bytes) -> bytes:
    """(r, n - s): other bytes that hold for the same key, as nrfutil makes them each time."""
    s = ORDER - int.from_bytes(signature[32:], "little")
    return signature[:32] + s.to_bytes(32, "little")
