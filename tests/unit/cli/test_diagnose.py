"""``firmline diagnose`` of reports."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from firmline.errors import Code
from unit.cli.failed_trace import failed_update, trace_of
from unit.cli.program import Program, assert_failed

REPORT = {
    "evidence": {
        "transport": "ble",
        "phase": "init_execute",
        "result_code": "r05",
        "package_scope": "own_only",
        "flags": ["log_signature_fail"],
    }
}


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(REPORT), encoding="utf-8")
    return path


def test_people_read_cause_reasons_and_plan(firmline: Program, report: Path) -> None:
    told = firmline("diagnose", str(report))
    assert told.code == 0
    first = told.out.splitlines()[1]
    assert "pkg-key-mismatch" in first
    assert "Signed with another key" in first
    for heading in ("Causes", "Why pkg-key-mismatch", "What to do next"):
        assert heading in told.out
    assert "fix " in told.out
    assert "100 %" not in told.out


def test_programs_read_the_contract(firmline: Program, report: Path) -> None:
    told = firmline("diagnose", str(report), "--json")
    assert told.code == 0
    result = json.loads(told.out)
    assert result["type"] == "result"
    causes = result["causes"]
    assert causes[0]["cause"] == "pkg-key-mismatch"
    assert causes[0]["family"] == "package"
    assert {"for", "against"} <= set(causes[0])
    chances = [each["probability"] for each in causes]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) == pytest.approx(1.0, abs=1e-4)
    assert "unknown" in {each["cause"] for each in causes}
    assert result["next_test"] is None or result["next_test"] == result["plan"][0]


def test_what_could_not_be_used_is_said_cleaned(firmline: Program, tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text(json.dumps({"evidence": {"\x1b[31mx": 1, "phase": "scan"}}), encoding="utf-8")
    told = firmline("diagnose", str(path))
    assert told.code == 0
    assert "What could not be used" in told.out
    assert "\x1b" not in told.out


def test_an_empty_report_ranks_the_unknown_first(firmline: Program, tmp_path: Path) -> None:
    path = tmp_path / "empty.json"
    path.write_text('{"evidence": {}}', encoding="utf-8")
    told = firmline("diagnose", str(path))
    assert told.code == 0
    assert told.out.startswith("Nothing of it is evidence")  # before anybody reads a cause
    rows = told.out.splitlines()
    assert "unknown" in rows[rows.index("Causes") + 1]


def test_what_tells_of_the_tool_alone_says_so_first(firmline: Program, tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("# An app\n\nIt derives from DfuBaseService.\n", encoding="utf-8")
    told = firmline("diagnose", str(path))
    assert told.code == 0
    assert told.out.startswith("It tells with what the update was done, and nothing of what")


@pytest.mark.slow
@pytest.mark.parametrize("test", ["bench-supply", "new-cell", "cell-reseated"])
def test_a_better_supply_has_taken_the_power_away_and_that_is_said(
    firmline: Program, test: str
) -> None:
    told = firmline("diagnose", "--result", f"{test}=helped", "--json").result["confounded"]
    assert "has taken the power away as well" in told
    for more in ("power-cycle=failed", "long-power-off=failed"):  # then it was not that
        ran = firmline("diagnose", "--result", f"{test}=helped", "--result", more, "--json")
        assert not ran.result["confounded"]
    assert "told apart" in firmline("diagnose", "--result", f"{test}=helped").out


@pytest.mark.parametrize("test", ["supply-in-parallel", "power-cycle", "retry"])
def test_what_leaves_the_cell_or_changes_none_is_one_action(firmline: Program, test: str) -> None:
    ran = firmline("diagnose", "--result", f"{test}=helped", "--json")
    assert not ran.result["confounded"]


def test_two_actions_at_once_are_said_to_be_confounded(firmline: Program, tmp_path: Path) -> None:
    path = tmp_path / "both.json"
    both = {"evidence": {"cured_by": ["bench_supply", "power_cycle"], "supply": "coin_cell"}}
    path.write_text(json.dumps(both), encoding="utf-8")
    told = firmline("diagnose", str(path))
    assert "What cannot be told apart" in told.out
    words = " ".join(told.out.split())
    assert "bench supply instead of cell, and supply taken away and back" in words
    assert firmline("diagnose", str(path), "--json").result["confounded"].startswith("2 actions")


def test_contradictions_are_said(firmline: Program, tmp_path: Path) -> None:
    path = tmp_path / "both.json"
    both = {"evidence": {"cured_by": ["retry"], "not_cured_by": ["retry"]}}
    path.write_text(json.dumps(both), encoding="utf-8")
    told = firmline("diagnose", str(path))
    assert "retry is told to have helped, and not to have: neither is used." in told.out


def test_fields_that_contradict_each_other_are_said(firmline: Program, tmp_path: Path) -> None:
    path = tmp_path / "both.json"
    path.write_text('{"evidence": {"phase": "scan", "progress": "end"}}', encoding="utf-8")
    sentence = (
        "phase is told to be scan, and progress is told to be end, but no data of the image is sent"
        " before its transfer: neither is used."
    )
    assert sentence in firmline("diagnose", str(path), "--report", "out.html").out
    assert sentence in Path("out.html").read_text(encoding="utf-8")
    result = firmline("diagnose", str(path), "--json").result
    assert result["contradictions"] == [sentence]
    assert len(result["evidence"]) == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["missing.json"], "DFU-FILE-001"),
        (["--lacks", "nothing", "REPORT"], "DFU-ARG-001"),
        (["--done", "nothing", "REPORT"], "DFU-ARG-001"),
    ],
)
def test_bad_input_is_one_sentence(
    firmline: Program, report: Path, arguments: list[str], code: str
) -> None:
    told = firmline("diagnose", *(str(report) if each == "REPORT" else each for each in arguments))
    assert told.code == 2
    assert code in told.err
    assert not told.out


def test_what_is_no_report_is_refused(firmline: Program, tmp_path: Path) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(bytes(range(32)) * 8)
    told = firmline("diagnose", str(path))
    assert told.code == 2
    assert "DFU-DIAG-001" in told.err


def test_a_trace_is_diagnosed_as_it_is(firmline: Program, tmp_path: Path) -> None:
    lines = [
        {
            "type": "update_started",
            "at_s": 0.0,
            "unit": "ble:X",
            "package": "dfu.zip",
            "package_sha256": "00",
            "images": ["application"],
            "total_size": 20000,
        },
        {"type": "refused", "at_s": 1.0, "request": "object_execute", "result": 11, "ext_error": 5},
        {
            "type": "update_finished",
            "at_s": 1.1,
            "outcome": "refused",
            "code": "DFU-UNIT-105",
            "message": "No.",
            "size": 0,
            "duration_s": 1.1,
            "transfer_s": 0.0,
        },
    ]
    path = tmp_path / "trace.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    told = firmline("diagnose", str(path), "--json")
    result = json.loads(told.out)
    assert result["causes"][0]["cause"] == "pkg-version-not-higher"
    assert {each["origin"] for each in result["evidence"]} == {"trace", "unit"}


@pytest.mark.parametrize(
    "content", ['{"type": "refused"', '{"type": "refused"}\n{"half', "{}\n{}", '{"a": 1}\nrest']
)
def test_half_a_file_is_refused_in_one_sentence(
    firmline: Program, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "half.jsonl"
    path.write_text(content, encoding="utf-8")
    told = firmline("diagnose", str(path))
    assert told.code in (0, 2)
    assert told.code == 0 or told.err.startswith("error: ")


def test_equipment_that_is_not_at_hand_is_not_asked_for(firmline: Program, report: Path) -> None:
    told = firmline("diagnose", str(report), "--lacks", "good-package", "--json")
    needs = [name for each in json.loads(told.out)["plan"] for name in each["needs"]]
    assert "good-package" not in needs


def test_resolved_runs_move_the_chances_and_that_is_told(firmline: Program, tmp_path: Path) -> None:
    report, counts = tmp_path / "r.json", tmp_path / "counts.csv"
    report.write_text('{"evidence": {"supply": "coin_cell"}}', encoding="utf-8")
    counts.write_text("cause,count\nrx-buffer-leak,300\nunknown,1\n", encoding="utf-8")
    without = firmline("diagnose", str(report), "--json").result
    assert without["learned"] is None
    told = firmline("diagnose", str(report), "--resolved", str(counts))
    assert "rx-buffer-leak" in told.out.splitlines()[1]
    assert "301 resolved runs say, too" in told.out
    assert re.search(r"rx-buffer-leak +1.1 % -> 75 % \(300 runs\)", told.out)
    assert "every other cause: 0.25 times" in told.out
    result = firmline("diagnose", str(report), "--resolved", str(counts), "--json").result
    assert result["learned_runs"] == result["learned"]["runs"] == 301
    assert result["learned"]["moved"][0]["slug"] == "rx-buffer-leak"
    ran = firmline("diagnose", str(report), "--resolved", str(counts), "--report", "out.html")
    assert ran.code == 0
    assert "301 resolved runs say" in Path("out.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", ["cause,count\nfull-moon,1\n", "\x00\x01\x02", "cause,count\n"])
def test_counts_of_no_cause_are_refused(firmline: Program, report: Path, content: str) -> None:
    Path("counts.csv").write_text(content, encoding="utf-8")
    assert_failed(
        firmline("diagnose", str(report), "--resolved", "counts.csv"), Code.TABLE_MALFORMED
    )


# --- several files ------------------------------------------------------------------------------


def test_several_files_tell_of_one_failure_together(firmline: Program, tmp_path: Path) -> None:
    (tmp_path / "unit.jsonl").write_text(trace_of(failed_update()), encoding="utf-8")
    (tmp_path / "seen.json").write_text(
        json.dumps({"evidence": {"supply": "coin_cell", "unit_scope": "one"}}), encoding="utf-8"
    )
    told = firmline("diagnose", str(tmp_path / "unit.jsonl"), str(tmp_path / "seen.json"), "--json")
    assert told.code == 0, told.err
    seen = {each["field"]: each["origin"] for each in told.result["evidence"]}
    assert (seen["ext_error"], seen["supply"]) == ("unit", "report")
    assert told.result["causes"][0]["cause"] == "pkg-version-not-higher"


def test_a_report_of_several_files_sends_all_of_them_along(
    firmline: Program, report: Path, tmp_path: Path
) -> None:
    trace, out = tmp_path / "unit.jsonl", tmp_path / "out.json"
    trace.write_text(trace_of(failed_update()), encoding="utf-8")
    told = firmline("diagnose", str(report), str(trace), "--report", str(out))
    assert told.code == 0, told.err
    made = json.loads(out.read_text(encoding="utf-8"))
    roles = {each["name"]: each["role"] for each in made["attachments"]}
    assert roles == {"report.json": "what was diagnosed", "unit.jsonl": "what was diagnosed"}
    assert made["evidence"]["package_scope"] == "own_only"
    assert made["attempts"]


def test_no_file_of_several_is_left_out_in_silence(firmline: Program, report: Path) -> None:
    assert_failed(firmline("diagnose", str(report), "none.jsonl"), Code.FILE_MISSING)
    assert_failed(firmline("diagnose", "-", "-"), Code.OPTION_CONFLICT)
    kept = report.read_text(encoding="utf-8")
    told = firmline("diagnose", "none.json", str(report), "--report", str(report))
    assert told.code == 2
    assert report.read_text(encoding="utf-8") == kept


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "loaded"),
    [
        ((), set()),
        (("--report", "out.json"), {"firmline.cli.report.content"}),
        (("--report", "out.html"), {"firmline.cli.report.content", "jinja2"}),
    ],
)
def test_a_written_report_needs_no_event_and_no_log(
    tmp_path: Path, more: tuple[str, ...], loaded: set[str]
) -> None:
    """To load them takes longer than to rank the causes."""
    (tmp_path / "seen.json").write_text('{"evidence": {"ext_error": "x05"}}', encoding="utf-8")
    heavy = ("firmline.events", "firmline.diagnosis.logs.reading", "jinja2")
    looked_for = {*heavy, "firmline.cli.report.content"}
    code = (
        "import sys; from firmline.cli.main import cli;"
        f"cli(['diagnose', 'seen.json', *{more!r}], standalone_mode=False);"
        f"print('loaded', *({looked_for!r} & sys.modules.keys()))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert set(ran.stdout.splitlines()[-1].split()) == {"loaded", *loaded}
