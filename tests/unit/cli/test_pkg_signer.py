"""``firmline pkg signer``: what it says, what its exit codes answer, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from firmline.errors import Code, ExitCode
from firmline.formats.init_packet import SignatureType, decode_init_packet, encode_init_packet
from firmline.formats.keys import SigningKey
from firmline.formats.known_keys import known_keys
from firmline.formats.package import Package, read_package, write_package
from firmline.formats.package_build import build_package
from firmline.values import FwVersion
from unit.cli.makers import KEY, spec
from unit.cli.program import Program, assert_failed
from unit.formats.makers import hex_file, key_of, zip_file

OTHER = key_of(31)


def put(folder: Path, name: str, *, version: int = 5, key: SigningKey | None = KEY) -> None:
    made = build_package(replace(spec(), application_version=FwVersion(version), signing_key=key))
    (folder / name).write_bytes(write_package(made))


def put_key(folder: Path, name: str = "pub.pem", key: SigningKey = KEY) -> None:
    (folder / name).write_bytes(key.public_key.format_pem())


def bootloader(*keys: SigningKey) -> bytes:
    return hex_file((0x78000, bytes(100) + b"".join(key.public_key.le_bytes for key in keys)))


# Packages alone.


def test_one_package_leaves_two_keys_and_both_are_shown(firmline: Program, folder: Path) -> None:
    put(folder, "a.zip")
    ran = firmline("pkg", "signer", "a.zip")
    assert (ran.code, ran.err) == (0, "")
    assert "a single signature does not tell which" in ran.out
    assert ran.out.count("  fingerprint  ") == 2
    assert f"  fingerprint  {KEY.public_key.fingerprint}\n" in ran.out
    result = firmline("pkg", "signer", "a.zip", "--json").result
    assert (result["one_key"], result["signers"][0]["certain"], result["code"]) == (True, False, "")
    assert KEY.public_key.le_bytes.hex() in [
        each["pk"] for each in result["signers"][0]["candidates"]
    ]


def test_two_packages_name_their_key(firmline: Program, folder: Path) -> None:
    put(folder, "a.zip")
    put(folder, "b.zip", version=6)
    ran = firmline("pkg", "signer", "a.zip", "b.zip")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "One key signed all of it:\n\n"
        f"  fingerprint  {KEY.public_key.fingerprint}\n"
        f"  pk           {KEY.public_key.le_bytes.hex()}\n"
        "  signed       a.zip: application (init packet)\n"
        "               b.zip: application (init packet)\n"
    )
    result = firmline("pkg", "signer", "a.zip", "b.zip", "--json").result
    (signer,) = result["signers"]
    assert (result["one_key"], signer["certain"]) == (True, True)
    assert signer["candidates"] == [
        {
            "fingerprint": KEY.public_key.fingerprint,
            "pk": KEY.public_key.le_bytes.hex(),
            "pem": KEY.public_key.format_pem().decode(),
            "name": None,
            "note": None,
        }
    ]
    assert signer["signed"] == [
        {"package": name, "kind": "application", "of": "init packet"} for name in ("a.zip", "b.zip")
    ]


def test_packages_of_two_keys_are_grouped_and_that_is_an_answer(
    firmline: Program, folder: Path
) -> None:
    put(folder, "a.zip")
    put(folder, "b.zip", key=OTHER)
    put(folder, "c.zip", version=6)
    ran = firmline("pkg", "signer", "a.zip", "b.zip", "c.zip")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("2 keys signed these packages:\n")
    result = firmline("pkg", "signer", "a.zip", "b.zip", "c.zip", "--json").result
    assert result["one_key"] is False
    assert [[signed["package"] for signed in signer["signed"]] for signer in result["signers"]] == [
        ["a.zip", "c.zip"],
        ["b.zip"],
    ]


def test_what_is_not_signed_is_said(firmline: Program, folder: Path) -> None:
    put(folder, "a.zip")
    put(folder, "b.zip", key=None)
    ran = firmline("pkg", "signer", "a.zip", "b.zip")
    assert (ran.code, ran.err) == (0, "")
    assert "Not signed: b.zip: application.\n" in ran.out
    result = firmline("pkg", "signer", "a.zip", "b.zip", "--json").result
    assert result["one_key"] is False
    assert [each["unsigned"] for each in result["packages"]] == [[], ["application"]]
    alone = firmline("pkg", "signer", "b.zip", "--json").result
    assert (alone["one_key"], alone["signers"]) == (None, [])
    assert firmline("pkg", "signer", "b.zip").out.startswith("Nothing here is signed by any key.\n")


def test_a_signature_that_is_nobodys_is_told(firmline: Program, folder: Path) -> None:
    (made,) = build_package(spec()).images
    forged = encode_init_packet(made.init_packet.signed_bytes, bytes(64))
    broken = replace(made, init_packet=decode_init_packet(forged))
    (folder / "a.zip").write_bytes(write_package(Package(images=(broken,))))
    ran = firmline("pkg", "signer", "a.zip")
    assert ran.code == 0
    put(folder, "b.zip")
    assert firmline("pkg", "signer", "a.zip", "b.zip", "--json").result["one_key"] is False
    expected = "No key can have made the signature of application (init packet) in a.zip.\n"
    assert expected in ran.out
    put_key(folder)
    assert_failed(
        firmline("pkg", "signer", "a.zip", "--key", "pub.pem"),
        Code.SIGNER_WRONG,
        ExitCode.UNVERIFIED,
    )


def test_a_signature_of_a_type_that_no_unit_takes_does_not_verify(
    firmline: Program, folder: Path
) -> None:
    (made,) = build_package(spec()).images
    signed = made.init_packet.signed_bytes
    encoded = encode_init_packet(signed, KEY.sign(signed), signature_type=SignatureType.ED25519)
    odd = replace(made, init_packet=decode_init_packet(encoded))
    (folder / "a.zip").write_bytes(write_package(Package(images=(odd,))))
    put_key(folder)
    ran = firmline("pkg", "signer", "a.zip", "--key", "pub.pem")
    assert_failed(ran, Code.SIGNER_WRONG, ExitCode.UNVERIFIED)


# With a key.


def test_a_key_settles_which_of_two_it_was(firmline: Program, folder: Path) -> None:
    put(folder, "a.zip")
    put_key(folder)
    (folder / "private.key").write_bytes(KEY.format_pem())
    for name in ("pub.pem", "private.key"):
        ran = firmline("pkg", "signer", "a.zip", "--key", name)
        assert (ran.code, ran.err) == (0, "")
        assert f"Every signature verifies with the key in {name}.\n" in ran.out
        assert ran.out.count("  fingerprint  ") == 1
        result = firmline("pkg", "signer", "a.zip", "--key", name, "--json").result
        assert (result["key"]["verified"], result["key"]["wrong"], result["code"]) == (True, [], "")


def test_another_key_is_exit_code_5_with_a_whole_answer(firmline: Program, folder: Path) -> None:
    put(folder, "a.zip")
    put_key(folder, key=OTHER)
    ran = firmline("pkg", "signer", "a.zip", "--key", "pub.pem")
    assert_failed(ran, Code.SIGNER_WRONG, ExitCode.UNVERIFIED)
    assert "a.zip was not signed with the key in pub.pem" in ran.err
    assert ran.out.count("  fingerprint  ") == 2
    ran = firmline("pkg", "signer", "a.zip", "--key", "pub.pem", "--json")
    assert (ran.code, ran.result["code"]) == (5, "DFU-TRUST-001")
    assert ran.result["key"]["verified"] is False
    assert ran.result["key"]["wrong"] == [
        {"package": "a.zip", "kind": "application", "of": "init packet"}
    ]
    assert ran.result["next"]


def test_an_unsigned_package_does_not_verify(firmline: Program, folder: Path) -> None:
    put(folder, "a.zip", key=None)
    put_key(folder)
    (folder / "bl.hex").write_bytes(bootloader(KEY))
    for words in (("--key", "pub.pem"), ("--in", "bl.hex")):
        ran = firmline("pkg", "signer", "a.zip", *words)
        assert_failed(ran, Code.SIGNER_MISSING, ExitCode.UNVERIFIED)
    assert f"another key: {KEY.public_key.fingerprint} at 0x00078064.\n" in ran.out


def test_of_many_keys_in_a_dump_some_are_listed(firmline: Program, folder: Path) -> None:
    put(folder, "a.zip")
    (folder / "bl.hex").write_bytes(bootloader(*(key_of(scalar) for scalar in range(200, 210))))
    ran = firmline("pkg", "signer", "a.zip", "--in", "bl.hex")
    assert ran.out.count("another key: ") == 8
    assert "  ... and 2 more (all with --json).\n" in ran.out
    assert "A bootloader that trusts that key" not in ran.out
    (searched,) = firmline("pkg", "signer", "a.zip", "--in", "bl.hex", "--json").result["in"]
    assert len(searched["others"]) == 10


# In a bootloader.


@pytest.mark.parametrize(
    ("name", "content", "address"),
    [
        ("bl.hex", bootloader(KEY), 0x78064),
        ("flash.bin", bytes(0x400) + KEY.public_key.le_bytes + b"\xff" * 64, 0x400),
    ],
)
def test_the_key_is_found_in_a_bootloader(
    name: str, content: bytes, address: int, firmline: Program, folder: Path
) -> None:
    put(folder, "a.zip")
    (folder / name).write_bytes(content)
    ran = firmline("pkg", "signer", "a.zip", "--in", name)
    assert (ran.code, ran.err) == (0, "")
    assert f"{name} holds {KEY.public_key.fingerprint} at 0x{address:08X}.\n" in ran.out
    assert ran.out.count("  fingerprint  ") == 1, "the bootloader settles which of two it was"
    (searched,) = firmline("pkg", "signer", "a.zip", "--in", name, "--json").result["in"]
    assert (searched["trusted"], searched["others"]) == (True, [])
    assert searched["found"][0]["address"] == f"0x{address:08X}"


def test_a_bootloader_with_another_key_is_told_which(firmline: Program, folder: Path) -> None:
    put(folder, "a.zip")
    (folder / "bl.hex").write_bytes(bootloader(OTHER))
    ran = firmline("pkg", "signer", "a.zip", "--in", "bl.hex")
    assert_failed(ran, Code.SIGNER_NOT_FOUND, ExitCode.UNVERIFIED)
    assert f"another key: {OTHER.public_key.fingerprint} at 0x00078064.\n" in ran.out
    assert "A bootloader that trusts that key refuses what is signed here.\n" in ran.out
    ran = firmline("pkg", "signer", "a.zip", "--in", "bl.hex", "--json")
    assert (ran.code, ran.result["code"]) == (5, "DFU-TRUST-003")
    (searched,) = ran.result["in"]
    assert (searched["trusted"], searched["found"]) == (False, [])
    assert [each["pk"] for each in searched["others"]] == [OTHER.public_key.le_bytes.hex()]


def test_the_public_debug_key_in_a_bootloader_has_its_name(firmline: Program, folder: Path) -> None:
    put(folder, "a.zip")
    (known, *_) = known_keys()
    (folder / "bl.hex").write_bytes(hex_file((0x78000, known.key.le_bytes)))
    ran = firmline("pkg", "signer", "a.zip", "--in", "bl.hex")
    assert ran.code == ExitCode.UNVERIFIED
    assert f"another key: {known.key.fingerprint} ({known.name}) at" in ran.out


def test_several_files_are_searched_and_each_has_to_hold_the_key(
    firmline: Program, folder: Path
) -> None:
    put(folder, "a.zip")
    (folder / "one.hex").write_bytes(bootloader(KEY))
    (folder / "two.hex").write_bytes(hex_file((0x78000, bytes(200))))
    ran = firmline("pkg", "signer", "a.zip", "--in", "one.hex", "--in", "two.hex")
    assert_failed(ran, Code.SIGNER_NOT_FOUND, ExitCode.UNVERIFIED)
    assert f"one.hex holds {KEY.public_key.fingerprint}" in ran.out
    assert "two.hex holds none of the keys" in ran.out
    assert "holds no public key at all" in ran.out


def test_of_two_signers_the_one_that_is_not_trusted_is_named(
    firmline: Program, folder: Path
) -> None:
    put(folder, "a.zip")
    put(folder, "b.zip", key=OTHER)
    (folder / "bl.hex").write_bytes(bootloader(KEY))
    ran = firmline("pkg", "signer", "a.zip", "b.zip", "--in", "bl.hex")
    assert_failed(ran, Code.SIGNER_NOT_FOUND, ExitCode.UNVERIFIED)
    assert "signed b.zip." in ran.err
    assert "a.zip" not in ran.err


# What is refused.


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("none.zip", None, Code.FILE_MISSING),
        ("empty.zip", b"", Code.FILE_EMPTY),
        ("text.zip", b"hello", Code.PACKAGE_NOT_A_ZIP),
        ("other.zip", zip_file(("x", b"y")), Code.PACKAGE_NO_MANIFEST),
    ],
)
def test_a_file_that_is_no_package(
    name: str, content: bytes | None, code: Code, firmline: Program, folder: Path
) -> None:
    put(folder, "a.zip")
    if content is not None:
        (folder / name).write_bytes(content)
    ran = firmline("pkg", "signer", "a.zip", name)
    assert_failed(ran, code)
    assert ran.out == ""


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("none.hex", None, Code.FILE_MISSING),
        ("empty.hex", b"", Code.FILE_EMPTY),
        ("bad.hex", b":00000001FE\n", Code.IMAGE_MALFORMED),
        ("large.bin", bytes(4 * 1024 * 1024 + 1), Code.IMAGE_TOO_LARGE),
    ],
)
def test_a_file_that_is_no_dump(
    name: str, content: bytes | None, code: Code, firmline: Program, folder: Path
) -> None:
    put(folder, "a.zip")
    if content is not None:
        (folder / name).write_bytes(content)
    assert_failed(firmline("pkg", "signer", "a.zip", "--in", name), code)


def test_a_file_that_is_no_key(firmline: Program, folder: Path) -> None:
    put(folder, "a.zip")
    (folder / "bad.pem").write_bytes(b"no key")
    assert_failed(firmline("pkg", "signer", "a.zip", "--key", "bad.pem"), Code.KEY_MALFORMED)


def test_a_package_has_to_be_given(firmline: Program) -> None:
    assert_failed(firmline("pkg", "signer"), Code.USAGE)


def test_names_are_shown_without_what_a_terminal_would_obey(
    firmline: Program, folder: Path
) -> None:
    name = "a\x1b[31m.zip"
    put(folder, name)
    ran = firmline("pkg", "signer", name)
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert "a\\x1b[31m.zip: application" in ran.out
    assert "\x1b" not in firmline("pkg", "signer", name, "--json").result["packages"][0]["package"]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["signer", "display", "diff"])
def test_the_help_does_not_load_the_cryptographic_library(command: str) -> None:
    script = (
        "import sys; from firmline.cli.main import run; run(['pkg', sys.argv[1], '--help']);"
        "sys.exit('cryptography' in sys.modules or 'google.protobuf' in sys.modules)"
    )
    words = [sys.executable, "-c", script, command]
    done = subprocess.run(words, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"Usage: firmline pkg {command}".encode() in done.stdout


def test_the_packages_of_the_test_are_what_they_seem(folder: Path) -> None:
    put(folder, "a.zip", key=OTHER)
    (made,) = read_package((folder / "a.zip").read_bytes(), name="a").images
    assert made.init_packet.signature is not None
    assert OTHER.public_key.verify(made.init_packet.signed_bytes, made.init_packet.signature)
