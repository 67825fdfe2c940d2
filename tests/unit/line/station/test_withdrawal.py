"""What is taken out of the folder of a recipe while the station runs was withdrawn."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from firmline.cli.files import read_file
from firmline.errors import Code
from firmline.line.loading import load_recipe
from firmline.line.station.withdrawal import LOOKS, ReleaseWatch, watching
from unit.line.recipes import RELEASED


@pytest.fixture
def watch(share: Path) -> ReleaseWatch:
    return ReleaseWatch(load_recipe(share / "recipe.toml", read=read_file))


def looked(watch: ReleaseWatch, times: int = LOOKS) -> str:
    """What is said behind so many looks; empty: nothing."""
    for _ in range(times):
        watch.look()
    said = watch.withdrawn
    assert said is None or said.code is Code.RECIPE_WITHDRAWN
    return "" if said is None else said.message


def test_what_lies_where_it_lay_is_released(watch: ReleaseWatch) -> None:
    assert looked(watch, 5) == ""


@pytest.mark.parametrize("file", ["released/dfu.zip", "recipe.toml"])
def test_what_is_taken_out_is_withdrawn_until_it_is_put_back(
    share: Path, watch: ReleaseWatch, file: str
) -> None:
    content = (share / file).read_bytes()
    (share / file).unlink()
    assert f"{Path(file).name} is not there any more: it was withdrawn" in looked(watch)
    (share / file).write_bytes(content)
    assert looked(watch) == ""


def test_a_package_that_is_replaced_is_withdrawn_also_at_the_same_size(
    share: Path, watch: ReleaseWatch
) -> None:
    place = share / "released/dfu.zip"
    content = bytearray(place.read_bytes())
    content[-1] ^= 1
    place.write_bytes(content)
    assert "is another file by now" in looked(watch)


def test_a_package_that_was_copied_over_itself_is_the_same(
    share: Path, watch: ReleaseWatch
) -> None:
    looked(watch)
    place = share / "released/dfu.zip"
    place.write_bytes(place.read_bytes())
    assert looked(watch) == ""


def test_a_recipe_may_be_worked_on_for_the_next_shift(share: Path, watch: ReleaseWatch) -> None:
    (share / "recipe.toml").write_text(RELEASED.format(version=2), "utf-8")
    assert looked(watch) == ""


def test_what_is_gone_for_one_look_is_being_saved(share: Path, watch: ReleaseWatch) -> None:
    content = (share / "recipe.toml").read_bytes()
    (share / "recipe.toml").unlink()
    assert looked(watch, 1) == ""
    (share / "recipe.toml").write_bytes(content)
    assert looked(watch) == ""


def test_a_share_that_cannot_be_reached_says_nothing(share: Path, watch: ReleaseWatch) -> None:
    share.rename(share.with_name("unmounted"))
    assert looked(watch) == ""
    share.mkdir()  # as where it would be mounted
    assert looked(watch) == ""


def test_a_folder_that_was_emptied_is_no_share_that_is_away(
    share: Path, watch: ReleaseWatch
) -> None:
    (share / "recipe.toml").unlink()
    shutil.rmtree(share / "released")
    assert "recipe.toml is not there any more" in looked(watch)


def test_what_was_withdrawn_stays_so_while_the_share_is_away(
    share: Path, watch: ReleaseWatch
) -> None:
    (share / "recipe.toml").unlink()
    before = looked(watch)
    share.rename(share.with_name("unmounted"))
    assert looked(watch) == before != ""
    share.mkdir()
    assert looked(watch) == before


def test_it_looks_by_itself(share: Path) -> None:
    with watching(load_recipe(share / "recipe.toml", read=read_file), look_s=0.01) as watch:
        (share / "recipe.toml").unlink()
        until = time.monotonic() + 10
        while watch.withdrawn is None and time.monotonic() < until:
            time.sleep(0.01)
        assert watch.withdrawn is not None
