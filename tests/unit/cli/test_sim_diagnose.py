"""``firmline sim diagnose``: each incident for people, the totals, and the JSON."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from firmline.errors import ExitCode
from unit.cli.program import Program

ONE = ("sim", "diagnose", "brown-out", "--link", "usb")


def test_each_incident_is_told_test_by_test(firmline: Program) -> None:
    ran = firmline(*ONE, "--no-checklist")
    assert (ran.code, ran.err) == (0, "")
    head, trace, test, *_ = ran.out.splitlines()
    assert head == "usb, SDK 15.3: brown-out"
    assert trace.startswith("  trace     power-brownout-coincell (")
    assert re.match(r"   1\. [a-z-]+, \d+ min: \w", test)
    verdict = r"^  verdict   power-brownout-coincell \([>\d ]+ %\): right, \d+ min \(sure\)$"
    assert len(re.findall(verdict, ran.out, re.MULTILINE)) == 2


def test_the_totals_compare_plan_and_checklist(firmline: Program) -> None:
    ran = firmline(*ONE)
    head, row = ran.out.splitlines()[-3:-1]
    assert head.split("  ")[-1].strip() == "minutes"
    name, incidents, *_ = row.split()
    assert (name, incidents) == ("usb", "2")
    assert "; by the checklist " in ran.out


def steps_minutes(incident: dict[str, Any]) -> float:
    return float(sum(step["minutes"] for step in incident["steps"]))


def test_the_json_is_the_contract(firmline: Program) -> None:
    result = firmline(*ONE, "--json").result
    assert result["right"] == result["checklist_right"] == len(result["incidents"]) == 2
    assert result["minutes"] < result["checklist_minutes"]
    assert result["by_link"]["usb"]["incidents"] == 2
    assert result["by_link"]["radio"]["incidents"] == 0
    for incident in result["incidents"]:
        assert incident["fault"] == "brown-out"
        assert incident["cause"] == incident["last"]["cause"] == "power-brownout-coincell"
        assert incident["minutes"] == steps_minutes(incident)
        assert all(step["because"] for step in incident["steps"])


def test_a_fault_from_which_every_update_recovers_is_no_incident(firmline: Program) -> None:
    ran = firmline("sim", "diagnose", "host-gone", "--no-checklist")
    assert ran.out == "Every update succeeds: there is nothing to find out.\n"


def test_what_no_test_tells_apart_is_listed_with_its_reason(firmline: Program) -> None:
    ran = firmline("sim", "diagnose", "crystal", "--link", "usb", "--no-checklist")
    assert "What no test here tells apart, so that either is right:" in ran.out
    assert "  lfclk-crystal-fault, lfclk-source-mismatch: The clock does not start" in ran.out


UNIT = ("sim", "diagnose", "--unit", "leaked-buffers")


@pytest.mark.slow
def test_one_unit_is_investigated_with_the_reason_for_each_test(firmline: Program) -> None:
    ran = firmline("sim", "diagnose", "--unit", "dead-crystal")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("By its trace: ")
    assert re.search(r"^1\. .* min.*\n   why    .+", ran.out, re.MULTILINE)
    assert "\n  fix: " in ran.out


@pytest.mark.slow
def test_one_unit_begins_with_what_is_known_of_it(firmline: Program, folder: Path) -> None:
    (folder / "r.json").write_text('{"evidence": {"transport": "ble", "progress": "none"}}')
    ran = firmline(*UNIT, "--report", "r.json")
    assert ran.out.startswith("By the report: ")
    result = firmline(*UNIT, "--report", "r.json", "--lacks", "probe", "--json").result
    assert result["fails"]
    assert result["causes"][0]["cause"] == "rx-buffer-leak"
    assert result["minutes"] == steps_minutes(result)
    assert "dump-flash" not in {step["test"] for step in result["steps"]}


def test_a_unit_that_is_updated_has_nothing_to_be_found_out(firmline: Program) -> None:
    ran = firmline("sim", "diagnose", "--unit", "sdk17-ble")
    assert ran.out == "The update succeeds, or is for another tool: there is nothing to find out.\n"
    result = firmline("sim", "diagnose", "--unit", "sdk17-ble", "--json").result
    assert result == {"type": "result", "fails": False, "steps": [], "causes": [], "minutes": 0}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((*UNIT, "--link", "usb"), "a unit with faults and a link of its own"),
        (("sim", "diagnose", "brown-out", "--unit", "sdk17-ble"), "a link of its own"),
        (("sim", "diagnose", "--report", "r.json"), "there is no --unit"),
        (("sim", "diagnose", "--unit", "nobody"), "no virtual unit called 'nobody'"),
        ((*UNIT, "--lacks", "prob"), "There is no piece of equipment 'prob'"),
        ((*UNIT, "--report", "nowhere.json"), "does not exist"),
        (("sim", "diagnose", "brownout"), "brown-out"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    words: tuple[str, ...], says: str, firmline: Program, folder: Path
) -> None:
    (folder / "r.json").write_text("{}")
    ran = firmline(*words)
    assert ran.code == ExitCode.INPUT
    assert says in ran.err
