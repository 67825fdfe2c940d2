"""``pkg generate --strict --previous``: findings are told, or nothing is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.errors import Code
from firmline.formats.package import read_package
from unit.cli.makers import APPLICATION, GENERATE, START, inputs
from unit.cli.program import Program, assert_failed, files_in
from unit.formats.makers import hex_file
from unit.formats.programs import program

MAKE = (*GENERATE, "--application", "app.hex", "--key-file", "private.key")


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    inputs(folder)


def test_a_finding_is_a_warning_with_its_slug_and_the_package_is_made(
    firmline: Program, folder: Path
) -> None:
    (folder / "app.hex").write_bytes(hex_file((START, bytes(2048))))
    ran = firmline(*MAKE, "dfu.zip")
    assert ran.code == 0
    assert ran.err == (
        "warning: app.hex does not begin with a vector table: its stack would start at 0x00000000,"
        " which is not in RAM. [vector-table]\n"
    )
    assert len(read_package((folder / "dfu.zip").read_bytes(), name="dfu.zip").images) == 1


def test_with_strict_nothing_is_left_behind(firmline: Program, folder: Path) -> None:
    (folder / "app.hex").write_bytes(hex_file((START, bytes(2046))))
    before = files_in(folder)
    ran = firmline(*MAKE, "--strict", "dfu.zip")
    assert_failed(ran, Code.LINT_FINDINGS)
    assert ran.err.count("warning: ") == 2
    assert "because of 2 findings: vector-table, odd-length." in ran.err
    assert files_in(folder) == before


def test_with_strict_an_older_package_stays(firmline: Program, folder: Path) -> None:
    (folder / "dfu.zip").write_bytes(b"the last one")
    ran = firmline(*MAKE[:-2], "--strict", "dfu.zip")  # not signed
    assert_failed(ran, Code.LINT_FINDINGS)
    assert "one finding: not-signed" in ran.err
    assert (folder / "dfu.zip").read_bytes() == b"the last one"


def test_with_strict_what_is_right_is_made(firmline: Program, folder: Path) -> None:
    ran = firmline(*MAKE, "--strict", "dfu.zip")
    assert (ran.code, ran.err) == (0, "")
    assert (folder / "dfu.zip").exists()


def test_a_note_is_no_finding(firmline: Program, folder: Path) -> None:
    (folder / "app.hex").write_bytes(hex_file((START, APPLICATION), (0x2000_0000, bytes(4))))
    ran = firmline(*MAKE, "--strict", "dfu.zip")
    assert ran.code == 0
    assert ran.err.startswith("note: 4 bytes at 0x10000000 and above")


@pytest.mark.parametrize(
    ("more", "slug"),
    [
        (("--app-boot-validation", "NO_VALIDATION"), "no-boot-validation"),
        (("--debug-mode",), "debug-flag"),
    ],
)
def test_what_the_options_ask_for_is_told_too(
    more: tuple[str, ...], slug: str, firmline: Program
) -> None:
    ran = firmline(*MAKE, *more, "dfu.zip")
    assert (ran.code, ran.err.count("\n")) == (0, 1)
    assert ran.err.endswith(f"[{slug}]\n")


def test_an_application_linked_for_another_softdevice(firmline: Program, folder: Path) -> None:
    (folder / "app.hex").write_bytes(hex_file((0x27000, program(base=0x27000))))
    ran = firmline(*MAKE, "dfu.zip")
    assert ran.code == 0
    assert "begins at 0x27000, but a bootloader looks for it at 0x19000" in ran.err
    named = [word if word != "0x103" else "s140-7.2.0" for word in MAKE]
    assert firmline(*named, "dfu.zip").err == ""


def test_the_last_release_is_compared_with(firmline: Program, folder: Path) -> None:
    assert firmline(*MAKE, "old.zip").code == 0
    ran = firmline(*MAKE, "--previous", "old.zip", "new.zip")
    assert ran.code == 0
    assert ran.err.endswith("the same as that of the last release. [version-not-raised]\n")
    raised = [word if word != "5" else "6" for word in MAKE]
    assert firmline(*raised, "--previous", "old.zip", "--strict", "new.zip").err == ""
    assert (folder / "new.zip").exists()


def test_the_last_release_is_not_written_over(firmline: Program, folder: Path) -> None:
    assert firmline(*MAKE, "old.zip").code == 0
    content = (folder / "old.zip").read_bytes()
    ran = firmline(*MAKE, "--previous", "old.zip", "old.zip")
    assert ran.code == 2
    assert (folder / "old.zip").read_bytes() == content


@pytest.mark.parametrize(
    ("name", "code"),
    [("none.zip", Code.FILE_MISSING), ("app.hex", Code.PACKAGE_NOT_A_ZIP)],
)
def test_a_last_release_that_is_none(
    name: str, code: Code, firmline: Program, folder: Path
) -> None:
    before = files_in(folder)
    assert_failed(firmline(*MAKE, "--previous", name, "new.zip"), code)
    assert files_in(folder) == before


def test_no_finding_for_an_application_of_another_chip(firmline: Program, folder: Path) -> None:
    (folder / "app.hex").write_bytes(hex_file((START, bytes(2048))))
    assert firmline(*MAKE, "--external-app", "--strict", "dfu.zip").err == ""
