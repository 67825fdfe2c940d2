"""A recipe is kept beside the records: a station begins a shift without the share it came from."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmline.cli.files import read_file
from firmline.errors import Code, InputError, StoreError
from firmline.line.loading import CheckedRecipe
from firmline.line.recipe_cache import cache_beside, load_through_cache
from unit.line.recipes import RELEASED

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
CUSTOM = """
[[steps]]
kind = "custom"
name = "led"
call = "fixture:check_led"
"""


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return cache_beside(tmp_path / "shift.db")


def load(share: Path, cache: Path, *, now: datetime = NOW) -> CheckedRecipe:
    return load_through_cache(share / "recipe.toml", read=read_file, cache=cache, now=now)


def test_what_is_there_is_read_from_its_place(share: Path, cache: Path) -> None:
    checked = load(share, cache)
    assert checked.path == share / "recipe.toml"
    assert not any("copy" in remark for remark in checked.remarks)


def test_without_its_folder_the_copy_is_used_and_that_is_said(share: Path, cache: Path) -> None:
    before = load(share, cache)
    shutil.rmtree(share.parent)
    checked = load(share, cache, now=LATER)
    assert checked.recipe == before.recipe
    assert checked.contents == before.contents
    assert "cannot be reached. This is the copy of 2026-11-23 06:30 UTC" in checked.remarks[0]


def test_the_copy_that_was_used_last_counts(share: Path, cache: Path) -> None:
    load(share, cache)
    (share / "recipe.toml").write_text(RELEASED.format(version=2), "utf-8")
    load(share, cache, now=LATER)
    shutil.rmtree(share.parent)
    checked = load(share, cache)
    assert (checked.recipe.version, "2026-11-24" in checked.remarks[0]) == (2, True)


def test_what_was_taken_out_of_a_folder_that_is_there_was_withdrawn(
    share: Path, cache: Path
) -> None:
    load(share, cache)
    (share / "released/dfu.zip").unlink()
    with pytest.raises(InputError) as caught:
        load(share, cache)
    assert caught.value.code is Code.RECIPE_PACKAGE
    (share / "recipe.toml").unlink()
    with pytest.raises(InputError) as caught:
        load(share, cache)
    assert caught.value.code is Code.FILE_MISSING


def test_what_was_never_used_has_no_copy(share: Path, cache: Path) -> None:
    shutil.rmtree(share.parent)
    with pytest.raises(InputError) as caught:
        load(share, cache)
    assert caught.value.code is Code.FILE_MISSING
    assert not cache.exists()


def test_a_recipe_that_is_refused_replaces_no_copy(share: Path, cache: Path) -> None:
    load(share, cache)
    (share / "recipe.toml").write_text("schema = 1\n", "utf-8")
    with pytest.raises(InputError):
        load(share, cache, now=LATER)
    shutil.rmtree(share.parent)
    assert load(share, cache).recipe.version == 1


def test_recipes_of_two_places_are_two(share: Path, cache: Path, tmp_path: Path) -> None:
    load(share, cache)
    other = tmp_path / "elsewhere"
    with pytest.raises(InputError) as caught:
        load(other, cache)
    assert caught.value.code is Code.FILE_MISSING


def test_a_customers_step_is_copied_with_its_package(share: Path, cache: Path) -> None:
    (share / "fixture").mkdir()
    (share / "fixture/__init__.py").write_text("from fixture.led import check_led\n", "utf-8")
    (share / "fixture/led.py").write_text("def check_led(step): ...\n", "utf-8")
    (share / "recipe.toml").write_text(RELEASED.format(version=1) + CUSTOM, "utf-8")
    load(share, cache)
    shutil.rmtree(share.parent)
    checked = load(share, cache)
    assert (checked.path.parent / "fixture/led.py").is_file()
    assert checked.path.parent.is_relative_to(cache)


@pytest.mark.parametrize("damage", ["flipped", "gone"])
def test_a_damaged_copy_is_refused(share: Path, cache: Path, damage: str) -> None:
    load(share, cache)
    shutil.rmtree(share.parent)
    for file in (cache / "files").rglob("*"):
        if file.is_file() and damage == "gone":
            file.unlink()
        elif file.is_file():
            file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    with pytest.raises(StoreError) as caught:
        load(share, cache)
    assert caught.value.code in {Code.ATTACHMENT_DAMAGED, Code.ATTACHMENT_MISSING}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"schema": 1, "kept_at": "yesterday", "files": {}}',
        b'{"schema": 2, "kept_at": "2026-11-23T06:30:00+00:00", "files": {"recipe.toml": ""}}',
        b'{"schema": 1, "kept_at": "2026-11-23T06:30:00+00:00", "files": {"../recipe.toml": ""}}',
        b'{"schema": 1, "kept_at": "2026-11-23T06:30:00+00:00", "files": {"/etc/recipe": ""}}',
        b'{"schema": 1, "kept_at": "2026-11-23T06:30:00+00:00", "files": {}}',
    ],
)
def test_a_list_that_somebody_has_changed_is_refused(
    share: Path, cache: Path, content: bytes
) -> None:
    load(share, cache)
    shutil.rmtree(share.parent)
    (listed,) = cache.glob("*.json")
    listed.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        load(share, cache)
    assert caught.value.code is Code.ATTACHMENT_DAMAGED
