"""``firmline pkg diff`` in words and fields; its exit code says only whether it could compare."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmline.errors import Code
from firmline.formats.package import write_package
from firmline.formats.package_build import build_package
from firmline.values import Fwid, FwVersion
from unit.cli.makers import APPLICATION, spec
from unit.cli.program import Program, assert_failed
from unit.formats.makers import image, key_of, softdevice_image, zip_file


def put(folder: Path, name: str, **changes: Any) -> None:
    (folder / name).write_bytes(write_package(build_package(replace(spec(), **changes))))


def test_the_same_package_is_the_same(firmline: Program, folder: Path) -> None:
    put(folder, "a.zip")
    ran = firmline("pkg", "diff", "a.zip", "a.zip")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "- a.zip\n+ a.zip\n\n"
        "application: the same\n"
        "  firmware     the same bytes\n"
        "  signer       same key\n\n"
        "The files are the same, byte for byte.\n"
    )
    result = firmline("pkg", "diff", "a.zip", "a.zip", "--json").result
    assert (result["same"], result["verdict"]) == (True, "identical")


def test_differences_are_shown_and_are_no_failure(firmline: Program, folder: Path) -> None:
    put(folder, "a.zip")
    put(
        folder,
        "b.zip",
        application=image(b"\xff" + APPLICATION[1:]),
        application_version=FwVersion(6),
        sd_req=(Fwid(0x102), Fwid(0x103)),
        is_debug=True,
        signing_key=key_of(51),
    )
    ran = firmline("pkg", "diff", "a.zip", "b.zip")
    assert (ran.code, ran.err) == (0, "")
    for line in (
        "application: differs",
        "  version      - 5 (0x00000005)",
        "               + 6 (0x00000006)",
        "  SoftDevice   - 0x0103 (S112 7.2.0)",
        "               + 0x0102 (S113 7.2.0), 0x0103 (S112 7.2.0)",
        "  debug        - no",
        "               + yes",
        "  firmware     1 byte differs, at 0x0; pages of 4096 bytes that change: 1 of 1",
        "  signer       different keys",
        "The packages differ.",
    ):
        assert f"{line}\n" in ran.out
    result = firmline("pkg", "diff", "a.zip", "b.zip", "--json").result
    assert (result["same"], result["verdict"]) == (False, "different")
    (found,) = result["images"]
    assert [change["field"] for change in found["changes"]] == [
        "fw_version",
        "sd_req",
        "hash",
        "is_debug",
    ]
    assert found["changes"][1] == {
        "field": "sd_req",
        "old": ["0x0103"],
        "new": ["0x0102", "0x0103"],
    }
    assert found["firmware"] == {"bytes": 1, "first": 0, "pages": 1, "of_pages": 1}


def test_images_that_only_one_has_are_told(firmline: Program, folder: Path) -> None:
    put(folder, "a.zip")
    put(folder, "b.zip", softdevice=softdevice_image(), sd_id=(Fwid(0x101),), sd_req=(Fwid(0x103),))
    ran = firmline("pkg", "diff", "a.zip", "b.zip")
    assert "SoftDevice: only in + b.zip\n" in ran.out
    assert "SoftDevice: only in - b.zip\n" in firmline("pkg", "diff", "b.zip", "a.zip").out
    result = firmline("pkg", "diff", "a.zip", "b.zip", "--json").result
    assert (result["added"], result["removed"]) == (["softdevice"], [])


def test_names_are_shown_without_what_a_terminal_would_obey(
    firmline: Program, folder: Path
) -> None:
    put(folder, "a.zip")
    put(folder, "b\x1b]0;x.zip", application=image(APPLICATION, name="x\u202egnp.hex"))
    ran = firmline("pkg", "diff", "a.zip", "b\x1b]0;x.zip")
    assert ran.code == 0
    assert not {"\x1b", "\u202e"} & set(ran.out)
    assert "  image file   - app.bin\n" in ran.out


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
    for words in (("a.zip", name), (name, "a.zip")):
        ran = firmline("pkg", "diff", *words)
        assert_failed(ran, code)
        assert ran.out == ""


def test_two_packages_have_to_be_given(firmline: Program) -> None:
    assert_failed(firmline("pkg", "diff", "a.zip"), Code.USAGE)
