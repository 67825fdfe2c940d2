"""``firmline pkg display``: what it says was checked, and the command only where it would work."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from firmline.formats.init_command import HashType
from firmline.formats.init_packet import decode_init_packet, encode_init_command, encode_init_packet
from firmline.formats.package import Package, read_package, write_package
from unit.cli.makers import APPLICATION, package
from unit.cli.program import Program


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


@pytest.mark.parametrize("word", ["SHA-256", "not checked"])
def test_the_help_promises_no_more_than_is_done(word: str, firmline: Program) -> None:
    assert word in firmline("pkg", "display", "--help").out
