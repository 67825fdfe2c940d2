"""``firmline sim units``: the gallery, and files to start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.cli.unit_choice import load_unit
from firmline.device.description import gallery_names, gallery_text, gallery_unit
from firmline.errors import Code
from unit.cli.program import Program, assert_failed


def test_every_unit_is_listed_with_what_it_is(firmline: Program) -> None:
    ran = firmline("sim", "units")
    assert (ran.code, ran.err) == (0, "")
    *rows, last = ran.out.splitlines()
    assert rows[::2] == [first_line(name) for name in gallery_names()]
    assert rows[1::2] == [f"  {gallery_unit(name).title}" for name in gallery_names()]
    assert last == "Unverified: no recording of the real bootloader on this chip confirms it."
    assert max(map(len, rows)) <= 100


def first_line(name: str) -> str:
    unit = gallery_unit(name)
    mark = "" if unit.chip.verified and unit.profile.verified else ", unverified"
    return f"{name}  ({unit.chip.name}, {unit.profile.name}{mark})"


def test_what_no_recording_confirms_is_marked(firmline: Program) -> None:
    out = firmline("sim", "units").out
    assert "nrf52840-ble  (nrf52840, sdk15.3-ble, unverified)" in out
    assert "uart-reference  (nrf52832-512k, sdk15.3-uart)" in out


def test_the_json_of_the_list_is_the_contract(firmline: Program) -> None:
    result = firmline("sim", "units", "--json").result
    units = {unit["name"]: unit for unit in result["units"]}
    assert list(units) == gallery_names()
    assert units["nrf52840-usb"] == {
        "name": "nrf52840-usb",
        "title": gallery_unit("nrf52840-usb").title,
        "chip": "nrf52840",
        "profile": "sdk17.1-usb",
        "verified": False,
    }


@pytest.mark.parametrize("name", gallery_names())
def test_the_file_of_a_unit_can_be_kept_and_changed(
    name: str, folder: Path, firmline: Program
) -> None:
    ran = firmline("sim", "units", name)
    assert (ran.code, ran.out) == (0, gallery_text(name))
    (folder / "mine.toml").write_text(f"seed = 5\n{ran.out}", encoding="utf-8")
    assert load_unit("mine.toml").faults.seed == 5


def test_the_json_of_one_unit_holds_its_file(firmline: Program) -> None:
    result = firmline("sim", "units", "worn-page", "--json").result
    assert result["file"] == gallery_text("worn-page")
    assert (result["name"], result["verified"]) == ("worn-page", True)


@pytest.mark.parametrize("name", ["nobody", "worn-page.tml", "../chips"])
def test_a_unit_that_is_not_there_is_told(name: str, firmline: Program) -> None:
    ran = firmline("sim", "units", name)
    assert_failed(ran, Code.TARGET_UNKNOWN_UNIT)
    assert "Choose one of: application-crash, " in ran.err


# A file of the user's own.

BLE = 'chip = "nrf52832-512k"\nprofile = "sdk16.0-ble"\n'


def test_a_file_is_checked(folder: Path, firmline: Program) -> None:
    (folder / "mine.toml").write_text(BLE, encoding="utf-8")
    ran = firmline("sim", "units", "mine.toml")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "mine  (nrf52832-512k, sdk16.0-ble, unverified)\n"
    result = firmline("sim", "units", "mine.toml", "--json").result
    assert (result["name"], result["profile"]) == ("mine", "sdk16.0-ble")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"{BLE}[aplication]".encode(), "mine.toml, line 3: there is no key 'aplication'"),
        (f"{BLE}title = '\x1b[2J'".encode(), "mine.toml, line 3: this is not TOML"),
        (b"\xff\xfe", "mine.toml, line 1: the byte 0xFF is not UTF-8 text."),
        (b"\x00" * 500, "mine.toml, line 1: this is not TOML"),
    ],
)
def test_a_file_that_is_wrong_is_a_sentence_and_exit_code_2(
    content: bytes, words: str, folder: Path, firmline: Program
) -> None:
    (folder / "mine.toml").write_bytes(content)
    ran = firmline("sim", "units", "mine.toml")
    assert_failed(ran, Code.UNIT_FILE_MALFORMED)
    assert words in ran.err
    assert ran.out == ""
