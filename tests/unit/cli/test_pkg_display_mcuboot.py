"""``firmline pkg display`` of images and packages for MCUboot."""

from __future__ import annotations

from pathlib import Path

from firmline.errors import Code, ExitCode
from unit.cli.program import Program
from unit.formats.mcuboot_maker import listed, package, private_pem, sign, two_images


def test_an_image_is_shown_with_what_matters(firmline: Program, folder: Path) -> None:
    (folder / "zephyr.signed.bin").write_bytes(sign("-s", "7", "-d", "(1, 2.0.1)"))
    ran = firmline("pkg", "display", "zephyr.signed.bin")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("zephyr.signed.bin: an MCUboot package, 1 image, ")
    assert "  version     1.2.3+4\n" in ran.out
    assert "  depends on  image 1, version 2.0.1+0 or above\n" in ran.out
    assert "  counter     7 (security counter)\n" in ran.out
    (fields,) = firmline("pkg", "display", "zephyr.signed.bin", "--json").json_lines
    assert fields["family"] == "mcuboot"
    assert fields["verified"] is None
    (file,) = fields["files"]
    assert file["image"]["integrity"] == "holds"
    assert [tlv["type"] for tlv in file["image"]["protected"]] == ["SEC_CNT", "DEPENDENCY"]


def test_a_package_is_verified_with_a_key(firmline: Program, folder: Path) -> None:
    (folder / "dfu_application.zip").write_bytes(two_images())
    (folder / "ours.pem").write_bytes(private_pem("ecdsa-p256"))
    (folder / "other.pem").write_bytes(private_pem("ecdsa-p256", "other"))
    ran = firmline("pkg", "display", "dfu_application.zip", "--key", "ours.pem")
    assert (ran.code, ran.err) == (0, "")
    assert "Every signature verifies with the key in ours.pem." in ran.out
    assert "  board       nrf5340dk/nrf5340/cpunet\n" in ran.out
    ran = firmline("pkg", "display", "dfu_application.zip", "--key", "other.pem")
    assert ran.code == ExitCode.UNVERIFIED
    assert Code.SIGNER_WRONG in ran.err
    assert "says that another key signed it" in ran.err
    (fields,) = firmline(
        "pkg", "display", "dfu_application.zip", "--key", "other.pem", "--json"
    ).json_lines
    assert (fields["verified"], fields["code"]) == (False, Code.SIGNER_WRONG)


def test_an_unsigned_image_does_not_verify(firmline: Program, folder: Path) -> None:
    (folder / "a.bin").write_bytes(sign(key=None))
    (folder / "ours.pem").write_bytes(private_pem("ecdsa-p256"))
    ran = firmline("pkg", "display", "a.bin", "--key", "ours.pem")
    assert (ran.code, Code.SIGNER_MISSING in ran.err) == (ExitCode.UNVERIFIED, True)


def test_texts_of_a_manifest_are_cleaned(firmline: Program, folder: Path) -> None:
    data = sign()
    (folder / "p.zip").write_bytes(package((listed("a.bin", data, board="\x1b[2J"), data)))
    ran = firmline("pkg", "display", "p.zip")
    assert (ran.code, "\x1b" in ran.out) == (0, False)
    assert "\\x1b[2J" in ran.out


def test_commands_for_the_other_family_name_the_package(firmline: Program, folder: Path) -> None:
    (folder / "dfu_application.zip").write_bytes(two_images())
    for command in (
        ("update", "dfu_application.zip", "--to", "sim:ble-reference"),
        ("dfu", "serial", "-pkg", "dfu_application.zip", "-p", "/dev/null"),
        ("pkg", "check", "dfu_application.zip"),
        ("pkg", "signer", "dfu_application.zip"),
    ):
        ran = firmline(*command)
        assert ran.code == ExitCode.INPUT, command
        assert "dfu_application.zip: this is an MCUboot package: " in ran.err
        assert Code.PACKAGE_FOR_MCUBOOT in ran.err
