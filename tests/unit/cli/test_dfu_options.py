"""What the three ``firmline dfu`` commands have in common."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from firmline.errors import Code
from unit.cli.makers import package
from unit.cli.program import Program, assert_failed

IS_LINUX = sys.platform == "linux"
NOT_THERE = {
    "serial": ("-p", "/dev/ttyNOPE"),
    "usb-serial": ("-snr", "NO-SUCH-UNIT", "-t", "1"),
    **({"ble": ("-a", "AA:BB:CC:DD:EE:FF", "--adapter", "hci999")} if IS_LINUX else {}),
}
"""Units that no computer has."""


@pytest.fixture(autouse=True)
def dfu_zip(folder: Path) -> None:
    (folder / "dfu.zip").write_bytes(package())


@pytest.mark.parametrize("command", NOT_THERE)
def test_each_keeps_a_trace_also_of_what_was_not_there(command: str, firmline: Program) -> None:
    words = ("dfu", command, "-pkg", "dfu.zip", *NOT_THERE[command])
    ran = firmline(*words, "-v", "--trace", "t.jsonl")
    assert ran.code == 3
    last = json.loads(Path("t.jsonl").read_text("utf-8").splitlines()[-1])
    assert (last["type"], last["outcome"]) == ("update_finished", "failed")
    assert last["code"] in ran.err


@pytest.mark.parametrize("command", NOT_THERE)
def test_nobody_waits_for_cd_and_each_says_so_once(command: str, firmline: Program) -> None:
    words = ("dfu", command, "-pkg", "dfu.zip", *NOT_THERE[command])
    ran = firmline(*words, "-cd", "3")
    assert ran.err.count("note: -cd is not waited for; ") == 1
    assert "-cd" not in firmline(*words, "-cd", "0").err


@pytest.mark.parametrize("command", NOT_THERE)
def test_a_trace_takes_the_place_of_no_package(command: str, firmline: Program) -> None:
    words = ("dfu", command, "-pkg", "dfu.zip", *NOT_THERE[command])
    assert_failed(firmline(*words, "--trace", "dfu.zip"), Code.OPTION_CONFLICT)


@pytest.mark.parametrize("command", ["serial", "usb-serial"])
@pytest.mark.parametrize("word", ["2", "", "maybe"])
def test_flow_control_that_is_neither_on_nor_off_is_refused(
    command: str, word: str, firmline: Program
) -> None:
    ran = firmline("dfu", command, "-pkg", "dfu.zip", *NOT_THERE[command], "-fc", word)
    assert_failed(ran, Code.USAGE)
    assert f"--flow-control is 1 or 0, and was given {word!r}." in ran.err


@pytest.mark.parametrize("option", ["-b", "-t", "-prn", "-cd"])
def test_a_number_that_is_none_is_refused_with_its_bounds(option: str, firmline: Program) -> None:
    ran = firmline("dfu", "serial", "-pkg", "dfu.zip", *NOT_THERE["serial"], option, "fast")
    assert_failed(ran, Code.NUMBER_MALFORMED)
    assert "'fast' is not a whole number from " in ran.err
