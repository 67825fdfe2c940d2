"""``firmline line report``: what a shift comes to, for people, programs and spreadsheets."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from firmline.errors import Code, ExitCode
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.open import open_records
from firmline.line.records.values import Unit
from unit.cli.program import Program, assert_failed, files_in
from unit.line.records_world import BEGIN, row, run
from unit.line.reports_world import write_shift

REPORT = ("line", "report", "--db", "shift.db")


@pytest.fixture
def shift(folder: Path) -> Path:
    return write_shift(folder)


@pytest.mark.usefixtures("shift")
def test_people_see_yields_and_what_goes_wrong(firmline: Program) -> None:
    ran = firmline(*REPORT)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == (
        "shift.db: 42 runs (39 PASS, 2 FAIL, 1 ERROR) from 2026-11-23 08:00Z to 2026-11-23 11:25Z;"
        " 1 run on golden samples left out"
    )
    whole = "100.0 % (91.0 to 100.0)"
    for said in (
        f"all      39   94.9 % (83.1 to 98.6)   {whole}   {whole}     42            1",
        "Why units fail (FAIL): 2 runs on 2 units",
        "  by cause    runs   units     share    so far",
        "  weak-cell      2       2   100.0 %   100.0 %",
        "What stops runs (ERROR, TIMEOUT, ABORTED): 1 run on 1 unit",
    ):
        assert said in ran.out


@pytest.mark.slow
@pytest.mark.usefixtures("shift")
@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("batch", ["b0", "b1", "b2"]),
        ("station", ["north", "south"]),
        ("slot", ["north/1", "south/1"]),
        ("hour", [f"2026-11-23T{hour:02}:00Z" for hour in (8, 9, 10, 11)]),
        ("shift", ["2026-11-23T08:00Z"]),
        ("day", ["2026-11-23"]),
    ],
)
def test_it_is_divided(firmline: Program, by: str, groups: list[str]) -> None:
    result = firmline(*REPORT, "--by", by, "--json").result
    assert [each["group"] for each in result["groups"]] == groups
    assert sum(each["units"] for each in result["groups"]) == result["all"]["units"] == 39
    assert sum(each["runs"] for each in result["groups"]) == 42
    assert (result["by"], result["golden_runs"]) == (by, 1)
    for group in groups:
        assert f"  {group} " in firmline(*REPORT, "--by", by).out


@pytest.mark.usefixtures("shift")
def test_programs_get_the_numbers(firmline: Program) -> None:
    result = firmline(*REPORT, "--json").result
    first = result["all"]["first_pass"]
    assert (first["count"], first["of"], round(first["share"], 4)) == (37, 39, 0.9487)
    assert (round(first["low"], 4), round(first["high"], 4)) == (0.8311, 0.9858)
    ends = dict(zip(("pass", "fail", "error", "timeout", "aborted"), (39, 2, 1, 0, 0), strict=True))
    assert result["all"]["outcomes"] == ends
    (bar,) = result["failures"]["cause"]["bars"]
    assert bar == {"name": "weak-cell", "runs": 2, "units": 2, "share": 1.0, "so_far": 1.0}
    assert result["stoppages"]["code"]["bars"][0]["name"] == "DFU-LINK-004"
    assert result["first_at"] == "2026-11-23T08:00:00.123456Z"
    assert result["groups"] == []


@pytest.mark.slow
@pytest.mark.usefixtures("shift")
@pytest.mark.parametrize(
    ("options", "runs", "units"),
    [
        (("--batch", "b1"), 20, 20),
        (("--station", "south"), 21, 19),
        (("--station", "north", "--slot", "1"), 21, 20),
        (("--recipe", "tag-rev-c"), 42, 39),
        (("--product", "tag", "--until", "2026-11-23T09:00:00Z"), 12, 11),
        (("--since", "2026-11-23T09:00:00+00:00"), 30, 28),
        (("--since", "2026-11-23T10:00:00+01:00", "--until", "2026-11-24"), 30, 28),
    ],
)
def test_runs_are_chosen(
    firmline: Program, options: tuple[str, ...], runs: int, units: int
) -> None:
    told = firmline(*REPORT, *options, "--json").result["all"]
    assert (told["runs"], told["units"]) == (runs, units)


@pytest.mark.usefixtures("shift")
def test_a_spreadsheet_gets_a_row_a_figure(firmline: Program, folder: Path) -> None:
    ran = firmline(*REPORT, "--by", "station", "--csv", "report.csv")
    assert (ran.code, ran.err) == (0, "Written: report.csv\n")
    rows = [*csv.DictReader(io.StringIO((folder / "report.csv").read_text("utf-8")))]
    of_north = {each["name"]: each for each in rows if each["group"] == "north"}
    assert (of_north["first_pass"]["count"], of_north["first_pass"]["of"]) == ("20", "20")
    assert (of_north["error"]["count"], of_north["error"]["section"]) == ("0", "runs")
    assert [each["name"] for each in rows if each["section"] == "failures by phase"] == ["update"]


@pytest.mark.usefixtures("shift")
def test_no_file_is_written_over(firmline: Program, folder: Path) -> None:
    (folder / "report.csv").write_text("evidence")
    assert_failed(firmline(*REPORT, "--csv", "report.csv"), Code.FILE_EXISTS)
    assert (folder / "report.csv").read_text() == "evidence"
    before = (folder / "shift.db").read_bytes()
    assert_failed(firmline(*REPORT, "--csv", "shift.db"), Code.FILE_EXISTS)
    assert (folder / "shift.db").read_bytes() == before
    assert_failed(firmline(*REPORT, "--csv", "none/report.csv"), Code.FILE_NOT_WRITABLE)


@pytest.mark.slow
@pytest.mark.usefixtures("shift")
@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--batch", "b9"), Code.NO_RUNS),
        (("--since", "2030-01-01"), Code.NO_RUNS),
        (("--since", "2026-11-24", "--until", "2026-11-23"), Code.OPTION_CONFLICT),
        (("--since", "2026-11-24", "--until", "2026-11-24"), Code.OPTION_CONFLICT),
        (("--since", "yesterday"), Code.NUMBER_MALFORMED),
        (("--until", "99999999999999999"), Code.NUMBER_OUT_OF_RANGE),
        (("--slot", "0"), Code.USAGE),
        (("--by", "operator"), Code.USAGE),
        (("--batch", "b1", "--batch", "b2"), Code.OPTION_CONFLICT),
    ],
)
def test_what_cannot_be_answered_is_told(
    firmline: Program, folder: Path, options: tuple[str, ...], code: Code
) -> None:
    assert_failed(firmline(*REPORT, *options, "--csv", "new.csv"), code)
    assert "new.csv" not in files_in(folder)


@pytest.mark.usefixtures("shift")
def test_golden_samples_alone_are_no_report(firmline: Program, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "shift.db")) as database:
        database.execute("UPDATE runs SET is_golden = 1")
        database.commit()
    ran = firmline(*REPORT)
    assert_failed(ran, Code.NO_RUNS)
    assert "43 on golden samples count nowhere" in ran.err


def test_what_is_no_database_of_records_is_told(firmline: Program, folder: Path) -> None:
    assert_failed(firmline(*REPORT), Code.DATABASE_GONE, ExitCode.LINK)
    assert files_in(folder) == set()
    (folder / "shift.db").write_text("not a database")
    assert_failed(firmline(*REPORT), Code.DATABASE_FOREIGN, ExitCode.LINK)


def test_an_empty_database_of_records_has_nothing_to_report(
    firmline: Program, folder: Path
) -> None:
    open_records(DatabaseAddress(path=folder / "shift.db"), create=True).close()
    assert_failed(firmline(*REPORT), Code.NO_RUNS)


@pytest.mark.slow  # it waits a while for the other program
def test_a_newer_database_and_a_locked_one_are_told(firmline: Program, shift: Path) -> None:
    with closing(sqlite3.connect(shift)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("BEGIN EXCLUSIVE")
        assert_failed(firmline(*REPORT), Code.DATABASE_LOCKED, ExitCode.LINK)
        database.rollback()
        database.execute("UPDATE firmline_records_version SET version_num = '9999'")
        database.commit()
    assert_failed(firmline(*REPORT), Code.DATABASE_NEWER, ExitCode.LINK)


def test_names_obey_no_terminal_and_no_spreadsheet(firmline: Program, shift: Path) -> None:
    with closing(sqlite3.connect(shift)) as database:
        database.execute("UPDATE runs SET batch = '=1+1\x1b[2J'")
        database.commit()
    ran = firmline(*REPORT, "--by", "batch", "--csv", "-.csv")
    assert "\x1b" not in ran.out
    assert "'=1+1" in (shift.parent / "-.csv").read_text()


@pytest.mark.usefixtures("shift")
def test_people_see_what_is_measured_and_whether_it_is_a_batch(firmline: Program) -> None:
    ran = firmline(*REPORT)
    for said in (
        "What is measured (the newest 41 runs with a verdict)",
        "  update: duration (s)         39   20.47   0.322    <= 30         0",
        "   8.44 (5.97 to 10.92)   9.87 (7.65 to 12.09)",
        "  duration: in control: nothing stands out in the newest 39 points (each run).",
        "  2 of 39 units failed, and nothing that they have in common stands out.",
    ):
        assert said in ran.out


@pytest.mark.usefixtures("shift")
def test_programs_get_the_charts(firmline: Program) -> None:
    result = firmline(*REPORT, "--json", "--rules", "nelson", "--newest", "30").result
    (measured,) = result["measured"]
    assert (measured["step"], measured["name"], measured["unit"]) == ("update", "duration", "s")
    assert (result["newest"], measured["readings"]) == (30, 30)
    assert measured["cpk"]["low"] < measured["cpk"]["value"] < measured["cpk"]["high"]
    assert "Nelson 8" in measured["charts"]["rules"]
    points = measured["charts"]["location"]["points"]
    assert len(points) == 30
    assert {"at", "value", "low", "high", "rules"} == points[0].keys()
    assert result["comparison"]["units"] == 30
    by_hour = firmline(*REPORT, "--json", "--by", "hour").result["measured"][0]["charts"]
    assert by_hour["location"]["what"] == "mean of each hour"


@pytest.mark.usefixtures("shift")
def test_a_batch_that_fails_is_named(firmline: Program, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "shift.db")) as database:
        database.execute("UPDATE runs SET outcome = 'fail' WHERE batch = 'b1'")
        database.commit()
    said = firmline(*REPORT).out
    assert "It is batch = b1: 20 of 20 units with it failed" in said


@pytest.mark.usefixtures("shift")
def test_a_signal_is_told_with_its_rule(firmline: Program, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "shift.db")) as database:
        database.execute(
            "UPDATE measurements SET number = 29 WHERE station = 'south' AND sequence > 150"
        )
        database.commit()
    said = firmline(*REPORT).out
    assert "signals in the newest 39 points (each run), the last at 2026-11-23 11:25Z: WE 1" in said


@pytest.mark.slow
@pytest.mark.usefixtures("shift")
@pytest.mark.parametrize("options", [("--newest", "1"), ("--newest", "x"), ("--rules", "mine")])
def test_nonsense_is_refused(firmline: Program, options: tuple[str, str]) -> None:
    ran = firmline(*REPORT, *options)
    assert ran.code == 2
    assert "DFU-" in ran.err


def passed_twice(folder: Path, units: int) -> None:
    """Units that two stations have passed, neither of which knew of the other."""
    address = DatabaseAddress(path=folder / "shift.db")
    with closing(open_records(address, create=False)) as records:
        for number in range(units):
            unit = Unit(product="tag", serial=f"SN-{20 + number}")
            records.write([row("west", 1 + number, run(1, unit, at=BEGIN + timedelta(days=1)))])


@pytest.mark.usefixtures("shift")
def test_serial_numbers_that_passed_twice_are_named(firmline: Program, folder: Path) -> None:
    passed_twice(folder, 1)
    ran = firmline(*REPORT, "--html", "page.html")
    doubt = "It has passed the recipe tag-rev-c 2 times (north, west): it was scanned again"
    assert "Passed more than once: 1 serial number\n" in ran.out
    assert f"  tag SN-20: {doubt}" in ran.out
    (told,) = firmline(*REPORT, "--json").result["doubted"]["units"]
    assert (told["product"], told["serial"]) == ("tag", "SN-20")
    assert told["doubts"][0].startswith(doubt)
    page = (folder / "page.html").read_text("utf-8")
    assert "<strong>tag SN-20</strong> It has passed" in page
    assert "/units?" not in page, "a file has no other pages"


@pytest.mark.usefixtures("shift")
def test_many_of_them_are_counted(firmline: Program, folder: Path) -> None:
    passed_twice(folder, 10)
    ran = firmline(*REPORT)
    assert "Passed more than once: 10 serial numbers\n" in ran.out
    assert "\n  and 2 more\n" in ran.out
