"""The journal of a station: its records, each on the disk before what comes next.

What several slots write at once goes to the disk at once. Whoever writes waits until it is there;
where the database cannot take it (full, locked, gone), that lasts until it can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, StoreError
from firmline.line.records.base import Records
from firmline.line.records.values import Entry, Row, RowKey

AGAIN_S: Final = 1.0
"""Between two tries to write, seconds; ours."""
FOR_GOOD: Final = frozenset(
    {Code.RECORD_CONFLICT, Code.RECORD_MALFORMED, Code.DATABASE_FOREIGN, Code.DATABASE_NEWER}
)
"""What trying again does not change."""
Troubled = Callable[[StoreError | None], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Rows that somebody waits for."""

    rows: tuple[Row[Entry], ...]
    written: asyncio.Future[None]


class Journal:
    """Writes the rows of one station in their order.

    Args:
        records: Where to.
        station: Its name, which no other has.
        troubled: Hears what keeps rows from being written; ``None``: nothing any more.

    Attributes:
        problem: What keeps rows from being written now.
    """

    def __init__(self, records: Records, station: str, *, troubled: Troubled) -> None:
        self._records = records
        self._station = station
        self._sequence = records.newest(station)
        self._troubled = troubled
        self._waiting: list[_Waiting] = []
        self._there_is_some = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self.problem: StoreError | None = None

    @property
    def left(self) -> int:
        """How many rows are not on the disk yet."""
        return sum(len(each.rows) for each in self._waiting)

    def start(self) -> None:
        """Begin to write what is kept."""
        self._writer = asyncio.create_task(self._write_all())

    async def keep(self, *entries: Entry) -> tuple[RowKey, ...]:
        """Write entries; they are on the disk when this returns, or it never does.

        Who is cancelled meanwhile does not take them back.

        Returns:
            Their names.

        Raises:
            StoreError: ``FOR_GOOD``: nothing can be written any more.
        """
        if self.problem is not None and self.problem.code in FOR_GOOD:
            raise self.problem
        rows = tuple(Row(key=self._next(), entry=entry) for entry in entries)
        waiting = _Waiting(rows, asyncio.get_running_loop().create_future())
        waiting.written.add_done_callback(_seen)
        self._waiting.append(waiting)
        self._there_is_some.set()
        await asyncio.shield(waiting.written)
        return tuple(row.key for row in rows)

    async def close(self, *, patience_s: float) -> int:
        """Write what is left, for a while; how many rows are lost with this process."""
        if self._writer is None:
            return self.left
        waiting = [each.written for each in self._waiting]
        if waiting:
            await asyncio.wait(waiting, timeout=patience_s)
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)
        return self.left

    def _next(self) -> RowKey:
        self._sequence += 1
        return RowKey(station=self._station, sequence=self._sequence)

    async def _write_all(self) -> None:
        while True:
            await self._there_is_some.wait()
            self._there_is_some.clear()
            while self._waiting:
                await self._write_some(tuple(self._waiting))

    async def _write_some(self, some: tuple[_Waiting, ...]) -> None:
        rows = [row for each in some for row in each.rows]
        try:
            await asyncio.to_thread(self._records.write, rows)
        except StoreError as problem:
            self._tell(problem)
            if problem.code in FOR_GOOD:
                self._give_up(problem)
            else:
                await asyncio.sleep(AGAIN_S)
            return
        self._tell(None)
        del self._waiting[: len(some)]
        for each in some:
            each.written.set_result(None)

    def _give_up(self, problem: StoreError) -> None:
        for each in self._waiting:
            each.written.set_exception(problem)
        self._waiting.clear()

    def _tell(self, problem: StoreError | None) -> None:
        before, self.problem = self.problem, problem
        if (before and before.code) != (problem and problem.code):
            self._troubled(problem)


def _seen(written: asyncio.Future[None]) -> None:
    """Whoever waited may be gone; the problem is told by the journal itself."""
    if not written.cancelled():
        written.exception()
