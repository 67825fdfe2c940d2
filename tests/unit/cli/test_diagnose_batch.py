"""``firmline diagnose batch``."""

from __future__ import annotations

from pathlib import Path

import pytest

from unit.cli.program import Program

GOOD = "".join(f"g{number},pass,A,7\n" for number in range(20))
BAD = "".join(f"b{number},fail,A,8\n" for number in range(5))
TABLE = f"unit,outcome,station,cell_lot\n{GOOD}{BAD}"


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "rows.csv"
    path.write_text(TABLE, encoding="utf-8")
    return str(path)


def test_people_read_the_verdict_first(firmline: Program, table: str) -> None:
    told = firmline("diagnose", "batch", table)
    assert told.code == 0
    assert told.out.splitlines()[0] == (
        "It is cell_lot = 8: 5 of 5 units with it failed, and 0 of 20 without."
    )
    assert "stands out" in told.out
    assert "not compared: station is the same for all units" in told.out


def test_programs_read_every_cohort(firmline: Program, table: str) -> None:
    result = firmline("diagnose", "batch", table, "--json").result
    assert (result["units"], result["failed"]) == (25, 5)
    first = result["cohorts"][0]
    assert (first["factor"], first["value"], first["stands_out"]) == ("cell_lot", "8", True)
    assert 0 < first["chance"] <= first["corrected"] < 0.05


def test_what_is_no_table_is_one_sentence(firmline: Program, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n", encoding="utf-8")
    told = firmline("diagnose", "batch", str(path))
    assert told.code == 2
    assert "DFU-DIAG-002" in told.err


def test_the_help_of_the_command_names_its_commands(firmline: Program) -> None:
    help_text = " ".join(firmline("diagnose", "--help").out.split())
    assert "batch Say whether it is one unit or a batch." in help_text
    assert "firmline diagnose batch" in firmline("diagnose", "batch", "--help").out


def test_a_file_of_that_name_is_reached_by_its_folder(firmline: Program) -> None:
    Path("batch").write_text('{"evidence": {"phase": "scan"}}', encoding="utf-8")
    assert firmline("diagnose", "./batch").out.startswith("Causes")
