"""The reference of unit files names every key and every fault, with its bounds and defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields

import pytest

from firmline.device.description import gallery_names, gallery_unit
from firmline.device.faults.plan import FAULTS
from firmline.device.physics.timing import Timing
from firmline.device.unit_file_keys import (
    APPLICATION,
    SOFTDEVICE,
    SUPPLY,
    TIMING,
    UNIT,
    keys_of_fault,
)
from firmline.formats.toml_keys import Key, Kind
from house_tree import ROOT

PAGE = (ROOT / "docs" / "reference" / "unit-files.md").read_text(encoding="utf-8")
SECTIONS: dict[str, Mapping[str, Key]] = {
    "## The unit": UNIT,
    "## SoftDevice": SOFTDEVICE,
    "## Application": APPLICATION,
    "## Supply": SUPPLY,
    "## Timing": TIMING,
}
HEADINGS = [line for line in PAGE.splitlines() if line.startswith("#")]


def rows(heading: str) -> dict[str, list[str]]:
    """The cells of the table under a heading, by key."""
    part = re.split(r"^#", PAGE.split(f"{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in part.splitlines() if line.startswith("| `")]
    return {
        cells[0].strip("`"): cells[1:]
        for cells in ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    }


@pytest.mark.parametrize("heading", list(SECTIONS))
def test_every_key_is_there_with_what_is_allowed(heading: str) -> None:
    tables = {Kind.TABLE, Kind.TABLES}
    keys = {name: key for name, key in SECTIONS[heading].items() if key.kind not in tables}
    described = rows(heading)
    assert list(described) == list(keys)
    for name, key in keys.items():
        meaning, allowed, default = described[name]
        assert len(meaning) > 5
        assert allowed == key.allowed
        assert (default == "required") == key.required


def test_every_table_is_there() -> None:
    tables = [name for name, key in UNIT.items() if key.kind is Kind.TABLE]
    assert [name for name in tables if f"`[{name}]`" not in PAGE] == []
    assert "`[[faults]]`" in PAGE


@pytest.mark.parametrize("name", list(FAULTS))
def test_every_fault_is_there_with_its_fields(name: str) -> None:
    kind = FAULTS[name]
    keys = keys_of_fault(kind)
    assert f"### {name}\n\n{kind.meaning[0].upper()}{kind.meaning[1:]}.\n" in PAGE
    assert rows(f"### {name}") == {
        field.name: [
            keys[field.name].allowed,
            "required" if field.default is MISSING else str(field.default),
        ]
        for field in fields(kind)
    }


def test_there_are_no_other_faults_on_the_page() -> None:
    assert {heading[4:] for heading in HEADINGS if heading.startswith("### ")} == set(FAULTS)


def test_the_times_that_no_chip_decides_are_those_of_the_model() -> None:
    described = rows("## Timing")
    for field in fields(Timing):
        default = "as its chip" if field.default is MISSING else str(field.default)
        assert described[field.name][-1] == default


def test_every_unit_of_the_gallery_is_there() -> None:
    assert rows("## The gallery") == {name: [gallery_unit(name).title] for name in gallery_names()}
