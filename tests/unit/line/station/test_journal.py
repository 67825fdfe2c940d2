"""The journal: what is kept is on the disk, in its order, or it is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from firmline.errors import Code, StoreError
from firmline.line.records.base import Written
from firmline.line.records.memory import MemoryRecords
from firmline.line.records.values import Entry, Row
from firmline.line.station import journal as journal_module
from firmline.line.station.journal import Journal
from unit.line.records_world import begun, phase


class FailingRecords(MemoryRecords):
    """Records that cannot be written a few times."""

    def __init__(self, *failures: Code) -> None:
        super().__init__()
        self.failures = [*failures]
        self.batches: list[int] = []

    def write(self, rows: Iterable[Row[Entry]]) -> Written:
        listed = list(rows)
        if self.failures:
            raise StoreError(self.failures.pop(0), "It cannot be written.")
        self.batches.append(len(listed))
        return super().write(listed)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "AGAIN_S", 0.0)


def started(records: MemoryRecords) -> tuple[Journal, list[Code | None]]:
    told: list[Code | None] = []
    journal = Journal(
        records, "north", troubled=lambda problem: told.append(problem.code if problem else None)
    )
    journal.start()
    return journal, told


async def test_rows_are_numbered_from_where_the_records_end() -> None:
    records = MemoryRecords()
    journal, _ = started(records)
    (first,) = await journal.keep(begun())
    await journal.close(patience_s=1)
    again, _ = started(records)
    names = await again.keep(phase(first.sequence), phase(first.sequence, position=2))
    assert [name.sequence for name in (first, *names)] == [1, 2, 3]
    assert len(records.phases(first)) == 2
    await again.close(patience_s=1)


async def test_what_many_slots_write_at_once_is_written_at_once() -> None:
    records = FailingRecords()
    journal, _ = started(records)
    await asyncio.gather(*(journal.keep(begun()) for _ in range(32)))
    assert len(records.batches) <= 3
    assert sum(records.batches) == 32
    await journal.close(patience_s=1)


async def test_a_database_that_is_full_for_a_while_costs_no_row() -> None:
    records = FailingRecords(Code.DATABASE_FULL, Code.DATABASE_FULL, Code.DATABASE_LOCKED)
    journal, told = started(records)
    (name,) = await journal.keep(begun())
    assert records.newest("north") == name.sequence == 1
    assert told == [Code.DATABASE_FULL, Code.DATABASE_LOCKED, None]
    assert journal.problem is None
    await journal.close(patience_s=1)


async def test_a_name_that_two_computers_have_ends_the_station() -> None:
    records = FailingRecords(Code.RECORD_CONFLICT)
    journal, told = started(records)
    with pytest.raises(StoreError) as caught:
        await journal.keep(begun())
    assert caught.value.code is Code.RECORD_CONFLICT
    with pytest.raises(StoreError):
        await journal.keep(begun())
    assert told == [Code.RECORD_CONFLICT]
    await journal.close(patience_s=1)


async def test_who_is_cancelled_does_not_take_a_row_back() -> None:
    records = FailingRecords(Code.DATABASE_LOCKED)
    journal, _ = started(records)
    keeping = asyncio.create_task(journal.keep(begun()))
    await asyncio.sleep(0)
    keeping.cancel()
    assert await journal.close(patience_s=5) == 0
    assert records.newest("north") == 1


async def test_what_could_not_be_written_is_counted() -> None:
    records = FailingRecords(*[Code.DATABASE_GONE] * 100_000)
    journal, _ = started(records)
    keeping = asyncio.create_task(journal.keep(begun(), phase(1)))
    await asyncio.sleep(0.02)
    assert await journal.close(patience_s=0.05) == 2
    keeping.cancel()
