"""What others have written lies here as they published it, with its licence."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import pytest

import firmline.web

ASSETS = Path(firmline.web.__file__).parent / "assets"
VENDORED: dict[str, dict[str, Any]] = tomllib.loads((ASSETS / "VENDORED.toml").read_text())


@pytest.mark.parametrize("name", VENDORED)
def test_it_is_byte_for_byte_what_was_published(name: str) -> None:
    assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == VENDORED[name]["sha256"]


@pytest.mark.parametrize("name", VENDORED)
def test_its_licence_lies_beside_it(name: str) -> None:
    text = (ASSETS / VENDORED[name]["licence_file"]).read_text("utf-8")

    assert "MIT" in text or "BSD" in text


def test_nothing_of_others_is_here_unnamed() -> None:
    assert {path.name for path in ASSETS.glob("*.min.*")} == set(VENDORED)


def test_no_script_names_another_machine_to_load_from() -> None:
    for name in VENDORED:
        text = (ASSETS / name).read_text("utf-8")
        assert "//unpkg" not in text
        assert "//cdn" not in text
