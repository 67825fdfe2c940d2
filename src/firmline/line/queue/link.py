"""A station's link to the queue: Procrastinate's worker in a thread with a loop of its own.

The station's loop never waits for the server, and its time may be that of virtual units. Jobs come
in here, are taken by the station when it has a slot, and are in hand until it has told how they
went. The link may break at any time: the station goes on with what it has in hand.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import psycopg
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ProcrastinateException
from psycopg_pool import PoolTimeout

from firmline.errors import Code, FirmlineError, StoreError
from firmline.line.queue.apart import apart
from firmline.line.queue.campaigns import CampaignBook
from firmline.line.queue.desk import Desk
from firmline.line.queue.jobs import TASK, queue_of
from firmline.line.queue.stations import BEAT_S
from firmline.line.queue.told import Job
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.problems import store_error
from firmline.line.records.values import RecipeUsed

AGAIN_S: Final = 1.0
"""Between two tries to reach the server, seconds; ours."""
CONNECT_S: Final = 5
"""How long to wait for the server, seconds; ours."""
END_S: Final = 3.0
"""How long what is not begun may take to be given back at the end, seconds; ours.

A server that does not answer hears of it from the station that comes next: Procrastinate alone
would wait for it to be connected, and for its pool, twice ``CONNECT_S`` and more.
"""
AT_ONCE_S: Final = 0.1
"""How long each part of what waits then may take to end in its order, seconds; ours."""
LOCK: Final = 0x464C_6E77
"""The first half of PostgreSQL's advisory lock of a station at work; ours."""
ATTENDED_MOST: Final = 500
"""Jobs that a station with an operator holds at a time: what may be scanned next; ours."""
Troubled = Callable[[FirmlineError | None], None]


class QueueLink:
    """A station's link to the queue.

    Args:
        address: Of the server.
        station: The station's name.
        recipe: What it does.
        slots: How many slots it has.
        at_once: How many jobs it holds at a time.
        troubled: Hears, in the link's thread, what keeps it from the queue; ``None``: nothing.
    """

    def __init__(
        self,
        address: DatabaseAddress,
        station: str,
        *,
        recipe: RecipeUsed,
        slots: int,
        at_once: int,
        troubled: Troubled,
    ) -> None:
        self._address = address
        self._station = station
        self._recipe = recipe
        self._slots = slots
        self._at_once = at_once
        self._troubled = troubled
        self._problem: FirmlineError | None = None
        self._book: CampaignBook | None = None
        self._guard = threading.Lock()
        self._waiting: dict[int, Job] = {}
        self._in_hand: dict[int, Job] = {}
        self._done: dict[int, asyncio.Event] = {}
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._is_linked = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="queue")

    # What the station's loop asks.

    @property
    def is_linked(self) -> bool:
        """Whether the queue is there, and what was left of an earlier program is back in it."""
        return self._is_linked

    def start(self) -> None:
        """Begin to take jobs."""
        _silence()
        self._thread.start()

    def stop(self) -> None:
        """Give back what was not begun, as far as the queue answers by then, and end."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout=2 * END_S)

    def waiting(self) -> tuple[Job, ...]:
        """The jobs that wait for a slot, in the order in which they came."""
        with self._guard:
            return tuple(self._waiting.values())

    def take(self, job: Job) -> bool:
        """Take a job in hand; whether it is still there."""
        with self._guard:
            if self._waiting.pop(job.number, None) is None:
                return False
            self._in_hand[job.number] = job
            return True

    def desk(self) -> Desk:
        """The station's desk, in any thread.

        Raises:
            StoreError: The server was never reached.
        """
        if self._book is None:
            raise store_error(Code.DATABASE_GONE, str(self._address))
        return Desk(self._book.database, self._station)

    def let_go(self, job: Job) -> None:
        """A job has come to its end, and the queue knows it."""
        with self._guard:
            self._in_hand.pop(job.number, None)
        with suppress(RuntimeError):  # the link has ended
            self._loop.call_soon_threadsafe(self._finish, job.number)

    # What goes on in the thread.

    def _finish(self, number: int) -> None:
        if number in self._done:
            self._done[number].set()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._until_it_ends())
        finally:
            self._loop.close()
            if self._book is not None:
                with suppress(StoreError):
                    self._book.close()

    async def _until_it_ends(self) -> None:
        """Be linked until somebody ends it, and not much longer whatever the server does."""
        linked = asyncio.create_task(self._keep_linked())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({linked, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({linked}, timeout=END_S)
        while not linked.done():  # each waits in vain for the server, one behind the other
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.wait({linked}, timeout=AT_ONCE_S)
        if not linked.cancelled():
            linked.result()

    async def _keep_linked(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._link()
            except FirmlineError as problem:
                self._tell(problem)
            except (psycopg.Error, PoolTimeout, ProcrastinateException, OSError):
                self._tell(store_error(Code.DATABASE_GONE, str(self._address)))
            finally:
                self._is_linked = False
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), AGAIN_S)
        if self._book is not None:
            with suppress(StoreError):
                await apart(self.desk().leave)

    async def _link(self) -> None:
        """Take jobs until the link breaks, or somebody ends it."""
        if self._book is None:
            self._book = await apart(CampaignBook.open, self._address)
        async with await psycopg.AsyncConnection.connect(
            self._address.url, autocommit=True, connect_timeout=CONNECT_S
        ) as lock:
            await self._be_alone(lock)
            with self._guard:
                self._waiting.clear()
                alive = tuple(self._in_hand)
            await apart(self.desk().reclaim, alive=alive)
            app = self._app()
            async with app.open_async():
                self._tell(None)
                self._is_linked = True
                await self._until_one_ends(self._work(app), self._beat(lock), self._stopping.wait())

    async def _be_alone(self, lock: psycopg.AsyncConnection[Any]) -> None:
        cursor = await lock.execute(
            "SELECT pg_try_advisory_lock(%s, hashtext(%s))", (LOCK, self._station)
        )
        line = await cursor.fetchone()
        if line is None or not line[0]:
            raise StoreError(
                Code.QUEUE_BUSY,
                f"Another program takes the work of the station {self._station} at this moment.",
            )

    @staticmethod
    async def _until_one_ends(*works: Any) -> None:  # noqa: ANN401 - coroutines
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, app: App) -> None:
        await app.run_worker_async(
            queues=[queue_of(self._station)],
            concurrency=self._at_once,
            install_signal_handlers=False,
            shutdown_graceful_timeout=0,
            fetch_job_polling_interval=BEAT_S,
            update_heartbeat_interval=BEAT_S,
            delete_jobs="always",
        )

    async def _beat(self, lock: psycopg.AsyncConnection[Any]) -> None:
        while True:
            await apart(self.desk().beat, recipe=self._recipe, slots=self._slots)
            await asyncio.sleep(BEAT_S)
            await lock.execute("SELECT 1")

    def _app(self) -> App:
        app = App(
            connector=PsycopgConnector(
                conninfo=self._address.url, min_size=1, max_size=4, timeout=CONNECT_S
            )
        )

        @app.task(name=TASK, pass_context=True)
        async def unit(context: JobContext, *, campaign: str, serial: str) -> None:
            await self._hold(Job(number=context.job.id or 0, campaign=campaign, serial=serial))

        return app

    async def _hold(self, job: Job) -> None:
        """Have a job wait for a slot, and then for its end."""
        done = self._done[job.number] = asyncio.Event()
        with self._guard:
            if job.number not in self._in_hand:
                self._waiting[job.number] = job
        try:
            await done.wait()
        finally:  # it was cancelled, moved, or the link broke
            del self._done[job.number]
            with self._guard:
                self._waiting.pop(job.number, None)

    def _tell(self, problem: FirmlineError | None) -> None:
        before, self._problem = self._problem, problem
        if (before and before.code) != (problem and problem.code):
            self._troubled(problem)


def _silence() -> None:
    """What the parts log stands in our own sentences."""
    for name in ("procrastinate", "psycopg", "psycopg.pool"):
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
