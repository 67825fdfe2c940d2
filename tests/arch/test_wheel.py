"""What is shipped: the wheel holds the licence, the typing marker and the data, and no tests."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from house_tree import ROOT, SOURCE


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("firmline-*.whl")
    return zipfile.ZipFile(path)


def names(wheel: zipfile.ZipFile) -> set[str]:
    return set(wheel.namelist())


def metadata(wheel: zipfile.ZipFile) -> str:
    (name,) = (name for name in names(wheel) if name.endswith(".dist-info/METADATA"))
    return wheel.read(name).decode()


def test_the_wheel_is_typed(wheel: zipfile.ZipFile) -> None:
    assert "firmline/py.typed" in names(wheel)


def test_the_wheel_carries_its_data(wheel: zipfile.ZipFile) -> None:
    kinds = ("*.toml", "*.html", "*.css")
    paths = [path for kind in kinds for path in SOURCE.rglob(kind)]
    data = {path.relative_to(SOURCE.parent).as_posix() for path in paths}
    assert {"firmline/data/errors.toml", "firmline/cli/report/report.html"} <= data
    assert data <= names(wheel)


def test_the_wheel_carries_the_licence(wheel: zipfile.ZipFile) -> None:
    assert any(name.endswith("/licenses/LICENSE") for name in names(wheel))
    assert "License-Expression: Apache-2.0" in metadata(wheel)
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence


def test_the_wheel_holds_nothing_but_firmline(wheel: zipfile.ZipFile) -> None:
    tops = {Path(name).parts[0].split("-")[0] for name in names(wheel)}
    assert tops == {"firmline"}


def test_the_wheel_asks_for_python_3_11(wheel: zipfile.ZipFile) -> None:
    assert "Requires-Python: >=3.11" in metadata(wheel)
