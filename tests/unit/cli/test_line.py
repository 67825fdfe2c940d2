"""``firmline line init`` and ``line check``: from nothing to a recipe that a station would run."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmline.cli.line_station import clock_behind, clock_forward
from firmline.errors import Code
from unit.cli.makers import package
from unit.cli.program import Program, assert_failed, files_in

CUSTOM = """
[[steps]]
kind = "custom"
name = "led"
call = "fixture:check_led"

[[steps.limits]]
measurement = "led_current"
unit = "mA"
in_range = [3, 6]
"""


@pytest.fixture
def content(folder: Path) -> bytes:
    made = package()
    (folder / "dfu.zip").write_bytes(made)
    return made


@pytest.mark.usefixtures("content")
def test_a_new_recipe_passes_with_the_package_beside_it(folder: Path, firmline: Program) -> None:
    ran = firmline("line", "init")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "recipe.toml is written.\nNext: firmline line check recipe.toml\n"
    assert files_in(folder) == {"dfu.zip", "recipe.toml"}
    checked = firmline("line", "check", "recipe.toml")
    assert (checked.code, checked.err) == (0, "")
    assert "remark: dfu.zip is not pinned" in checked.out


def test_what_is_missing_is_told(folder: Path, firmline: Program) -> None:
    out = firmline("line", "init").out
    assert "Put your package beside it, as dfu.zip." in out
    ran = firmline("line", "check", "recipe.toml")
    assert_failed(ran, Code.RECIPE_PACKAGE)
    line = (folder / "recipe.toml").read_text().split("\n").index('file = "dfu.zip"') + 1
    assert f"recipe.toml, line {line}: The package dfu.zip does not exist." in ran.err


def test_a_package_fills_the_recipe_in(folder: Path, content: bytes, firmline: Program) -> None:
    out = firmline("line", "init", "line a", "--package", "dfu.zip").out
    assert "Put dfu.zip beside it, as line a/dfu.zip." in out
    (folder / "line a" / "dfu.zip").write_bytes(content)
    result = firmline("line", "check", "line a/recipe.toml", "--json").result
    assert result["pinned"] is True
    assert result["remarks"] == []
    assert result["packages"][0]["sha256"] == hashlib.sha256(content).hexdigest()
    assert result["product"]["hw_versions"] == [52]
    assert result["product"]["softdevices"] == ["0x0103"]
    text = (folder / "line a" / "recipe.toml").read_bytes()
    assert result["sha256"] == hashlib.sha256(text).hexdigest()


@pytest.mark.usefixtures("content")
def test_the_steps_are_shown_with_their_limits_in_words(firmline: Program) -> None:
    firmline("line", "init", "--package", "dfu.zip")
    rows = firmline("line", "check", "recipe.toml").out.splitlines()
    assert rows[0] == "My product, final update (my-product, version 1)"
    assert "  retests: to rework after 3 runs that ended in FAIL" in rows
    assert "  5  update     Update: package application, within 5 min" in rows
    at = rows.index("  7  measure    Judge the update, within 10 s")
    assert rows[at + 1].strip() == "duration at most 180 s, marginal above 120 s"
    assert max(map(len, rows)) <= 100


def test_the_json_of_init_says_what_was_written(firmline: Program) -> None:
    result = firmline("line", "init", "new", "--json").result
    assert result == {
        "type": "result",
        "recipe": "new/recipe.toml",
        "package": "new/dfu.zip",
        "package_is_there": False,
    }


def test_a_recipe_that_is_there_is_left_as_it_is(folder: Path, firmline: Program) -> None:
    (folder / "recipe.toml").write_text("mine", "utf-8")
    assert_failed(firmline("line", "init"), Code.FILE_EXISTS)
    assert_failed(firmline("line", "init", "--package", "nowhere.zip"), Code.FILE_EXISTS)
    assert (folder / "recipe.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("missing/a",), Code.FILE_NOT_WRITABLE),
        (("file",), Code.FILE_NOT_WRITABLE),
        (("a", "--package", "nowhere.zip"), Code.FILE_MISSING),
        (("a", "--package", "file"), Code.PACKAGE_NOT_A_ZIP),
        (("x" * 300,), Code.FILE_NOT_WRITABLE),
    ],
)
def test_where_no_recipe_can_be_written_nothing_is_left(
    words: tuple[str, ...], code: Code, folder: Path, firmline: Program
) -> None:
    (folder / "file").write_text("x", "utf-8")
    assert_failed(firmline("line", "init", *words), code)
    assert files_in(folder) == {"file"}


def test_a_package_whose_name_no_recipe_can_hold_gets_another(
    folder: Path, content: bytes, firmline: Program
) -> None:
    (folder / "a:b.zip").write_bytes(content)
    out = firmline("line", "init", "new", "--package", "a:b.zip").out
    assert "Put a:b.zip beside it, as new/dfu.zip." in out


# What a station would not find as the recipe says.


def test_another_file_than_the_released_one_is_refused(
    folder: Path, content: bytes, firmline: Program
) -> None:
    firmline("line", "init", "--package", "dfu.zip")
    (folder / "dfu.zip").write_bytes(content + b"x")
    ran = firmline("line", "check", "recipe.toml")
    assert_failed(ran, Code.RECIPE_PACKAGE)
    assert "is another file than the one that was released" in ran.err
    assert hashlib.sha256(content + b"x").hexdigest() in ran.err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("hw_versions = [52]", "hw_versions = [51]", "hardware version 52, and the product has 51"),
        ("softdevices = [0x0103]", "softdevices = []", "the product's come with no SoftDevice"),
        ('"dfu.zip"', '"."', "a path from the recipe's folder"),
        ('"dfu.zip"', '"new"', "new is a folder, not a file"),
    ],
)
@pytest.mark.usefixtures("content")
def test_what_does_not_belong_to_the_product_is_told_with_its_line(
    old: str, new: str, words: str, folder: Path, firmline: Program
) -> None:
    firmline("line", "init", "--package", "dfu.zip")
    (folder / "new").mkdir()
    path = folder / "recipe.toml"
    text = path.read_text().replace(old, new)
    path.write_text(text, "utf-8")
    ran = firmline("line", "check", "recipe.toml")
    assert ran.code == 2
    assert words in ran.err
    line = text[: text.index(new)].count("\n") + 1
    assert f"recipe.toml, line {line}: " in ran.err


@pytest.mark.usefixtures("content")
def test_a_softdevice_whose_units_would_refuse_is_remarked(folder: Path, firmline: Program) -> None:
    firmline("line", "init", "--package", "dfu.zip")
    path = folder / "recipe.toml"
    path.write_text(path.read_text().replace("[0x0103]", "[0x0103, 0x00B7]"), "utf-8")
    out = firmline("line", "check", "recipe.toml").out
    assert "remark: A unit that comes with 0x00B7 (S132 6.1.1) is allowed here, and would" in out


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "there is no module fixture beside the recipe"),
        ("def check(step): ...", "fixture has no function check_led; it has check"),
        ("import os; os._exit(0)", "importing fixture ended its process (exit code 0)"),
    ],
)
@pytest.mark.usefixtures("content")
def test_a_step_of_the_customers_that_cannot_be_called_is_told_with_its_line(
    code: str | None, words: str, folder: Path, firmline: Program
) -> None:
    firmline("line", "init", "--package", "dfu.zip")
    path = folder / "recipe.toml"
    text = path.read_text() + CUSTOM
    path.write_text(text, "utf-8")
    if code is not None:
        (folder / "fixture.py").write_text(code, "utf-8")
    ran = firmline("line", "check", "recipe.toml")
    assert_failed(ran, Code.RECIPE_STEP_OF_CUSTOMER)
    line = text.split("\n").index('call = "fixture:check_led"') + 1
    assert f"recipe.toml, line {line}: the step 'led' cannot be called: {words}" in ran.err


@pytest.mark.usefixtures("content")
def test_a_step_of_the_customers_is_imported_and_not_called(
    folder: Path, firmline: Program
) -> None:
    firmline("line", "init", "--package", "dfu.zip")
    path = folder / "recipe.toml"
    path.write_text(path.read_text() + CUSTOM, "utf-8")
    (folder / "fixture.py").write_text("def check_led(step): open('called', 'w')", "utf-8")
    ran = firmline("line", "check", "recipe.toml")
    assert (ran.code, ran.err) == (0, "")
    assert "led_current from 3 to 6 mA" in ran.out
    assert files_in(folder) == {"dfu.zip", "recipe.toml", "fixture.py"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, Code.FILE_MISSING),
        (b"", Code.FILE_EMPTY),
        (b"\xff\xfe", Code.RECIPE_MALFORMED),
        (b"\x00" * 500, Code.RECIPE_MALFORMED),
        (b"x" * 100_000, Code.RECIPE_MALFORMED),
        (b"schema = 2", Code.RECIPE_SCHEMA),
        (b"PK\x03\x04", Code.RECIPE_MALFORMED),
    ],
)
def test_a_file_that_is_no_recipe_is_one_sentence(
    content: bytes | None, code: Code, folder: Path, firmline: Program
) -> None:
    if content is not None:
        (folder / "r.toml").write_bytes(content)
    assert_failed(firmline("line", "check", "r.toml"), code)
    result = firmline("line", "check", "r.toml", "--json").result
    assert result["code"] == code


def test_a_clock_that_was_set_far_forward_is_told_with_the_way_out() -> None:
    told = clock_forward(timedelta(hours=25))
    assert "went forward by 1500 min" in told
    assert "end the station, set the clock, and begin other records (another --db)" in told


def test_a_record_of_a_later_time_is_told_with_both_ways_out() -> None:
    told = clock_behind(86_400.0, datetime(2026, 11, 24, 3, 30, tzinfo=UTC))
    assert "newest record is of 2026-11-25 03:30:00 UTC" in told
    assert "clock says 2026-11-24 03:30:00" in told
    assert "If the clock is wrong, set it" in told
    assert "another --db" in told
