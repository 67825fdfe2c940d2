"""``firmline diagnose batch``."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.errors import Code
from unit.cli.program import Program, assert_failed

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


def test_of_the_failing_unit_it_is_said_whether_it_is_one_of_them(
    firmline: Program, table: str
) -> None:
    told = firmline("diagnose", "batch", table, "--failing", "b3")
    assert told.out.splitlines()[1] == "b3 has failed with cell_lot = 8: it is one of these."
    result = firmline("diagnose", "batch", table, "--failing", "g1", "--json").result
    assert result["of_unit"] == "g1 has not failed in this table."


def test_a_unit_that_is_not_in_the_table_is_one_sentence(firmline: Program, table: str) -> None:
    told = firmline("diagnose", "batch", table, "--failing", "b33")
    assert_failed(told, Code.TABLE_MALFORMED)
    assert "has no attempt with the unit 'b33' that came to a verdict" in told.err
    assert "Give --failing 'b3'" in told.err


def test_of_a_short_number_every_other_is_near_and_none_is_meant(
    firmline: Program, tmp_path: Path
) -> None:
    path = tmp_path / "numbers.csv"
    rows = [f"{each},{'failed' if each > 5 else 'passed'},{each > 5}" for each in range(1, 10)]
    path.write_text("\n".join(["unit,outcome,lot", *rows]), encoding="utf-8")
    told = firmline("diagnose", "batch", str(path), "--failing", "99")
    assert_failed(told, Code.TABLE_MALFORMED)
    assert "has no attempt with the unit '99'" in told.err
    assert "if that is meant" not in told.err


def test_what_was_left_out_is_said(firmline: Program, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(f"{TABLE}x1,ERROR,A,8\n".replace(",", "\t").encode("utf-16"))
    told = firmline("diagnose", "batch", str(path))
    assert "not used: 1 attempt has no verdict on the unit" in told.out
    assert (
        "1 attempt has" in firmline("diagnose", "batch", str(path), "--json").result["left_out"][0]
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", Code.FILE_EMPTY),
        (b"\x00" * 5000, Code.TABLE_MALFORMED),
        (b"\x7fELF" + bytes(300), Code.TABLE_MALFORMED),
        (b"x" * 300_000, Code.TABLE_MALFORMED),
        (b"unit,outcome\n" + b"1," * 300_000, Code.TABLE_MALFORMED),
        (b"unit,outcome,lot\n1,pass," + b"y" * 300_000, Code.TABLE_MALFORMED),
        (b"unit,outcome\n1,pa\xff\x00ss\n", Code.TABLE_MALFORMED),
    ],
    ids=["empty", "zeros", "elf", "one-line", "columns", "cell", "damaged"],
)
def test_whatever_is_given_it_is_one_sentence_and_a_code(
    firmline: Program, tmp_path: Path, content: bytes, code: Code
) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    told = firmline("diagnose", "batch", str(path))
    assert_failed(told, code)
    assert len(told.err) < 1000


def test_a_folder_is_no_table(firmline: Program, tmp_path: Path) -> None:
    told = firmline("diagnose", "batch", str(tmp_path))
    assert_failed(told, Code.FILE_UNREADABLE)
    assert "The table " in told.err
