"""``firmline pkg display``: what it says was checked, and the command only where it would work."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmline.errors import Code, ExitCode
from firmline.formats.init_command import BootValidationType, HashType
from firmline.formats.init_packet import decode_init_packet, encode_init_command, encode_init_packet
from firmline.formats.package import Package, read_package, write_package
from firmline.formats.package_build import build_package
from firmline.values import Fwid, FwVersion
from unit.cli.makers import APPLICATION, KEY, package, spec
from unit.cli.program import Program, assert_failed
from unit.formats.makers import image, key_of, softdevice_image, zip_file


def hashed_otherwise() -> bytes:
    """A package whose init packet names a CRC, which nobody compares."""
    (image,) = read_package(package(), name="p").images
    command = replace(image.init_packet.command, hash_type=HashType.CRC, hash=bytes(4))
    packet = decode_init_packet(encode_init_packet(encode_init_command(command), None))
    return write_package(Package(images=(replace(image, init_packet=packet),)))


def test_a_package_is_shown_with_the_command_that_makes_it(firmline: Program, folder: Path) -> None:
    (folder / "dfu.zip").write_bytes(package())
    ran = firmline("pkg", "display", "dfu.zip")
    assert (ran.code, ran.err) == (0, "")
    assert f"  SHA-256     {hashlib.sha256(APPLICATION).hexdigest()}\n" in ran.out
    assert "not checked" not in ran.out
    assert "A package like this is made by:\n  firmline pkg generate " in ran.out
    (fields,) = firmline("pkg", "display", "dfu.zip", "--json").json_lines
    assert fields["generate"].startswith("firmline pkg generate ")


def test_what_is_not_checked_is_said_and_no_command_is_named(
    firmline: Program, folder: Path
) -> None:
    (folder / "dfu.zip").write_bytes(hashed_otherwise())
    ran = firmline("pkg", "display", "dfu.zip")
    assert (ran.code, ran.err) == (0, "")
    assert "  CRC         00000000 (not checked;" in ran.out
    assert "SHA-256     " not in ran.out
    assert "made by" not in ran.out
    (fields,) = firmline("pkg", "display", "dfu.zip", "--json").json_lines
    assert (fields["generate"], fields["images"][0]["hash_type"]) == (None, "CRC")


def put(folder: Path, name: str = "dfu.zip", **changes: Any) -> None:
    made = build_package(replace(spec(), **changes))
    (folder / name).write_bytes(write_package(made))


def system(**changes: Any) -> dict[str, Any]:
    """What makes a package of everything, with every signature there can be."""
    ecdsa = BootValidationType.VALIDATE_ECDSA_P256_SHA256
    return {
        "softdevice": softdevice_image(),
        "bootloader": image(bytes(512), address=0x78000, name="bl.hex"),
        "bootloader_version": FwVersion(3),
        "sd_id": (Fwid(0x101),),
        "app_boot_validation": ecdsa,
        "sd_boot_validation": ecdsa,
        **changes,
    }


def test_the_signer_of_one_signature_is_one_of_two(firmline: Program, folder: Path) -> None:
    put(folder)
    ran = firmline("pkg", "display", "dfu.zip")
    assert "Signed by one of these keys (one signature does not tell which):\n" in ran.out
    assert f"  {KEY.public_key.fingerprint}\n" in ran.out
    result = firmline("pkg", "display", "dfu.zip", "--json").result
    (signer,) = result["signers"]
    assert (signer["certain"], len(signer["candidates"])) == (False, 2)
    assert (result["verified"], result["code"]) == (None, "")


def test_the_signer_of_several_signatures_is_known(firmline: Program, folder: Path) -> None:
    put(folder, **system())
    ran = firmline("pkg", "display", "dfu.zip")
    assert f"Signed by the key {KEY.public_key.fingerprint}.\n" in ran.out
    assert ran.out.splitlines()[1] == (
        "A unit takes the SoftDevice + bootloader first, restarts with it, and then takes the"
        " application."
    )
    (signer,) = firmline("pkg", "display", "dfu.zip", "--json").result["signers"]
    assert [entry["of"] for entry in signer["signed"]] == [
        "init packet",
        "boot validation of the SoftDevice",
        "init packet",
        "boot validation",
    ]


def test_an_unsigned_package_says_so(firmline: Program, folder: Path) -> None:
    put(folder, signing_key=None)
    ran = firmline("pkg", "display", "dfu.zip")
    assert (ran.code, ran.err) == (0, "")
    assert "\nNot signed: application.\n" in ran.out
    assert "Signed by" not in ran.out
    assert firmline("pkg", "display", "dfu.zip", "--json").result["signers"] == []


def test_the_right_key_verifies(firmline: Program, folder: Path) -> None:
    put(folder, **system())
    (folder / "pub.pem").write_bytes(KEY.public_key.format_pem())
    (folder / "private.key").write_bytes(KEY.format_pem())
    for name in ("pub.pem", "private.key"):
        ran = firmline("pkg", "display", "dfu.zip", "--key", name)
        assert (ran.code, ran.err) == (0, "")
        assert f"Every signature verifies with the key in {name}.\n" in ran.out
        result = firmline("pkg", "display", "dfu.zip", "--key", name, "--json").result
        assert (result["verified"], result["code"]) == (True, "")


def test_the_right_key_settles_which_of_two_it_was(firmline: Program, folder: Path) -> None:
    put(folder)
    (folder / "pub.pem").write_bytes(KEY.public_key.format_pem())
    ran = firmline("pkg", "display", "dfu.zip", "--key", "pub.pem")
    assert f"Signed by the key {KEY.public_key.fingerprint}.\n" in ran.out
    (signer,) = firmline("pkg", "display", "dfu.zip", "--key", "pub.pem", "--json").result[
        "signers"
    ]
    assert (signer["certain"], len(signer["candidates"])) == (True, 1)


def test_a_wrong_key_is_exit_code_5_and_the_package_is_shown(
    firmline: Program, folder: Path
) -> None:
    put(folder)
    (folder / "pub.pem").write_bytes(key_of(61).public_key.format_pem())
    ran = firmline("pkg", "display", "dfu.zip", "--key", "pub.pem")
    assert_failed(ran, Code.SIGNER_WRONG, ExitCode.UNVERIFIED)
    assert "version     5" in ran.out
    assert "verifies" not in ran.out
    ran = firmline("pkg", "display", "dfu.zip", "--key", "pub.pem", "--json")
    assert (ran.code, ran.result["verified"], ran.result["code"]) == (5, False, "DFU-TRUST-001")


def test_a_boot_validation_of_another_key_does_not_verify(firmline: Program, folder: Path) -> None:
    put(folder, "theirs.zip", **system(signing_key=key_of(61)))
    theirs = read_package((folder / "theirs.zip").read_bytes(), name="theirs")
    resigned = []
    for each in theirs.images:
        signed = each.init_packet.signed_bytes
        packet = decode_init_packet(encode_init_packet(signed, KEY.sign(signed)))
        resigned.append(replace(each, init_packet=packet))
    (folder / "dfu.zip").write_bytes(write_package(Package(images=tuple(resigned))))
    (folder / "pub.pem").write_bytes(KEY.public_key.format_pem())
    ran = firmline("pkg", "display", "dfu.zip", "--key", "pub.pem")
    assert_failed(ran, Code.SIGNER_WRONG, ExitCode.UNVERIFIED)
    assert "(boot validation of the SoftDevice), application (boot validation)" in ran.err
    assert "init packet" not in ran.err


def test_a_package_without_a_signature_does_not_verify(firmline: Program, folder: Path) -> None:
    put(folder, signing_key=None)
    (folder / "pub.pem").write_bytes(KEY.public_key.format_pem())
    ran = firmline("pkg", "display", "dfu.zip", "--key", "pub.pem")
    assert_failed(ran, Code.SIGNER_MISSING, ExitCode.UNVERIFIED)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, Code.FILE_MISSING),
        (b"", Code.FILE_EMPTY),
        (b"hello", Code.PACKAGE_NOT_A_ZIP),
        (zip_file(("a/../x", b"")), Code.PACKAGE_UNSAFE_NAME),
        (zip_file(("\x1b[31m", b"")), Code.PACKAGE_UNSAFE_NAME),
    ],
)
def test_a_file_that_is_no_package(
    content: bytes | None, code: Code, firmline: Program, folder: Path
) -> None:
    if content is not None:
        (folder / "dfu.zip").write_bytes(content)
    ran = firmline("pkg", "display", "dfu.zip")
    assert_failed(ran, code)
    assert ran.out == ""


def test_a_key_that_is_none_is_refused(firmline: Program, folder: Path) -> None:
    put(folder)
    (folder / "bad.pem").write_bytes(b"no key")
    ran = firmline("pkg", "display", "dfu.zip", "--key", "bad.pem")
    assert_failed(ran, Code.KEY_MALFORMED)
    assert ran.out == ""


@pytest.mark.parametrize("word", ["SHA-256", "not checked", "exit code 5"])
def test_the_help_promises_no_more_than_is_done(word: str, firmline: Program) -> None:
    assert word in firmline("pkg", "display", "--help").out
