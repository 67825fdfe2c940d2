"""What the three ``firmline dfu`` commands have in common."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmline.cli.dfu_wired import WiredUpdate
from firmline.errors import Code, InputError
from firmline.updater.timeouts import SerialTimeouts, Timeouts
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


@pytest.mark.slow
@pytest.mark.parametrize("command", NOT_THERE)
def test_each_keeps_a_trace_also_of_what_was_not_there(command: str, firmline: Program) -> None:
    words = ("dfu", command, "-pkg", "dfu.zip", *NOT_THERE[command])
    ran = firmline(*words, "-v", "--trace", "t.jsonl")
    assert ran.code == 3
    last = json.loads(Path("t.jsonl").read_text("utf-8").splitlines()[-1])
    assert (last["type"], last["outcome"]) == ("update_finished", "failed")
    assert last["code"] in ran.err


@pytest.mark.slow
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


# What is the same over every wire.

WORDS: dict[str, Any] = {
    "package": Path("dfu.zip"),
    "prn": 0,
    "connect_delay": None,
    "timeout": None,
    "expect": None,
    "expect_baud": None,
    "expect_timeout": None,
    "verbose": 0,
    "recovers": True,
    "trace": None,
    "as_json": False,
}


@pytest.mark.parametrize(
    ("words", "bootloader_s", "reappear_s"),
    [
        ({}, 5, 15),
        ({"connect_delay": 3}, 8, 18),
        ({"timeout": 7}, 7, 7),
        ({"timeout": 7, "connect_delay": 3}, 7, 7),
    ],
)
def test_what_may_take_long_is_set_by_t_or_made_longer_by_cd(
    words: dict[str, Any], bootloader_s: int, reappear_s: int
) -> None:
    update = WiredUpdate.read(**{**WORDS, **words})
    both = update.timeouts("bootloader_s", "reappear_s")
    assert (both.serial.bootloader_s, both.serial.reappear_s) == (bootloader_s, reappear_s)
    one = update.timeouts("bootloader_s")
    usual = SerialTimeouts()
    assert (one.serial.bootloader_s, one.serial.reappear_s) == (bootloader_s, usual.reappear_s)
    assert replace(one, serial=usual) == Timeouts()


def test_what_is_expected_is_read_before_anything_else_happens() -> None:
    with pytest.raises(InputError):
        WiredUpdate.read(**{**WORDS, "expect_baud": 9_600})
    update = WiredUpdate.read(**{**WORDS, "expect": "Tag 2", "verbose": 2})
    assert update.expectation is not None
    assert (update.expectation.text, update.verbose) == ("Tag 2", True)


@pytest.mark.parametrize("command", ["serial", "usb-serial"])
def test_a_port_and_a_serial_number_are_two_names_of_the_unit(
    command: str, firmline: Program
) -> None:
    words = ("dfu", command, "-pkg", "dfu.zip", "-p", "/dev/ttyNOPE", "-snr", "NO-SUCH-UNIT")
    assert_failed(firmline(*words), Code.OPTION_CONFLICT)
