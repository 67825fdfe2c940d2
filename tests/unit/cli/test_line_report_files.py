"""``firmline line report`` as a page and as Parquet."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from firmline.errors import Code, ExitCode
from unit.cli.page import Page
from unit.cli.program import Program, assert_failed, files_in
from unit.line.reports_world import write_shift

REPORT = ("line", "report", "--db", "shift.db")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\x1b[31m\u202e"


@pytest.fixture
def shift(folder: Path) -> Path:
    return write_shift(folder)


def page_of(firmline: Program, *options: str) -> tuple[str, Page]:
    ran = firmline(*REPORT, "--html", "page.html", *options)
    assert (ran.code, ran.err) == (0, "Written: page.html\n")
    text = Path("page.html").read_text("utf-8")
    return text, Page(text)


@pytest.mark.usefixtures("shift")
def test_the_page_tells_what_the_terminal_tells(firmline: Program) -> None:
    _, page = page_of(firmline, "--by", "station")
    for told in (
        "42: 39 PASS, 2 FAIL, 1 ERROR; 1 on golden samples left out",
        "2026-11-23 08:00 to 2026-11-23 11:25 UTC",
        "94.9 % (83.1 to 98.6) of 39 units",
        "First pass, 50 % to 100 %",
        "north 20 100.0 % (83.9 to 100.0)",
        "Why units fail: 2 runs on 2 units",
        "weak-cell 2 2 100.0 % 100.0 %",
        "What stops runs: 1 runs",
        "2 of 39 units failed, and nothing that they have in common stands out.",
        "update: duration (s) 39 20.47 0.322 <= 30 0 8.44 (5.97 to 10.92) 9.87 (7.65 to 12.09)",
        "in control: nothing stands out in the newest 39 points (each run).",
        "WE 4: 8 points in a row on one side",
    ):
        assert told in page.text, told
    drawn = [attributes.get("class") for tag, attributes in page.elements if tag == "svg"]
    assert drawn.count("chart") == 2
    assert drawn.count("histogram") == 1
    assert drawn.count("range") == 3 + 5, "three groups and five bars"


@pytest.mark.usefixtures("shift")
def test_the_page_asks_nobody_and_runs_nothing(firmline: Program) -> None:
    text, page = page_of(firmline)
    page.assert_harmless()
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert not re.search(r"url\(|@import|http", style[1])
    assert "default-src &#39;none&#39;" in text


def test_names_make_no_elements(firmline: Program, shift: Path) -> None:
    with closing(sqlite3.connect(shift)) as database:
        for statement in (
            "UPDATE runs SET batch = ?, code = ? WHERE outcome != 'pass'",
            "UPDATE phases SET name = ?, message = ?",
            "UPDATE measurements SET name = ?, unit = ?",
            "UPDATE causes SET cause = ?, family = ?",
        ):
            database.execute(statement, (HOSTILE, HOSTILE))
        database.commit()
    text, page = page_of(firmline, "--by", "batch")
    page.assert_harmless()
    assert text.count("<script") == 0
    assert "<script>alert(1)" in page.text, "as words"


@pytest.mark.usefixtures("shift")
def test_a_page_of_hours_has_charts_of_means(firmline: Program) -> None:
    _, page = page_of(firmline, "--by", "hour", "--rules", "nelson")
    assert "mean of each hour" in page.text
    assert "standard deviation of each hour" in page.text
    assert "Nelson 8: 8 points in a row beyond 1 sigma, on either side" in page.text


def test_a_page_without_verdicts_says_so(firmline: Program, shift: Path) -> None:
    with closing(sqlite3.connect(shift)) as database:
        database.execute("UPDATE runs SET outcome = 'error'")
        database.commit()
    _, page = page_of(firmline)
    assert "First pass - of 0 units" in page.text
    assert "What is measured" not in page.text


@pytest.mark.slow
@pytest.mark.usefixtures("shift")
def test_parquet_and_csv_say_the_same(firmline: Program, folder: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    ran = firmline(*REPORT, "--by", "slot", "--csv", "r.csv", "--parquet", "r'.parquet")
    assert (ran.code, ran.err) == (0, "Written: r.csv\nWritten: r'.parquet\n")
    (folder / "r'.parquet").rename(folder / "r.parquet")
    with duckdb.connect() as database:
        found = database.execute("SELECT * FROM 'r.parquet'")
        names = [each[0] for each in found.description]
        rows = found.fetchall()
        kinds = [kind for *_, kind in [each[:2] for each in found.description]]
    written = [*csv.reader(io.StringIO((folder / "r.csv").read_text("utf-8")))]
    assert names == written[0]
    assert [["" if cell is None else str(cell) for cell in row] for row in rows] == written[1:]
    assert [str(kind) for kind in kinds] == ["VARCHAR"] * 4 + ["DOUBLE"] * 3 + ["BIGINT"] * 2


@pytest.mark.usefixtures("shift")
def test_without_the_extra_nothing_is_written(
    firmline: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    before = files_in(folder)
    ran = firmline(*REPORT, "--parquet", "r.parquet", "--html", "r.html")
    assert_failed(ran, Code.LINK_EXTRA_MISSING, ExitCode.LINK)
    assert "firmline[parquet]" in ran.err
    assert files_in(folder) == before


@pytest.mark.slow
@pytest.mark.usefixtures("shift")
@pytest.mark.parametrize("form", ["--html", "--parquet"])
def test_no_file_is_written_over(firmline: Program, folder: Path, form: str) -> None:
    (folder / "there").write_text("evidence")
    before = files_in(folder)
    assert_failed(firmline(*REPORT, "--csv", "new.csv", form, "there"), Code.FILE_EXISTS)
    assert_failed(firmline(*REPORT, "--csv", "new", form, "new"), Code.OPTION_CONFLICT)
    assert_failed(firmline(*REPORT, "--csv", "new", form, "no/new"), Code.FILE_NOT_WRITABLE)
    assert files_in(folder) == before
    assert (folder / "there").read_text() == "evidence"
