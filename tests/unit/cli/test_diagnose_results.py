"""``firmline diagnose --result``: what tests have shown, told and read again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from firmline.errors import Code
from unit.cli.program import Program, assert_failed

ORIGIN = {
    "evidence": {
        "transport": "ble",
        "bootloader": "secure",
        "sdk": "sdk_15_3",
        "chip": "nrf52832",
        "time_to_failure": "instant",
        "reproducibility": "always",
        "unit_scope": "one",
        "supply": "coin_cell",
        "not_cured_by": ["retry"],
        "flags": ["app_ok"],
    }
}


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(ORIGIN), encoding="utf-8")
    return path


def test_every_test_is_shown_with_its_steps_its_name_and_what_it_can_show(
    firmline: Program, report: Path
) -> None:
    plan = firmline("diagnose", str(report)).out.partition("What to do next")[2]
    words = " ".join(plan.split())
    assert "--result app-restart=OUTCOME: helped, failed" in words
    assert "--result read-reset-reason=OUTCOME: reset_reason_brownout, " in words
    assert "Restart the application by its own command" in words
    numbers = [
        line.split(".")[0].strip() for line in plan.splitlines() if re.match(r"  \d+\. ", line)
    ]
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    assert len(numbers) <= 15
    assert max(map(len, plan.splitlines())) < 140


def test_the_plan_ends_with_what_takes_the_power_away(firmline: Program, report: Path) -> None:
    plan = firmline("diagnose", str(report)).out
    keep, _, power = plan.partition("Only now, because it destroys")
    assert "supply-in-parallel=" in keep
    for name in ("power-cycle=", "cell-reseated=", "new-cell="):
        assert name not in keep
    assert "power-cycle=" in power


def test_a_result_moves_the_chances_and_its_test_is_not_proposed_again(
    firmline: Program, report: Path
) -> None:
    result = firmline(
        "diagnose",
        str(report),
        *("--result", "see-phase=init_transfer,error_code,r08"),
        *("--result", "app-restart=failed"),
        "--json",
    ).result
    assert result["causes"][0]["cause"] == "rx-buffer-leak"
    told = {(each["field"], each["value"], each["origin"]) for each in result["evidence"]}
    assert ("not_cured_by", "app_restart", "person") in told
    assert ("result_code", "r08", "person") in told
    assert result["done"] == ["see-phase", "app-restart"]
    assert not {"see-phase", "app-restart"} & {each["test"] for each in result["plan"]}


def test_what_is_printed_is_read_again_as_it_was(
    firmline: Program, report: Path, tmp_path: Path
) -> None:
    given = ("--result", "read-reset-reason=none", "--result", "see-end=back_in_app")
    first = firmline("diagnose", str(report), *given, "--done", "good-unit", "--json")
    kept = tmp_path / "kept.json"
    kept.write_text(first.out, encoding="utf-8")
    again = firmline("diagnose", str(kept), "--json").result
    assert again == first.result
    more = firmline("diagnose", str(kept), "--result", "pin-reset=helped", "--json").result
    assert more["done"] == ["good-unit", "read-reset-reason", "see-end", "pin-reset"]
    assert more["evidence"][-1]["where"] == "Reset by the pin"


def test_contradictions_survive_being_read_again(firmline: Program, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"evidence": {"end_state": "off"}}', encoding="utf-8")
    first = firmline(
        "diagnose", str(tmp_path / "r.json"), "--result", "see-end=back_in_app", "--json"
    )
    assert first.result["contradictions"]
    (tmp_path / "k.json").write_text(first.out, encoding="utf-8")
    again = firmline("diagnose", str(tmp_path / "k.json"), "--json")
    assert again.result["contradictions"] == first.result["contradictions"]


def test_results_alone_are_something_to_go_by(firmline: Program) -> None:
    told = firmline("diagnose", "--result", "supply-in-parallel=helped")
    assert told.code == 0
    assert "power-brownout-coincell" in told.out.splitlines()[1]
    assert "Something has helped already" in told.out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pin-reset", "--result pin-reset=helped"),
        ("pin-rest=helped", "--result pin-reset=helped"),
        ("pin-reset=maybe", "It can show: helped, failed."),
        ("see-phase=none", "failure_kind:none or progress:none"),
        ("see-end=app_ok", "It can show: unchanged, back_in_app"),
        ("read-reset-reason=app_ok", "none."),
        ("=", "--result app-restart=helped"),
    ],
)
def test_a_result_that_is_none_is_refused_with_what_can_be(
    firmline: Program, text: str, says: str
) -> None:
    told = firmline("diagnose", "--result", text)
    assert_failed(told, Code.USAGE)
    assert says in " ".join(told.err.split())


def test_a_result_of_something_else_is_no_evidence(firmline: Program, tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    rows = [{"field": "phase", "value": "scan"}, 7, {"field": "x", "value": "y", "origin": "unit"}]
    document = {"type": "result", "evidence": rows, "done": ["pin-reset", 3, "no-test"]}
    path.write_text(json.dumps(document), encoding="utf-8")
    told = firmline("diagnose", str(path), "--json").result
    assert told["evidence"] == []
    assert len(told["unused"]) == 3
    assert told["done"] == ["pin-reset"]


def test_a_sure_cause_is_said_to_be_sure_enough(firmline: Program, tmp_path: Path) -> None:
    path = tmp_path / "sure.json"
    seen = {"phase": "init_execute", "result_code": "r0B", "ext_error": "x06"}
    path.write_text(json.dumps({"evidence": seen}), encoding="utf-8")
    assert "is sure enough to act on: do its fix" in firmline("diagnose", str(path)).out


def test_counts_that_are_none_are_told_what_counts_look_like(
    firmline: Program, report: Path
) -> None:
    Path("counts.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    told = firmline("diagnose", str(report), "--resolved", "counts.csv")
    assert_failed(told, Code.TABLE_MALFORMED)
    assert "cause,count" in told.err
    assert "outcome" not in told.err
