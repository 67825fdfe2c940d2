"""Who signed the packages that nrfutil 6.1.7 made, and those that it made wrong."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from firmline.errors import Code, ExitCode
from firmline.formats.keys import PublicKey, SigningKey
from firmline.formats.records import format_intel_hex
from firmline.formats.spans import Span
from unit.cli.program import Program, assert_failed

FLASH_SIZE = 0x80000
BOOTLOADER_START = 0x78000


@pytest.fixture
def key(peer: Path) -> PublicKey:
    return PublicKey.parse_pem((peer / "keys" / "public_key.pem").read_bytes(), name="key")


def signed_packages(peer: Path) -> list[str]:
    return sorted(str(path) for path in (peer / "pkg").glob("*.zip") if "unsigned" not in path.name)


def test_one_key_signed_every_package_of_the_evidence(
    peer: Path, key: PublicKey, firmline: Program
) -> None:
    packages = signed_packages(peer)
    assert len(packages) == 23
    ran = firmline("pkg", "signer", *packages, "--key", str(peer / "keys" / "private.key"))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("One key signed all of it:\n")
    result = firmline("pkg", "signer", *packages, "--json").result
    (signer,) = result["signers"]
    assert (result["one_key"], signer["certain"]) == (True, True)
    assert [each["pk"] for each in signer["candidates"]] == [key.le_bytes.hex()]
    # 26 images, one more inside the Zigbee package, and four boot validations by ECDSA.
    assert len(signer["signed"]) == 31


def test_every_package_leaves_the_key_among_its_candidates(
    peer: Path, key: PublicKey, firmline: Program
) -> None:
    for package in signed_packages(peer):
        (signer,) = firmline("pkg", "signer", package, "--json").result["signers"]
        assert key.le_bytes.hex() in [each["pk"] for each in signer["candidates"]]
        assert signer["certain"] == (len(signer["signed"]) > 1)


def test_a_dump_of_a_unit_tells_whether_it_trusts_the_key(
    peer: Path, key: PublicKey, firmline: Program, folder: Path
) -> None:
    """The whole flash, as a debug probe reads it, and the bootloader's own hex file."""
    package = str(peer / "pkg" / "app_default.zip")
    other = SigningKey.generate().public_key
    code = (peer / "in" / "bl.bin").read_bytes()
    for held, expected in ((key, ExitCode.DONE), (other, ExitCode.UNVERIFIED)):
        bootloader = code[:20_000] + held.le_bytes + code[20_064:]
        flash = bytearray(b"\xff" * FLASH_SIZE)
        flash[0x26000 : 0x26000 + 150_000] = (peer / "in" / "file.bin").read_bytes()
        flash[BOOTLOADER_START : BOOTLOADER_START + len(bootloader)] = bootloader
        (folder / "flash.bin").write_bytes(flash)
        text = format_intel_hex([Span(address=BOOTLOADER_START, data=bootloader)])
        (folder / "bl.hex").write_text(text)
        for name in ("flash.bin", "bl.hex"):
            ran = firmline("pkg", "signer", package, "--in", name, "--json")
            assert ran.code == expected
            (searched,) = ran.result["in"]
            found = [*searched["found"], *searched["others"]]
            assert [(each["pk"], each["address"]) for each in found] == [
                (held.le_bytes.hex(), f"0x{BOOTLOADER_START + 20_000:08X}")
            ]


@pytest.mark.parametrize("name", ["samename", "upper"])
def test_a_package_that_nrfutil_made_corrupt_is_told_as_such(
    name: str, peer: Path, firmline: Program
) -> None:
    corrupt, good = str(peer / "edge" / f"{name}.zip"), str(peer / "pkg" / "app_default.zip")
    for words in (("display", corrupt), ("signer", good, corrupt), ("diff", good, corrupt)):
        ran = firmline("pkg", *words)
        assert_failed(ran, Code.PACKAGE_DUPLICATE_NAME)
        assert "is corrupt" in ran.err
        assert ran.out == ""


def test_nrfutil_twice_is_the_same_but_for_the_signature(peer: Path, firmline: Program) -> None:
    """Two packages that nrfutil made of the same inputs, with one command line in two words."""
    packages = [str(peer / "pkg" / f"{name}.zip") for name in ("app_default", "app_user_shape")]
    result = firmline("pkg", "diff", *packages, "--json").result
    assert (result["same"], result["verdict"]) == (True, "signatures")
    assert "identical except for the signatures" in firmline("pkg", "diff", *packages).out


def test_the_fingerprint_is_what_openssl_shows(peer: Path, firmline: Program) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    der = subprocess.run(
        [openssl, "pkey", "-in", peer / "keys" / "private.key", "-pubout", "-outform", "DER"],
        capture_output=True,
        check=True,
    ).stdout
    digest = subprocess.run(
        [openssl, "dgst", "-sha256"], input=der, capture_output=True, check=True
    ).stdout
    packages = [str(peer / "pkg" / f"{name}.zip") for name in ("app_default", "bl_only")]
    ran = firmline("pkg", "signer", *packages)
    assert f"  fingerprint  {digest.decode().split()[-1]}\n" in ran.out
