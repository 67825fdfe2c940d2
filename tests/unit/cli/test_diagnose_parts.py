"""``firmline diagnose`` of a part of a trace, and of answers that contradict one another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from firmline.cli.diagnosis_text import PART_ONLY
from firmline.errors import Code
from firmline.formats.trace import encode_event
from unit.cli.program import Program
from unit.diagnosis.small_traces import (
    AT_APPLICATION,
    DATA,
    EXECUTE,
    INIT,
    SEARCHING,
    TO_BOOTLOADER,
    executed,
    finished,
    packets,
    stepped,
    trace,
)

WHOLE = trace(
    *(*TO_BOOTLOADER, INIT, EXECUTE, DATA, packets(4096), executed(4096), packets(9000)),
    *(stepped(), SEARCHING, AT_APPLICATION, stepped("resume", attempt=2), SEARCHING),
    finished(Code.LINK_LOST),
)
LINES = [encode_event(each) for each in WHOLE.events]


def diagnosed(firmline: Program, lines: list[str], *more: str) -> dict[str, Any]:
    Path("given.jsonl").write_text("".join(lines), encoding="utf-8")
    ran = firmline("diagnose", "given.jsonl", "--json", *more)
    assert ran.code == 0, ran.err
    return ran.result


def unknown(result: dict[str, Any]) -> float:
    [found] = [each["probability"] for each in result["causes"] if each["cause"] == "unknown"]
    return float(found)


@pytest.mark.slow
@pytest.mark.parametrize("begin", range(1, len(LINES)))
def test_the_end_of_a_trace_names_no_cause_before_none(firmline: Program, begin: int) -> None:
    assert not diagnosed(firmline, LINES)["part"]
    part = diagnosed(firmline, LINES[begin:])
    assert part["part"]
    assert part["causes"][0]["cause"] == "unknown"
    assert unknown(part) >= 0.5
    assert any("beginning of the trace is missing" in each for each in part["unused"])


def test_people_are_told_why_and_what_to_give(firmline: Program) -> None:
    Path("given.jsonl").write_text("".join(LINES[10:]), encoding="utf-8")
    ran = firmline("diagnose", "given.jsonl", "--report", "out.html")
    assert ran.code == 0
    page = Path("out.html").read_text(encoding="utf-8")
    assert PART_ONLY in " ".join(ran.out.split())
    assert PART_ONLY in page
    assert "fits no known cause" not in page + ran.out


def test_what_was_printed_of_a_part_is_read_again_as_one(firmline: Program) -> None:
    part = diagnosed(firmline, LINES[10:])
    again = diagnosed(firmline, [json.dumps(part)])
    assert again["part"]
    assert unknown(again) == pytest.approx(unknown(part), abs=1e-5)


def test_lines_in_no_order_are_said_to_be_that(firmline: Program) -> None:
    mixed = diagnosed(firmline, [*LINES[9:], *LINES[5:9], *LINES[:5]])
    assert mixed["causes"][0]["cause"] == "unknown"
    assert not [each for each in mixed["evidence"] if each["field"] == "reproducibility"]
    assert any("order" in each for each in mixed["unused"])


def test_what_a_test_shows_takes_the_doubt_of_a_part_away(firmline: Program) -> None:
    part = diagnosed(firmline, LINES[10:])
    shown = ("read-reset-reason=reset_reason_brownout", "supply-in-parallel=helped")
    more = diagnosed(firmline, LINES[10:], *(each for one in shown for each in ("--result", one)))
    assert unknown(more) < unknown(part) / 2
    assert more["causes"][0]["cause"] == "power-brownout-coincell"


def test_answers_that_contradict_one_another_are_named_and_count_for_nothing(
    firmline: Program,
) -> None:
    both = ("--result", "see-resets=no", "--result", "see-resets=repeatedly")
    result = firmline("diagnose", "--json", *both).result
    assert result["causes"][0]["cause"] == "unknown"
    [sentence] = result["contradictions"]
    assert sentence == (
        "unit_resets is told to be no and repeatedly, and can be one of them: neither is used."
    )
    told = [each for cause in result["causes"] for each in (*cause["for"], *cause["against"])]
    assert not [each for each in told if each["field"] == "unit_resets"]


def test_two_reports_with_two_extended_errors_are_of_no_known_cause(firmline: Program) -> None:
    for code in ("x05", "x07"):
        report = {"evidence": {"result_code": "r0B", "ext_error": code}}
        Path(f"{code}.json").write_text(json.dumps(report), encoding="utf-8")
    result = firmline("diagnose", "x05.json", "x07.json", "--json").result
    assert result["causes"][0]["cause"] == "unknown"
    assert "x05 and x07" in result["contradictions"][0]
