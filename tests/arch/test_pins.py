"""requirements.txt: hashes for everything, the address of nothing, all that pyproject asks for."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from house_tree import ROOT

PINS = (ROOT / "requirements.txt").read_text(encoding="utf-8")
PIN = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!+_-]+)( ; .+?)?( --hash=sha256:[0-9a-f]{64})+")
REFUSED = {
    "an address": r"://",
    "a place to look": r"--find-links|(?:^|\s)-f\s",
    "an index": r"--(?:extra-)?index|(?:^|\s)-i\s",
    "a trusted host": r"--trusted-host",
    "an absolute path": r"(?:^|[\s@=\"'(])(?:/|~|[A-Za-z]:[\\/])\S",
    "a file": r"\bfile:|\s@\s|(?:^|\s)-[er]\s|--editable",
}


def refused(text: str) -> list[str]:
    return [name for name, pattern in REFUSED.items() if re.search(pattern, text, re.MULTILINE)]


def pins() -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for line in requirement_lines():
        name, version = line.split(" ")[0].split("==")
        versions.setdefault(canonicalize_name(name), set()).add(version)
    return versions


def requirement_lines() -> list[str]:
    """The pins, each on one line, without comments."""
    text = re.sub(r"^\s*#.*\n?", "", PINS, flags=re.MULTILINE)
    return [line for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines() if line.strip()]


def wanted() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lists = chain(
        [project["build-system"]["requires"], project["project"]["dependencies"]],
        project["project"]["optional-dependencies"].values(),
        project["dependency-groups"].values(),
    )
    return [Requirement(text) for text in chain.from_iterable(lists)]


def test_no_address_no_index_and_no_path_stands_in_the_pins() -> None:
    assert refused(PINS) == []


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("six @ https://example.com/six.whl", "an address"),
        ("--find-links wheels", "a place to look"),
        ("--extra-index-url x", "an index"),
        ("-i mirror", "an index"),
        ("--trusted-host mirror", "a trusted host"),
        ("six @ /srv/six.whl", "an absolute path"),
        ("    # via -r /srv/x.in", "an absolute path"),
        (r"C:\wheels\six.whl", "an absolute path"),
        ("-e .", "a file"),
    ],
)
def test_what_is_refused_is_recognised(line: str, name: str) -> None:
    assert name in refused(f"click==8.1\n{line}\n")


def test_every_pin_is_exact_and_has_hashes() -> None:
    lines = requirement_lines()
    assert len(lines) > 30
    assert [line for line in lines if not PIN.fullmatch(line)] == []


def test_the_pins_hold_everything_that_pyproject_asks_for() -> None:
    pinned = pins()
    missing = [
        str(requirement)
        for requirement in wanted()
        if requirement.name != "firmline"
        and not any(
            requirement.specifier.contains(version)
            for version in pinned.get(canonicalize_name(requirement.name), ())
        )
    ]
    assert missing == [], "run make lock"


def test_one_file_holds_the_pins(root: Path) -> None:
    other = ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "requirements-dev.txt"]
    assert [name for name in other if (root / name).exists()] == []
