"""A unit by its name, or by the path of its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.cli.unit_choice import load_unit
from firmline.device.description import gallery_names, gallery_text, gallery_unit
from firmline.errors import Code, ExitCode, InputError

BLE = b'chip = "nrf52832-512k"\nprofile = "sdk15.3-ble"\n'


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        load_unit(text)
    assert caught.value.exit_code == ExitCode.INPUT
    return caught.value


def test_a_name_is_a_unit_of_the_gallery() -> None:
    assert load_unit("uart-reference") == gallery_unit("uart-reference")


def test_a_path_is_a_unit_file(folder: Path) -> None:
    (folder / "mine.toml").write_bytes(BLE)
    unit = load_unit("mine.toml")
    assert (unit.name, unit.profile.name) == ("mine", "sdk15.3-ble")
    assert load_unit(str(folder / "mine.toml")) == unit


def test_a_copy_of_a_unit_of_the_gallery_is_that_unit(folder: Path) -> None:
    for name in gallery_names():
        (folder / f"{name}.toml").write_text(gallery_text(name), encoding="utf-8")
        assert load_unit(f"{name}.toml") == gallery_unit(name)


def test_the_end_of_the_name_may_be_in_capitals(folder: Path) -> None:
    (folder / "MINE.TOML").write_bytes(BLE)
    assert load_unit("MINE.TOML").name == "MINE"


def test_a_file_that_is_not_there_is_a_missing_file() -> None:
    error = refused("folder/none.toml")
    assert error.code is Code.FILE_MISSING
    assert "The unit file folder/none.toml does not exist." in error.message


def test_a_file_called_after_a_unit_of_the_gallery_is_a_file() -> None:
    assert refused("ble-reference.toml").code is Code.FILE_MISSING


@pytest.mark.parametrize("text", ["nobody", "", "../units/ble-reference", "mine.tom", "x" * 9000])
def test_what_is_neither_is_told_both(text: str) -> None:
    error = refused(text)
    assert error.code is Code.TARGET_UNKNOWN_UNIT
    assert "ble-reference" in error.hint
    assert error.hint.endswith("; or name a unit file, which ends in .toml.")


def test_an_empty_file_is_an_empty_file(folder: Path) -> None:
    (folder / "mine.toml").write_bytes(b"")
    assert refused("mine.toml").code is Code.FILE_EMPTY


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (BLE + b"sede = 1", "line 3: there is no key 'sede'; did you mean 'seed'?"),
        (BLE + b"# \xff", "line 3: the byte 0xFF is not UTF-8 text."),
        (BLE + bytes(2000), "line 3: the line has 2000 characters"),
        (BLE + b"#\n" * 40_000, "a unit file has at most 64 kB"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_path(
    content: bytes, words: str, folder: Path
) -> None:
    (folder / "mine.toml").write_bytes(content)
    error = refused("./mine.toml")
    assert error.code is Code.UNIT_FILE_MALFORMED
    assert error.message.startswith("mine.toml, line ")
    assert words in error.message


def test_a_file_with_nothing_before_the_point_has_a_name_all_the_same(folder: Path) -> None:
    (folder / ".toml").write_bytes(BLE)
    assert load_unit(".toml").name == ".toml"
