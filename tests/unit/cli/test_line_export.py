"""``firmline line export``: what the records of a line hold, for people, programs, spreadsheets."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from firmline.errors import Code, ExitCode
from firmline.line.outcomes import StepOutcome
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.open import open_records
from firmline.line.records.values import Unit
from unit.cli.program import Program, assert_failed, files_in
from unit.line.records_world import BEGIN, begun, row, whole_run

LATER = BEGIN + timedelta(hours=1)
FORMULA = Unit(product="tag", serial="=1+1")


@pytest.fixture
def shift(folder: Path) -> Path:
    """A unit that failed and passed its retest elsewhere, one with a bad name, one half done."""
    path = folder / "shift.db"
    with closing(open_records(DatabaseAddress(path=path), create=True)) as records:
        records.write(whole_run("north"))
        records.write(whole_run("south", at=LATER, outcome=StepOutcome.PASS))
        records.write(whole_run("south", 5, FORMULA, at=LATER))
        records.write([row("north", 5, begun(Unit(product="tag", serial="SN-8"), at=LATER))])
    return path


@pytest.mark.usefixtures("shift")
def test_people_see_a_line_for_each_run_and_what_it_comes_to(firmline: Program) -> None:
    ran = firmline("line", "export", "--db", "shift.db")
    assert (ran.code, ran.err) == (0, "")
    first, second, _, half, last = ran.out.splitlines()
    assert first == "2026-11-23 08:00:00Z  FAIL    tag SN-0007, attempt 1, at north/1, 31.0 s"
    assert second == "2026-11-23 09:00:00Z  PASS    tag SN-0007, attempt 2, at south/1, 31.0 s"
    assert half == (
        "2026-11-23 09:00:00Z  no end  tag SN-8, at north/1: at work, or left half done"
    )
    assert last == "3 units, 3 runs (1 PASS, 2 FAIL); 1 without an end."


@pytest.mark.usefixtures("shift")
def test_one_unit_is_told_in_full(firmline: Program) -> None:
    ran = firmline("line", "export", "--db", "shift.db", "--serial", "SN-0007")
    assert ran.code == 0
    for said in (
        "    update: FAIL, 20.5 s: The connection was lost at 37 %",
        "[DFU-LINK-004]",
        "        rate: 9.1 kB/s (at least 8, at most 1e+300: PASS, marginal)",
        "        softdevice: s112-7.2.0 (equals s112-7.2.0: PASS)",
        "        rssi: not measured (SKIP)",
        "        trace.jsonl: 4,711 bytes, SHA-256 0123456789abcdef...",
        "    diagnosis: weak-cell 70%, unknown 30%; next test: same-unit-again",
    ):
        assert said in ran.out
    assert ran.out.splitlines()[-1] == "1 unit, 2 runs (1 PASS, 1 FAIL)."


@pytest.mark.slow
@pytest.mark.usefixtures("shift")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--station", "south"), "2 units, 2 runs (1 PASS, 1 FAIL)."),
        (("--batch", "2026-47"), "2 units, 3 runs (1 PASS, 2 FAIL)."),
        (("--product", "lamp"), "0 units, 0 runs."),
        (("--serial", "SN-8"), "1 unit, 0 runs; 1 without an end."),
    ],
)
def test_runs_are_chosen(firmline: Program, options: tuple[str, str], said: str) -> None:
    ran = firmline("line", "export", "--db", "shift.db", *options)
    assert (ran.code, ran.out.splitlines()[-1]) == (0, said)


@pytest.mark.usefixtures("shift")
def test_an_attempt_keeps_its_number_where_others_are_left_out(firmline: Program) -> None:
    ran = firmline("line", "export", "--db", "shift.db", "--station", "south")
    assert "SN-0007, attempt 2" in ran.out


@pytest.mark.usefixtures("shift")
def test_programs_get_everything(firmline: Program) -> None:
    ran = firmline("line", "export", "--db", "sqlite:///shift.db", "--json")
    assert ran.result == {
        "type": "result",
        "database": "shift.db",
        "units": 3,
        "runs": 3,
        "outcomes": {"fail": 2, "pass": 1},
        "half_done": 1,
    }
    first, *_, half, _ = ran.json_lines
    assert (first["type"], first["station"], first["run"], first["attempt"]) == (
        *("run", "north"),
        *(1, 1),
    )
    assert first["began_at"] == "2026-11-23T08:00:00.123456Z"
    assert first["unit"] == {"product": "tag", "serial": "SN-0007"}
    assert first["lots"][0] == {"part": "battery", "lot": "CR-11"}
    assert first["phases"][0]["measurements"][0]["limits"]["marginal_least"] == 9.5
    assert first["diagnoses"][0]["causes"][0]["probability"] == 0.7
    assert (half["type"], half["unit"]["serial"]) == ("half_done", "SN-8")


@pytest.mark.usefixtures("shift")
def test_spreadsheets_get_a_row_a_run_and_obey_none(firmline: Program, folder: Path) -> None:
    ran = firmline("line", "export", "--db", "shift.db", "--csv", "runs.csv")
    assert (ran.code, ran.out) == (0, "Written: runs.csv (3 rows)\n")
    written = (folder / "runs.csv").read_text("utf-8")
    first, second, third = csv.DictReader(io.StringIO(written))
    assert (first["serial"], first["attempt"], first["outcome"]) == ("SN-0007", "1", "fail")
    assert (first["cause"], first["lots"]) == ("weak-cell", "battery=CR-11; board=B7")
    assert (second["station"], second["outcome"]) == ("south", "pass")
    assert third["serial"] == "'=1+1"
    sent = firmline("line", "export", "--db", "shift.db", "--csv", "-")
    assert sent.out.replace("\r\n", "\n") == written.replace("\r\n", "\n")


def test_the_records_are_not_written_over(firmline: Program, shift: Path) -> None:
    before = shift.read_bytes()
    ran = firmline("line", "export", "--db", "shift.db", "--csv", "shift.db")
    assert_failed(ran, Code.OPTION_CONFLICT)
    assert shift.read_bytes() == before


@pytest.mark.usefixtures("shift")
def test_a_table_and_json_are_one_too_many(firmline: Program, folder: Path) -> None:
    ran = firmline("line", "export", "--db", "shift.db", "--json", "--csv", "x.csv")
    assert_failed(ran, Code.OPTION_CONFLICT)
    assert "x.csv" not in files_in(folder)


def test_what_is_no_database_of_records_is_told(firmline: Program, folder: Path) -> None:
    assert_failed(firmline("line", "export", "--db", "none.db"), Code.DATABASE_GONE, ExitCode.LINK)
    assert files_in(folder) == set()
    (folder / "notes.txt").write_text("not a database")
    assert_failed(
        firmline("line", "export", "--db", "notes.txt"), Code.DATABASE_FOREIGN, ExitCode.LINK
    )
    with closing(sqlite3.connect(folder / "other.db")) as other:
        other.execute("CREATE TABLE things (id INTEGER)")
    assert_failed(
        firmline("line", "export", "--db", "other.db"), Code.DATABASE_FOREIGN, ExitCode.LINK
    )


def test_a_password_is_never_printed(firmline: Program) -> None:
    url = "postgresql://line:s3cret@/records?host=%2Fnonexistent"
    ran = firmline("line", "export", "--db", url, "--json")
    assert ran.result["code"] == Code.DATABASE_GONE
    assert "s3cret" not in ran.out + ran.err
    ran = firmline("line", "export", "--db", "mysql://line:s3cret@centre/records")
    assert_failed(ran, Code.DATABASE_ADDRESS)
    assert "s3cret" not in ran.out + ran.err
