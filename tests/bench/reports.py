"""How long a report over a million runs takes: SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from bench.run import Figure, run
from firmline.line.records.address import DatabaseAddress, parse_address
from firmline.line.records.open import open_records
from firmline.line.records.sql import SqlRecords
from firmline.line.reporting import line_report
from firmline.line.statistics.grouping import By
from firmline.web.api.metrics import Figures
from postgresql_server import Server

MILLION = 1_000_000
LIMIT_S = 2.0
"""A report over a million runs (issue 7, "Speed and load")."""
PAGE_S = 1.0
"""The figures for Prometheus, which are kept for 15 s; ours."""
RUNS = 5
NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers(n) AS"
    " (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}) ",
    "postgresql": "WITH numbers(n) AS (SELECT generate_series(0::bigint, {last})) ",
}
TIME = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S', 1767225600 + {n}, 'unixepoch') || '.000000'",
    "postgresql": "to_timestamp(1767225600 + {n})",
}
NO = {"sqlite": "0", "postgresql": "false"}
STATION = "'station-' || (n % 10)"
FIRST = "1 + 4 * (n / 10)"
"""The number of a run: each is four rows of one of ten stations."""
SERIAL = "'SN-' || (CASE WHEN n % 33 = 7 THEN n - 2 ELSE n END)"
SLOT = "1 + (n / 10) % 8"
OUTCOME = "CASE WHEN n % 37 = 5 THEN 'fail' WHEN n % 101 = 6 THEN 'error' ELSE 'pass' END"


def statements(kind: str, runs: int) -> list[str]:
    """What fills the tables: a run a second at ten stations of eight slots; 3 % are retests.

    The ledger is left out: no report reads it.
    """
    begun, ended = (TIME[kind].format(n=n) for n in ("n", "n + 30"))
    no = NO[kind]
    into = {
        "runs_begun (station, sequence, at, product, serial, slot)": f"{STATION}, {FIRST}, {begun},"
        f" 'tag', {SERIAL}, {SLOT}",
        "runs (station, sequence, run, product, serial, slot, began_at, ended_at, outcome, code,"
        " message, recipe, recipe_version, recipe_sha256, firmline, operator, batch, address,"
        " is_golden)": f"{STATION}, {FIRST} + 3, {FIRST}, 'tag',"
        f" {SERIAL}, {SLOT}, {begun},"
        f" {ended}, {OUTCOME}, CASE WHEN n % 37 = 5 THEN 'DFU-LINK-00' || (n % 4) ELSE '' END, '',"
        f" 'tag-rev-c', '3', '', '0.1.0', '', 'batch-' || (n / 20000), '', {no}",
        "phases (station, sequence, run, position, name, began_at, ended_at, outcome, code,"
        " message)": f"{STATION}, {FIRST} + 1, {FIRST}, 1, 'measure', {begun}, {ended}, {OUTCOME},"
        " '', ''",
        "diagnoses (station, sequence, run, at, firmline, next_test)": f"{STATION}, {FIRST} + 2,"
        f" {FIRST}, {ended}, '0.1.0', ''",
        "causes (station, sequence, position, cause, family, probability)": f"{STATION},"
        f" {FIRST} + 2, 1, 'cause-' || (n % 7), 'family', 0.9",
    }
    measured = (
        "measurements (station, sequence, position, name, number, text, unit, least, most, equals,"
        " outcome, is_marginal)"
    )
    for place, name in enumerate(("duration", "rate", "battery", "attempts"), 1):
        number = f"20 + (n * {7919 + 2 * place}) % 1000 / 500.0"
        into[measured + " " * place] = (
            f"{STATION}, {FIRST} + 1, {place}, '{name}', {number}, '', 's', 15, 25, '', 'pass',"
            f" {no}"
        )
    return [
        f"INSERT INTO {table} {NUMBERS[kind].format(last=runs - 1)} SELECT {columns} FROM numbers"  # noqa: S608 - ours
        + (" WHERE n % 37 = 5" if table.startswith(("diagnoses", "causes")) else "")
        for table, columns in into.items()
    ]


def fill_sqlite(path: Path, runs: int = MILLION) -> None:
    """A file of so many runs."""
    open_records(DatabaseAddress(path=path), create=True).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA synchronous = OFF")
        for statement in statements("sqlite", runs):
            database.execute(statement)
        database.commit()


def fill_postgresql(url: str, runs: int = MILLION) -> None:
    """A database of so many runs."""
    import psycopg  # noqa: PLC0415 - an extra

    open_records(parse_address(url), create=True).close()
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("SET session_replication_role = replica")  # without the ledger
        for statement in statements("postgresql", runs):
            database.execute(statement)
        database.execute("VACUUM ANALYZE")


def report_s(records: SqlRecords, by: By) -> float:
    """How long a report takes in a program that is running, seconds."""
    begin = time.perf_counter()
    report = line_report(records, by=by)
    took = time.perf_counter() - begin
    assert report.yields.whole.runs == MILLION
    return took


def command_s(database: str, by: By) -> float:
    """How long the command takes from outside, seconds."""
    done = run("line", "report", "--db", database, "--by", by.value, "--json")
    assert done.status == 0, done.output
    return done.seconds


def page_s(records: SqlRecords) -> float:
    """How long the figures for Prometheus take that are not kept from before, seconds."""
    begin = time.perf_counter()
    page = Figures(records).page()
    took = time.perf_counter() - begin
    assert b'firmline_runs_total{golden="false",outcome="pass",station="station-9"}' in page
    return took


def measure(name: str, database: str) -> list[Figure]:
    """Reports of all runs, by station and by hour, and the whole command."""
    figures = []
    with closing(open_records(parse_address(database), create=False)) as records:
        for by in (By.STATION, By.HOUR):
            report_s(records, by)  # warms the caches
            values = tuple(report_s(records, by) for _ in range(RUNS))
            what = f"report by {by.value}, 1,000,000 runs, {name}"
            figures.append(Figure(name=what, unit="s", limit=LIMIT_S, values=values))
        values = tuple(page_s(records) for _ in range(RUNS + 1))[1:]
        what = f"/metrics anew, 1,000,000 runs, {name}"
        figures.append(Figure(name=what, unit="s", limit=PAGE_S, values=values))
    for by in (By.STATION, By.HOUR):
        values = tuple(command_s(database, by) for _ in range(RUNS))
        what = f"the command by {by.value}, {name}"
        figures.append(Figure(name=what, unit="s", limit=LIMIT_S, values=values))
    return figures


def measure_reports(folder: Path) -> list[Figure]:
    """Both databases; PostgreSQL where it is installed."""
    path = folder / "million.db"
    fill_sqlite(path)
    figures = measure("SQLite", str(path))
    path.unlink()
    try:
        server = Server()
    except pytest.skip.Exception as missing:
        why = str(missing)
        return [*figures, Figure(name="reports", unit="", limit=0, values=(), why_not=why)]
    try:
        url = server.new_place()
        fill_postgresql(url)
        return figures + measure("PostgreSQL", url)
    finally:
        server.remove()
