"""However rows are cut into batches, in whatever order and how often: the records are the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmline.line.outcomes import StepOutcome
from firmline.line.records import tables
from firmline.line.records.address import DatabaseAddress, parse_address
from firmline.line.records.base import Records, every_run
from firmline.line.records.memory import MemoryRecords
from firmline.line.records.open import open_records
from firmline.line.records.sql import SqlRecords
from firmline.line.records.values import Entry, Row, RowKey, Unit
from postgresql_server import Server
from unit.line.records_world import BEGIN, whole_run

UNITS = [Unit(product=product, serial=serial) for product in ("lamp", "tag") for serial in "12"]
STATIONS = ("north", "south")


def shift() -> list[Row[Entry]]:
    """What two stations told in a while: eight runs, of which two have no end."""
    rows: list[Row[Entry]] = []
    for number in range(8):
        made = whole_run(
            STATIONS[number % 2],
            1 + 4 * (number // 2),
            UNITS[number * 3 % 4],
            at=BEGIN + timedelta(minutes=number // 3),
            outcome=StepOutcome.PASS if number % 3 else StepOutcome.FAIL,
        )
        rows += made[:2] if number > 5 else made
    return rows


ROWS = shift()


def everything(records: Records) -> list[object]:
    """All that can be asked."""
    keys = [RowKey(station=name, sequence=1 + 4 * n) for name in STATIONS for n in range(4)]
    return [
        [*every_run(records)],
        [records.history(serial) for serial in "12"],
        [records.phases(key) for key in keys],
        [records.diagnoses(key) for key in keys],
        records.half_done(),
        [records.newest(station) for station in STATIONS],
    ]


def expected() -> list[object]:
    records = MemoryRecords()
    records.write(ROWS)
    return everything(records)


EXPECTED = expected()
BATCHES = st.lists(st.lists(st.sampled_from(ROWS), max_size=8), max_size=10)


def sent(batches: Sequence[Sequence[Row[Entry]]], records: Records) -> None:
    """Send the batches, then what is missing; the counts add up."""
    new = 0
    for batch in batches:
        written = records.write(batch)
        assert written.new + written.known == len(batch)
        new += written.new
    seen = {row.key for batch in batches for row in batch}
    assert new == len(seen)
    assert records.write([row for row in ROWS if row.key not in seen]).known == 0


@given(batches=BATCHES)
def test_any_order_of_batches_gives_the_same_records(batches: list[list[Row[Entry]]]) -> None:
    records = MemoryRecords()
    sent(batches, records)
    assert everything(records) == EXPECTED


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlRecords]:
    """One file for all examples; it need not reach the disk."""
    path = tmp_path_factory.mktemp("records") / "shift.db"
    with closing(open_records(DatabaseAddress(path=path), create=True)) as records:
        with records.database._writing.connect() as connection:
            connection.connection.cursor().execute("PRAGMA synchronous = OFF")
        yield records


@pytest.fixture(scope="module")
def on_server(postgresql: Server) -> Iterator[SqlRecords]:
    """One place for all examples."""
    address = parse_address(postgresql.new_place())
    with closing(open_records(address, create=True)) as records:
        yield records


def gives_the_same(records: SqlRecords, batches: list[list[Row[Entry]]]) -> None:
    """In a database that held other examples before."""
    with records.database.writing() as connection:
        connection.execute(tables.records.delete())
    assert [*every_run(records)] == [], "what hangs on the ledger goes with it"
    sent(batches, records)
    assert everything(records) == EXPECTED


@pytest.mark.slow
@settings(max_examples=30)
@given(batches=BATCHES)
def test_any_order_gives_the_same_records_in_sqlite(
    sqlite: SqlRecords, batches: list[list[Row[Entry]]]
) -> None:
    gives_the_same(sqlite, batches)


@pytest.mark.slow
@settings(max_examples=30)
@given(batches=BATCHES)
def test_any_order_gives_the_same_records_in_postgresql(
    on_server: SqlRecords, batches: list[list[Row[Entry]]]
) -> None:
    gives_the_same(on_server, batches)
