"""The fields that the reference page names are those that the commands print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmline.events import InspectionStarted, stamp
from firmline.formats.trace import encode_event
from firmline.protocol.traces.phases import Phase
from house_tree import ROOT
from unit.cli.event_samples import SAMPLES
from unit.cli.makers import KEY, package
from unit.cli.program import Program

PAGE = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
FOR = "chip=nrf52832-512k,softdevice=s112-7.2.0,app-version=3,hw-version=52"
COMMANDS = {
    "pkg display": ("dfu.zip",),
    "pkg check": ("dfu.zip", "--for", FOR),
    "pkg signer": ("dfu.zip",),
    "pkg diff": ("dfu.zip", "dfu.zip"),
    "pkg probes": ("p.zip", "--key-file", "private.key", "--hw-version", "52"),
    "pkg softdevices": (),
}


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    (folder / "dfu.zip").write_bytes(package())
    (folder / "private.key").write_bytes(KEY.format_pem())


def rows(title: str) -> dict[str, str]:
    """The first column of the table below a heading, and the last one."""
    section = re.split(r"^#+ ", PAGE.split(f"# {title}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    cells = [line.strip("|").split(" | ") for line in section.splitlines() if line[:3] == "| `"]
    return {first.strip(): last.strip() for first, last in cells}


def names(text: str) -> set[str]:
    """What stands in backticks, but for what stands in brackets."""
    return set(re.findall(r"`(\w+)`", re.sub(r"\([^()]*\)", "", text)))


def test_every_command_with_results_is_on_the_page() -> None:
    assert {name.strip("`") for name in rows("The results of `pkg`")} == COMMANDS.keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_names_the_fields_of_the_result(command: str, firmline: Program) -> None:
    result = firmline(*command.split(), *COMMANDS[command], "--json").result
    page = rows("The results of `pkg`")[f"`{command}`"]
    assert names(page) == result.keys() - {"type"}


@pytest.mark.parametrize("words", [("init", "--package", "dfu.zip"), ("check", "recipe.toml")])
def test_the_page_names_the_fields_of_line(words: tuple[str, ...], firmline: Program) -> None:
    if words[0] == "check":
        assert firmline("line", "init", "--package", "dfu.zip").code == 0
    result = firmline("line", *words, "--json").result
    page = rows("The results of `line`")[f"`line {words[0]}`"]
    assert names(page) == result.keys() - {"type"}


def test_the_page_names_the_fields_of_a_step_and_its_limits(firmline: Program) -> None:
    assert firmline("line", "init", "--package", "dfu.zip").code == 0
    steps = firmline("line", "check", "recipe.toml", "--json").result["steps"]
    sentence = PAGE.split("One of `steps` has ")[1].split("\n\n")[0]
    of_step, of_limit = sentence.split("one of `limits` has ")
    assert names(of_step) == keys_of(steps)
    assert names(of_limit) == keys_of([limit for step in steps for limit in step["limits"]])


def keys_of(value: Any) -> set[str]:
    """The fields of an object, or of the objects in a list, of which there has to be one."""
    if isinstance(value, list):
        assert value
        return set().union(*(each.keys() for each in value))
    return set(value.keys())


def nested(result: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """The rows of the table about a check that name fields inside of others."""
    for field in ("checks", "not_checked", "images", "afterwards", "findings"):
        yield f"`{field}`", keys_of(result[field])
    for field in ("flash_map", "capacity"):
        yield f"`{field}` of an image", keys_of(result["images"][0][field])


@pytest.mark.parametrize("words", [("bonds", "list"), ("bonds", "forget", "--all")])
def test_the_page_names_the_fields_of_bonds(words: tuple[str, ...], firmline: Program) -> None:
    page = rows("The results of `bonds`")[f"`{words[0]} {words[1]}`"]
    assert names(page) == firmline(*words, "--json").result.keys() - {"type"}


def test_the_page_names_the_fields_inside_of_a_check(firmline: Program) -> None:
    words = ("pkg", "check", "dfu.zip", "--previous", "dfu.zip", "--for", FOR, "--json")
    result = firmline(*words).result
    page = rows("What a check finds")
    outer = set().union(*(names(first) for first in page if "of an image" not in first))
    assert outer == result.keys() - {"type"}
    for first, fields in nested(result):
        assert names(page[first]) == fields


def test_the_page_names_the_fields_of_a_softdevice(firmline: Program) -> None:
    page = rows("The results of `pkg`")["`pkg softdevices`"]
    inside = set(re.findall(r"`(\w+)`", page)) - {"softdevices"}
    assert inside == keys_of(firmline("pkg", "softdevices", "--json").result["softdevices"])


def test_the_page_names_the_fields_of_a_trace(folder: Path, firmline: Program) -> None:
    told = (event for event in SAMPLES if not isinstance(event, InspectionStarted))
    lines = (encode_event(stamp(event, float(at_s))) for at_s, event in enumerate(told))
    (folder / "t").write_text("".join(lines), "utf-8")
    fields = firmline("trace", "show", "t", "--json").json_lines[0]
    page = rows("What a trace comes to")
    assert set().union(*map(names, page)) == fields.keys()
    for name in ("phases", "refusals", "losses"):
        assert names(page[f"`{name}`"]) == keys_of(fields[name])
    assert {phase.value for phase in Phase} <= names(PAGE.split("Phases are ")[1].split(";")[0])


def test_the_page_names_the_fields_of_a_conversion(folder: Path, firmline: Program) -> None:
    (folder / "t").write_text(encode_event(SAMPLES[0]), "utf-8")
    result = firmline("trace", "convert", "t", "--to", "csv", "o", "--json").result
    sentence = PAGE.split("`trace convert --json` prints ")[1].split("\n\n")[0]
    assert names(sentence) == result.keys() - {"type"}
