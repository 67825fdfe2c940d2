"""``pkg generate --zigbee``: a package in a package, and the file between them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from firmline.errors import Code
from firmline.formats.init_command import FwType
from firmline.formats.init_packet import decode_init_packet
from firmline.formats.package import read_package
from firmline.formats.zigbee_ota import decode_zigbee_ota
from unit.cli.makers import APPLICATION, GENERATE, KEY, inputs
from unit.cli.program import Program, assert_failed, files_in

APP = ("--application", "app.hex", "--key-file", "private.key")
ZIGBEE = ("--zigbee", "True", "--zigbee-ota-hw-version", "53")
NAMED = ("--zigbee-manufacturer-id", "0x7B", "--zigbee-image-type", "321")
NAME = "007B-0141-00000005-good_image"


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    inputs(folder)


def test_the_package_for_the_server_holds_the_file_for_the_devices(
    firmline: Program, folder: Path
) -> None:
    (folder / "out").mkdir()
    words = (*ZIGBEE, *NAMED, "--zigbee-comment", "good_image", "--zigbee-ota-fw-version", "9")
    ran = firmline(*GENERATE, *APP, *words, "out/dfu.zip")
    assert (ran.code, ran.err) == (0, "")
    assert files_in(folder / "out") == {"dfu.zip", f"{NAME}.zigbee"}
    content = (folder / "out" / f"{NAME}.zigbee").read_bytes()
    ota = decode_zigbee_ota(content, name="f")
    assert (ota.firmware, ota.hw_versions, ota.comment) == (APPLICATION, None, "good_image")
    inner = decode_init_packet(ota.init_packet)
    assert (inner.command.kind, inner.command.hw_version) == (FwType.APPLICATION, 52)
    (outer,) = read_package((folder / "out" / "dfu.zip").read_bytes(), name="p").images
    assert outer.firmware == content.ljust(-(-len(content) // 4) * 4, b"\xff")
    assert outer.bin_name == f"{NAME}.bin"
    command = outer.init_packet.command
    assert (command.kind, command.hw_version) == (FwType.EXTERNAL_APPLICATION, 53)
    assert (command.fw_version, command.sd_req) == (9, (0xFFFE,))
    for packet in (inner, outer.init_packet):
        assert packet.signature is not None
        assert KEY.public_key.verify(packet.signed_bytes, packet.signature)


@pytest.mark.parametrize("word", ["True", "yes", "1", "on", "t"])
def test_every_way_to_say_yes(word: str, firmline: Program, folder: Path) -> None:
    words = ("--zigbee", word, "--zigbee-ota-hw-version", "0", *NAMED)
    assert firmline(*GENERATE, *APP, *words, "dfu.zip").code == 0
    assert (folder / "007B-0141-00000005-.zigbee").is_file()


def test_no_means_no(firmline: Program, folder: Path) -> None:
    assert firmline(*GENERATE, *APP, "--zigbee", "no", "dfu.zip").code == 0
    assert not list(folder.glob("*.zigbee"))


def test_a_softdevice_has_the_highest_version(firmline: Program, folder: Path) -> None:
    words = ("--hw-version", "52", "--sd-req", "0x103", "--softdevice", "sd.hex")
    assert firmline("pkg", "generate", *words, *ZIGBEE, *NAMED, "dfu.zip").code == 0
    assert (folder / "007B-0141-FFFFFFFF-.zigbee").is_file()


def test_wild_cards_are_told(firmline: Program, folder: Path) -> None:
    ran = firmline(*GENERATE, *APP, *ZIGBEE, "dfu.zip")
    assert ran.code == 0
    assert "no manufacturer (0xFFFF)" in ran.err
    assert "no image type (0xFFFF)" in ran.err
    assert (folder / "FFFF-FFFF-00000005-.zigbee").is_file()


def test_a_range_that_leaves_the_devices_out_is_told(firmline: Program, folder: Path) -> None:
    ends = ("--zigbee-ota-min-hw-version", "53", "--zigbee-ota-max-hw-version", "60")
    ran = firmline(*GENERATE, *APP, *ZIGBEE, *NAMED, *ends, "dfu.zip")
    assert ran.code == 0
    assert "--hw-version 52 is not in the range 53 to 60" in ran.err
    content = (folder / "007B-0141-00000005-.zigbee").read_bytes()
    assert decode_zigbee_ota(content, name="f").hw_versions == (53, 60)


@pytest.mark.parametrize(
    ("words", "code", "fragment"),
    [
        (("--zigbee", "True"), Code.OPTION_MISSING, "--zigbee-ota-hw-version is missing"),
        (("--zigbee-comment", "x"), Code.OPTION_CONFLICT, "--zigbee-comment means nothing"),
        (("--zigbee-image-type", "0"), Code.OPTION_CONFLICT, "--zigbee-image-type means nothing"),
        (("--zigbee", "maybe"), Code.USAGE, "maybe"),
        ((*ZIGBEE, "--zigbee-manufacturer-id", "65536"), Code.NUMBER_OUT_OF_RANGE, "65535"),
        ((*ZIGBEE, "--zigbee-image-type", "0x10000"), Code.NUMBER_OUT_OF_RANGE, "65535"),
        ((*ZIGBEE, "--zigbee-comment", "x" * 31), Code.ZIGBEE_COMMENT, "31 characters"),
        ((*ZIGBEE, "--zigbee-comment", "../../x"), Code.ZIGBEE_COMMENT, "file name"),
        ((*ZIGBEE, "--zigbee-comment", "\u00fc"), Code.ZIGBEE_COMMENT, "ASCII"),
        ((*ZIGBEE, "--zigbee-ota-min-hw-version", "1"), Code.OPTION_MISSING, "max-hw-version"),
        ((*ZIGBEE, "--zigbee-ota-max-hw-version", "1"), Code.OPTION_MISSING, "min-hw-version"),
        (
            (*ZIGBEE, "--zigbee-ota-min-hw-version", "2", "--zigbee-ota-max-hw-version", "1"),
            Code.OPTION_CONFLICT,
            "is above",
        ),
        (
            (*ZIGBEE, "--softdevice", "sd.hex", "--sd-id", "0x101"),
            Code.PACKAGE_COMBINATION,
            "exactly one image",
        ),
        ((*ZIGBEE, "--external-app"), Code.PACKAGE_COMBINATION, "exactly one image"),
    ],
)
def test_what_cannot_be_used(
    words: tuple[str, ...], code: Code, fragment: str, firmline: Program, folder: Path
) -> None:
    before = files_in(folder)
    ran = firmline(*GENERATE, *APP, *words, "dfu.zip")
    assert_failed(ran, code)
    assert fragment in ran.err
    assert files_in(folder) == before


def test_two_steps_do_not_go_with_two_packages(firmline: Program, folder: Path) -> None:
    before = files_in(folder)
    words = ("--application", "app.hex", *ZIGBEE, "--unsigned-request", "r", "dfu.zip")
    assert_failed(firmline(*GENERATE, *words), Code.OPTION_CONFLICT)
    assert files_in(folder) == before


def test_a_debug_package_still_needs_a_version_in_the_file(firmline: Program) -> None:
    words = ("--debug-mode", *APP, *ZIGBEE, "dfu.zip")
    assert_failed(firmline("pkg", "generate", *words), Code.OPTION_MISSING)


def test_no_file_without_its_package(firmline: Program, folder: Path) -> None:
    (folder / "out" / "dfu.zip").mkdir(parents=True)
    before = files_in(folder)
    ran = firmline(*GENERATE, *APP, *ZIGBEE, *NAMED, "out/dfu.zip")
    assert_failed(ran, Code.FILE_NOT_WRITABLE)
    assert files_in(folder) == before


def test_an_older_file_is_kept_without_the_new_package(firmline: Program, folder: Path) -> None:
    (folder / "out" / "dfu.zip").mkdir(parents=True)
    older = folder / "out" / "007B-0141-00000005-.zigbee"
    older.write_text("of the last release")
    before = files_in(folder)
    ran = firmline(*GENERATE, *APP, *ZIGBEE, *NAMED, "out/dfu.zip")
    assert_failed(ran, Code.FILE_NOT_WRITABLE)
    assert (files_in(folder), older.read_text()) == (before, "of the last release")


def test_the_package_does_not_take_the_place_of_the_file(firmline: Program, folder: Path) -> None:
    before = files_in(folder)
    words = (*GENERATE, *APP, *ZIGBEE, *NAMED, "007B-0141-00000005-.zigbee")
    assert_failed(firmline(*words), Code.OPTION_CONFLICT)
    assert files_in(folder) == before


def test_an_input_is_not_replaced(firmline: Program, folder: Path) -> None:
    name = "007B-0141-00000005-.zigbee"
    (folder / "app.hex").rename(folder / name)
    content = (folder / name).read_bytes()
    words = ("--application", name, "--key-file", "private.key", *ZIGBEE, *NAMED, "dfu.zip")
    assert_failed(firmline(*GENERATE, *words), Code.OPTION_CONFLICT)
    assert (folder / name).read_bytes() == content
    assert not (folder / "dfu.zip").exists()


# Lint, display, signer and diff see the package inside the package.

MAKE = (*GENERATE, *APP, *ZIGBEE, *NAMED)


def test_lint_looks_inside(firmline: Program, folder: Path) -> None:
    words = ("--app-boot-validation", "NO_VALIDATION")
    ran = firmline(*MAKE, *words, "dfu.zip")
    assert (ran.code, "[no-boot-validation]" in ran.err) == (0, True)
    checked = firmline("pkg", "check", "dfu.zip")
    assert "[no-boot-validation]" in checked.out + checked.err
    assert_failed(firmline(*MAKE, *words, "--strict", "new.zip"), Code.LINT_FINDINGS)
    assert "new.zip" not in files_in(folder)


def test_the_last_release_is_compared_by_the_devices_version(firmline: Program) -> None:
    higher = ("--zigbee-ota-fw-version", "9")
    assert firmline(*MAKE, "old.zip").code == 0
    ran = firmline(*MAKE, *higher, "--previous", "old.zip", "new.zip")
    assert "has version 5, the same as that of the last release. [version-not-raised]" in ran.err


def test_display_names_the_key_and_the_command(firmline: Program, folder: Path) -> None:
    words = ("--zigbee-comment", "two words", "--zigbee-ota-fw-version", "9")
    assert firmline(*MAKE, *words, "dfu.zip").code == 0
    result = firmline("pkg", "display", "dfu.zip", "--key", "private.key", "--json").result
    (signer,) = result["signers"]
    assert (signer["certain"], result["verified"]) == (True, True)
    assert [each["of"] for each in signer["signed"]] == [
        "init packet",
        "init packet in the Zigbee file",
    ]
    assert result["zigbee"]["manufacturer"] == 0x7B
    assert [each["fw_version"] for each in result["zigbee"]["images"]] == [5]
    (folder / "application.bin").write_bytes(APPLICATION)
    before = (folder / "dfu.zip").read_bytes()
    again = shlex.split(result["generate"])
    assert firmline(*again[1:]).code == 0
    made = (folder / "dfu.zip").read_bytes()
    assert made == before
    text = firmline("pkg", "display", "dfu.zip").out
    assert "inside it, for the devices of a Zigbee network: 007B-0141-00000005-two words" in text
    assert "--zigbee True" in text


def test_an_unsigned_inner_package_is_told(firmline: Program) -> None:
    assert firmline(*GENERATE, *APP[:2], *ZIGBEE, *NAMED, "dfu.zip").code == 0
    out = firmline("pkg", "display", "dfu.zip").out
    assert "Not signed: application, application in the Zigbee file." in out


def test_diff_looks_inside(firmline: Program) -> None:
    assert firmline(*MAKE, "old.zip").code == 0
    assert firmline(*MAKE, "--app-boot-validation", "NO_VALIDATION", "new.zip").code == 0
    out = firmline("pkg", "diff", "old.zip", "new.zip").out
    assert "application in the Zigbee file: differs\n  boot check" in out
    result = firmline("pkg", "diff", "old.zip", "new.zip", "--json").result
    (inner,) = result["inner"]["images"]
    assert [change["field"] for change in inner["changes"]] == ["boot_validation"]
