"""``firmline sim diagnose``: each incident for people, the totals, and the JSON."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from firmline.errors import ExitCode
from unit.cli.program import Program

ONE = ("sim", "diagnose", "brown-out", "--link", "usb")


@pytest.mark.slow
def test_each_incident_is_told_test_by_test(firmline: Program) -> None:
    ran = firmline(*ONE, "--no-checklist")
    assert (ran.code, ran.err) == (0, "")
    head, trace, test, *_ = ran.out.splitlines()
    assert head == "usb, SDK 15.3: brown-out"
    assert trace.startswith("  trace     power-brownout-coincell (")
    assert re.match(r"   1\. [a-z-]+, \d+ min: \w", test)
    verdict = r"^  verdict   power-brownout-coincell \([>\d ]+ %\): right, \d+ min \(sure\)$"
    assert len(re.findall(verdict, ran.out, re.MULTILINE)) == 2


@pytest.mark.slow
def test_the_totals_compare_plan_and_checklist(firmline: Program) -> None:
    ran = firmline(*ONE)
    lines = ran.out.splitlines()
    (head,) = (number for number, line in enumerate(lines) if "  like trace  " in line)
    assert lines[head].split("  ")[-1].strip() == "minutes"
    name, incidents, *_ = lines[head + 1].split()
    assert (name, incidents) == ("usb", "2")
    assert "; by the checklist " in ran.out


def steps_minutes(incident: dict[str, Any]) -> float:
    return float(sum(step["minutes"] for step in incident["steps"]))


@pytest.mark.slow
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


@pytest.mark.slow
def test_what_a_trace_can_decide_and_what_it_cannot_are_told_apart(firmline: Program) -> None:
    ran = firmline("sim", "diagnose", "brown-out", "--link", "uart", "--no-checklist")
    assert "A trace alone can decide 0 of 2." in ran.out
    others = "power-loss-mid-update, wdt-not-fed or watchdog-rr7-not-fed"
    told = f"power-brownout-coincell (60 %): no trace tells it from {others}"
    assert " ".join(ran.out.split()).count(told) == 2
    assert "  2 x the bootloader has answered, and the application prints" in ran.out
    decided = firmline(*ONE, "--no-checklist")
    assert "A trace alone can decide 2 of 2." in decided.out
    assert "%): right, a trace can decide it" in decided.out


@pytest.mark.slow
def test_the_json_tells_both(firmline: Program) -> None:
    uart = ("sim", "diagnose", "brown-out", "--link", "uart", "--no-checklist", "--json")
    result = firmline(*uart).result
    assert result["decided_by_trace"] == 0
    assert result["right_like_trace"] == result["by_link"]["uart"]["right_like_trace"] == 2
    for incident in result["incidents"]:
        assert incident["first_right"]
        assert incident["alike"] == incident["undecided"] == []
        assert "wdt-not-fed" in incident["alike_by_trace"]
        assert incident["cause"] not in incident["alike_by_trace"]


@pytest.mark.slow
def test_what_only_the_sources_would_tell_ends_split(firmline: Program) -> None:
    ran = firmline("sim", "diagnose", "--unit", "application-crash")
    verdict = re.search(
        r"^jump-bond-config \((\d+) %\), jump-app-crashes .* or jump-.*$", ran.out, re.MULTILINE
    )
    assert verdict is not None
    assert int(verdict[1]) < 75
    without = "cannot be told apart without the sources of application and bootloader"
    assert without in " ".join(ran.out.split())
    assert ran.out.count("\n  fix: ") == 3
    result = firmline("sim", "diagnose", "--unit", "application-crash", "--json").result
    assert result["undecided"]["tests"] == ["read-sources"]
    assert result["minutes"] <= 12


@pytest.mark.slow
def test_what_failed_as_before_raises_none_of_those_that_it_cannot_part(firmline: Program) -> None:
    """Bonds and a crash are both in the build: nothing that was tried favours one of them."""
    result = firmline("sim", "diagnose", "--unit", "application-crash", "--json").result
    after = {each["cause"]: each["probability"] for each in result["causes"]}
    assert after["jump-bond-config"] < 4 * after["jump-app-crashes"]


@pytest.mark.slow
def test_a_fault_from_which_every_update_recovers_is_no_incident(firmline: Program) -> None:
    ran = firmline("sim", "diagnose", "host-gone", "--no-checklist")
    assert ran.out == "Every update succeeds: there is nothing to find out.\n"


@pytest.mark.slow
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


@pytest.mark.slow
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
