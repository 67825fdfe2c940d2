"""What tests of the line are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from unit.cli.makers import START, package
from unit.formats.makers import image
from unit.formats.programs import program
from unit.line.recipes import RELEASED


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A folder elsewhere with a recipe and its package."""
    path = tmp_path / "share" / "tag"
    (path / "released").mkdir(parents=True)
    (path / "released/dfu.zip").write_bytes(package(image(program(4_000, base=START))))
    (path / "recipe.toml").write_text(RELEASED.format(version=1), "utf-8")
    return path
