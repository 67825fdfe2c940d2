"""No path of a machine and no registry's host name in any file of the project."""

from __future__ import annotations

import re

import pytest

from house_tree import ROOT, project_files

# Written in pieces, so that this file does not name what it refuses.
HOSTS = ["pypi#org", "pythonhosted#org", "npmjs#org", "npmjs#com", "debian#org", "ubuntu#com"]
HOST = re.compile(
    r"\b(?:" + "|".join(re.escape(host.replace("#", ".")) for host in HOSTS) + r")\b", re.IGNORECASE
)
PLACES = ["root", "work", r"home/\w+", r"Users/\w+", "opt/pypi", "opt/wheels"]
MACHINE_PATH = re.compile(r"(?<![\w./$}~*-])/(?:" + "|".join(PLACES) + r")/")


def texts() -> list[tuple[str, str]]:
    found = []
    for path in project_files():
        try:
            found.append((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue  # recorded bytes
    return found


def findings(pattern: re.Pattern[str]) -> list[str]:
    return [f"{name}: {hit.group()}" for name, text in texts() for hit in pattern.finditer(text)]


def test_the_files_of_the_project_are_seen() -> None:
    names = {name for name, _ in texts()}
    assert {"pyproject.toml", "Makefile", ".ci/run", "src/firmline/errors.py"} <= names


def test_no_registry_is_named() -> None:
    assert findings(HOST) == []


def test_no_path_of_a_machine_is_written_down() -> None:
    assert findings(MACHINE_PATH) == []


@pytest.mark.parametrize("name", ["Makefile", ".ci/run", "pyproject.toml"])
def test_what_installs_names_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"\S*://\S*|--(?:extra-)?index\S*|--find-links\S*|--trusted-host", text) == []


@pytest.mark.parametrize("place", ["/{}/x", "cd /{}/main", "'/{}/y'", "file:/{}/z"])
def test_a_path_of_a_machine_is_recognised(place: str) -> None:
    assert MACHINE_PATH.search(place.format("root"))
    assert MACHINE_PATH.search(place.format("home/somebody"))
    assert not MACHINE_PATH.search(place.format("usr"))


def test_a_registry_is_recognised() -> None:
    assert all(HOST.search(f"see {host.replace('#', '.')}/simple") for host in HOSTS)
