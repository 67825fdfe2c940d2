"""How fast records are written and read: SQLite and PostgreSQL, waiting for the disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from bench.run import Figure
from firmline.line.records.address import DatabaseAddress, parse_address
from firmline.line.records.base import every_run
from firmline.line.records.open import open_records
from firmline.line.records.sql import SqlRecords
from firmline.line.records.values import Entry, Row, Unit
from postgresql_server import Server
from unit.line.records_world import BEGIN, whole_run

JOURNAL_ROWS = 2000
"""Rows a second that a station's journal is to take (issue 7, "Speed and load")."""
ROWS = {1: 100, 32: 1600, 500: 5000}
"""How many rows are written for a figure, by rows in a commit."""
RUNS = 5


def rows() -> Iterator[Row[Entry]]:
    """Rows of runs, one behind the other: a beginning, a phase, an end and a diagnosis each."""
    number = 0
    while True:
        unit = Unit(product="tag", serial=f"SN-{number:06}")
        yield from whole_run("north", 1 + 4 * number, unit, at=BEGIN + timedelta(seconds=number))
        number += 1


def per_second(records: SqlRecords, source: Iterator[Row[Entry]], in_commit: int) -> float:
    """Rows a second, each batch on the disk before the next one."""
    batches = [list(islice(source, in_commit)) for _ in range(ROWS[in_commit] // in_commit)]
    begin = time.perf_counter()
    for batch in batches:
        records.write(batch)
    return ROWS[in_commit] / (time.perf_counter() - begin)


def measure(name: str, records: SqlRecords) -> list[Figure]:
    """Writing in commits of three sizes, one unit's history, and reading every run."""
    source = rows()
    figures = [
        Figure(
            name=f"records in {name}, {in_commit} row{'s' if in_commit > 1 else ''} a commit",
            unit="1/s",
            limit=JOURNAL_ROWS if in_commit == 32 and name == "SQLite" else 0,
            at_least=True,
            values=tuple(per_second(records, source, in_commit) for _ in range(RUNS)),
        )
        for in_commit in ROWS
    ]

    def all_runs() -> float:
        begin = time.perf_counter()
        count = sum(1 for _ in every_run(records))
        return count / (time.perf_counter() - begin)

    def one_unit() -> float:
        begin = time.perf_counter()
        assert records.history("SN-000042")
        return (time.perf_counter() - begin) * 1000

    readers: list[tuple[str, str, Callable[[], float]]] = [
        (f"runs read from {name}, page by page", "1/s", all_runs),
        (f"the history of one unit in {name}", "ms", one_unit),
    ]
    return figures + [
        Figure(name=what, unit=unit, limit=0, values=tuple(read() for _ in range(RUNS)))
        for what, unit, read in readers
    ]


def measure_records(folder: Path) -> list[Figure]:
    """Both databases; PostgreSQL where it is installed."""
    address = DatabaseAddress(path=folder / "shift.db")
    with closing(open_records(address, create=True)) as records:
        figures = measure("SQLite", records)
    try:
        server = Server(is_durable=True)
    except pytest.skip.Exception as missing:
        return [*figures, Figure(name="records", unit="", limit=0, values=(), why_not=str(missing))]
    try:
        with closing(open_records(parse_address(server.new_place()), create=True)) as records:
            return figures + measure("PostgreSQL", records)
    finally:
        server.remove()
