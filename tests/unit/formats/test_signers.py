"""Who signed packages: certain where it is certain, and two keys where it is not."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from firmline.formats.init_command import BootValidation, BootValidationType, SignatureType
from firmline.formats.key_recovery import ORDER, recover_keys
from firmline.formats.keys import SigningKey
from firmline.formats.package import Package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.formats.signers import PackageSignature, find_signers, package_signatures
from firmline.values import Fwid, FwVersion, ImageKind
from unit.formats.makers import image, key_of, softdevice_image

KEY, OTHER = key_of(21), key_of(22)
ECDSA = BootValidationType.VALIDATE_ECDSA_P256_SHA256


def package(key: SigningKey | None = KEY, version: int = 5, **changes: Any) -> Package:
    spec = PackageSpec(
        application=image(bytes(range(256))),
        application_version=FwVersion(version),
        hw_version=52,
        sd_req=(Fwid(0x101),),
        signing_key=key,
    )
    return build_package(replace(spec, **changes))


def whole(key: SigningKey = KEY) -> Package:
    """SoftDevice, bootloader and application, with every signature there can be."""
    return package(
        key,
        softdevice=softdevice_image(),
        bootloader=image(bytes(512), address=0x78000, name="bl.hex"),
        bootloader_version=FwVersion(3),
        sd_id=(Fwid(0x101),),
        app_boot_validation=ECDSA,
        sd_boot_validation=ECDSA,
    )


def signatures(*packages: Package) -> list[PackageSignature]:
    return [found for each in packages for found in package_signatures(each)]


def test_the_signatures_of_a_package_are_those_of_packets_and_boot_validations() -> None:
    found = package_signatures(whole())
    assert [(each.kind, each.of) for each in found] == [
        (ImageKind.SOFTDEVICE_BOOTLOADER, "init packet"),
        (ImageKind.SOFTDEVICE_BOOTLOADER, "boot validation of the SoftDevice"),
        (ImageKind.APPLICATION, "init packet"),
        (ImageKind.APPLICATION, "boot validation"),
    ]
    assert all(KEY.public_key.verify(each.data, each.signature) for each in found)
    assert all(KEY.public_key in each.candidates for each in found)


def test_one_signature_leaves_two_keys() -> None:
    (signer,) = find_signers(signatures(package()))
    assert not signer.is_certain
    assert len(signer.keys) == 2
    assert KEY.public_key in signer.keys
    assert signer.members == (0,)


def test_a_package_with_several_signatures_names_its_key() -> None:
    (signer,) = find_signers(signatures(whole()))
    assert (signer.keys, signer.members) == ((KEY.public_key,), (0, 1, 2, 3))


def test_two_packages_of_one_key_name_it() -> None:
    (signer,) = find_signers(signatures(package(), package(version=6)))
    assert (signer.keys, signer.members) == ((KEY.public_key,), (0, 1))


def test_the_same_package_twice_tells_no_more_than_once() -> None:
    (signer,) = find_signers(signatures(package(), package()))
    assert not signer.is_certain
    assert signer.members == (0, 1)


def test_packages_of_several_keys_are_told_apart() -> None:
    found = find_signers(
        signatures(package(), package(OTHER), package(version=6), package(key_of(23)))
    )
    assert [signer.members for signer in found] == [(0, 2), (1,), (3,)]
    assert found[0].keys == (KEY.public_key,)
    assert [signer.is_certain for signer in found] == [True, False, False]


def test_a_key_that_is_known_from_elsewhere_is_recognised() -> None:
    (signer,) = find_signers(
        signatures(package()), named=[OTHER.public_key, KEY.public_key, key_of(23).public_key]
    )
    assert signer.keys == (KEY.public_key,)


def test_a_signature_that_no_key_can_have_made_has_no_signer() -> None:
    (made,) = package().images
    broken = replace(made, init_packet=replace(made.init_packet, signature=bytes(64)))
    other_type = replace(
        made, init_packet=replace(made.init_packet, signature_type=SignatureType.ED25519)
    )
    for each in (broken, other_type):
        (found,) = signatures(Package(images=(each,)))
        assert found.candidates == ()
        assert find_signers([found]) == ()


def test_nothing_signed_has_no_signer() -> None:
    assert package_signatures(package(None)) == ()
    assert find_signers([]) == ()


def test_entries_of_boot_validation_that_nobody_reads_are_left_out() -> None:
    (made,) = package().images
    entry = BootValidation(type=ECDSA, data=bytes(64))
    command = replace(made.init_packet.command, boot_validations=(entry, entry, entry))
    odd = replace(made, init_packet=replace(made.init_packet, command=command))
    assert [each.of for each in signatures(Package(images=(odd,)))] == [
        "init packet",
        "boot validation",
    ]


def test_each_part_of_a_system_has_its_own_signature_at_boot() -> None:
    made = whole().images[0]
    parts = (made.firmware[: made.sd_size], made.firmware[made.sd_size :])
    entries = tuple(BootValidation(type=ECDSA, data=KEY.sign(part)) for part in parts)
    command = replace(made.init_packet.command, boot_validations=entries)
    signed = replace(made, init_packet=replace(made.init_packet, command=command))
    found = signatures(Package(images=(signed,)))
    assert [each.of for each in found[1:]] == [
        "boot validation of the SoftDevice",
        "boot validation of the bootloader",
    ]
    assert tuple(each.data for each in found[1:]) == parts
    assert all(KEY.public_key in each.candidates for each in found[1:])


def test_where_two_keys_would_do_the_one_that_made_most_is_told() -> None:
    """Who knows one key of a signature can compute the other and sign with it, too."""
    mine = 21
    for number in range(20):
        data = f"message {number}".encode()
        r = int.from_bytes(KEY.sign(data)[:32], "little")
        e = int.from_bytes(hashlib.sha256(data).digest(), "big")
        twin = key_of((-2 * e * pow(r, -1, ORDER) - mine) % ORDER)
        if twin.public_key.x < KEY.public_key.x:
            break
    shared, *others = (signature_of(KEY, text) for text in (data, b"two", b"three"))
    assert set(shared.candidates) == {KEY.public_key, twin.public_key}
    found = find_signers([shared, *others, signature_of(twin, b"four")])
    assert [(signer.keys, signer.members) for signer in found] == [
        ((KEY.public_key,), (0, 1, 2)),
        ((twin.public_key,), (3,)),
    ]


def signature_of(key: SigningKey, data: bytes) -> PackageSignature:
    signature = key.sign(data)
    return PackageSignature(
        kind=ImageKind.APPLICATION,
        of="init packet",
        data=data,
        signature=signature,
        candidates=recover_keys(data, signature),
    )
