"""Planned work at a station: a job hands a serial number to it, as a scanner does.

Lives in the station's loop. What the station admits or refuses, and what it records, is the same as
for a unit that somebody scans; the queue learns afterwards what the records say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from firmline.errors import Code, FirmlineError, InputError, StoreError, TransportError
from firmline.line.campaigns.decision import UnitState
from firmline.line.outcomes import StepOutcome
from firmline.line.queue.apart import apart
from firmline.line.queue.desk import Desk
from firmline.line.queue.judging import NOT_HERE, Became, became
from firmline.line.queue.link import QueueLink
from firmline.line.queue.told import Job, Ticket
from firmline.line.recipe.recipe import Recipe
from firmline.line.records.base import Records
from firmline.line.records.values import Diagnosis, RowKey, Run
from firmline.line.station.station import Station

_T = TypeVar("_T")
TICK_S: Final = 0.2
"""How often somebody looks up, seconds; ours. Virtual time stands still where nobody does."""
PATIENCE_S: Final = 3.0
"""How long a station that ends waits for the queue, seconds; ours."""
Refused = Callable[[FirmlineError], None]


class PlannedWork:
    """Does the jobs of a station.

    Args:
        link: To the queue.
        station: The station.
        name: Its name.
        recipe: What it does.
        records: Its own.
        refused: Hears why a planned unit was not begun.
    """

    def __init__(
        self,
        link: QueueLink,
        station: Station,
        *,
        name: str,
        recipe: Recipe,
        records: Records,
        refused: Refused,
    ) -> None:
        self._link = link
        self._station = station
        self._name = name
        self._recipe = recipe
        self._records = records
        self._refused = refused
        self._tasks: dict[asyncio.Task[None], int] = {}
        self._is_ending = False
        self._looked_at: set[int] = set()

    def planned(self, serial: str) -> Job | None:
        """The job of a unit that waits; ``None``: it has none here."""
        return next((job for job in self._link.waiting() if job.serial == serial), None)

    @property
    def is_busy(self) -> bool:
        """Whether a job is in hand."""
        return bool(self._tasks)

    async def left(self) -> int:
        """How many units have a job here; all that are not told yet count as one each.

        Raises:
            StoreError: The queue cannot be asked.
        """
        return await apart(self._link.desk().left)

    def follow(
        self, job: Job, *, after: int, slot: int | None = None, refusal: InputError | None = None
    ) -> None:
        """Somebody has scanned a planned unit: the queue learns of it, whenever it answers.

        Args:
            job: Which.
            after: The newest record before it was scanned.
            slot: Where it is at work; ``None``: it was refused.
            refusal: Why it was.
        """
        if self._link.take(job):
            task = asyncio.create_task(self._follow(job, after, slot, refusal))
            self._tasks[task] = 0

    def tell_what_ended(self) -> None:
        """Tell of units whose runs had ended when an earlier program was, and were not told."""
        self.check()
        for job in self._link.waiting():
            if job.number not in self._looked_at:
                self._looked_at.add(job.number)
                self._tasks[asyncio.create_task(self._tell_of(job))] = 0

    def _begin(self, job: Job, slot: int) -> None:
        if self._link.take(job):
            self._tasks[asyncio.create_task(self._do(job, slot))] = slot

    def take_free_slots(self) -> None:
        """Begin as many waiting jobs as there are free slots; where nobody is."""
        self.check()
        for view in self._station.views:
            if view.state.waits_for_person and view.number not in self._tasks.values():
                self._station.acknowledge(view.number)
        busy = self._station.at_work | set(self._tasks.values())
        free = [view.number for view in self._station.views if view.number not in busy]
        for slot, job in zip(free, self._link.waiting(), strict=False):
            self._begin(job, slot)

    def check(self) -> None:
        """Raise what went wrong in a job.

        Raises:
            Exception: A defect of ours.
        """
        for task in [task for task in self._tasks if task.done()]:
            del self._tasks[task]
            if not task.cancelled():
                task.result()

    async def end(self) -> None:
        """The station ends: what has ended is told, the rest is gone on with when it is back."""
        if self._tasks and self._link.is_linked and not self._station.at_work:
            await asyncio.wait(tuple(self._tasks), timeout=PATIENCE_S)
        self._is_ending = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _do(self, job: Job, slot: int) -> None:
        """Nobody has put the unit there: the queue is asked, then the air, then a run is begun."""
        desk = await self._surely(self._link.desk)
        after = await self._surely(self._newest)
        ticket = await self._surely(desk.begin, job, after=after)
        if ticket is None:  # it was cancelled or moved
            self._link.let_go(job)
            return
        await self._report(desk, job, await self._carry_out(ticket, slot))

    async def _follow(
        self, job: Job, after: int, slot: int | None, refusal: InputError | None
    ) -> None:
        desk = await self._surely(self._link.desk)
        ticket = await self._surely(desk.begin, job, after=after)
        while slot in self._station.at_work:  # noqa: ASYNC110 - virtual time needs a timer
            await asyncio.sleep(TICK_S)
        if ticket is None:
            self._link.let_go(job)
            return
        result = self._foreign(ticket)
        if result is None and refusal is not None:
            result = await self._of_refusal(ticket, refusal)
        if result is None:
            found = await self._became(ticket, is_ending=self._is_ending)
            result = None if found.state is UnitState.WORKING else found
        await self._report(desk, job, result)

    async def _tell_of(self, job: Job) -> None:
        desk = await self._surely(self._link.desk)
        ticket = await self._surely(desk.look_at, job)
        if ticket is None or not ticket.is_resumed:
            return
        result = await self._became(ticket, is_ending=True)
        if result.state is not UnitState.WORKING and self._link.take(job):
            await self._report(desk, job, result)

    async def _report(self, desk: Desk, job: Job, result: Became | None) -> None:
        """Tell the queue; ``None``: it is half done, and the station ends."""
        if result is None:
            return
        await self._surely(desk.report, job, result.runs, state=result.state, why=result.why[:500])
        await self._surely(desk.look)
        self._link.let_go(job)

    def _foreign(self, ticket: Ticket) -> Became | None:
        """What a unit is whose campaign wants another recipe; ``None``: it wants this one."""
        wanted = ticket.recipe
        mine = (self._recipe.name, str(self._recipe.version), self._recipe.sha256)
        if (wanted.name, wanted.version, wanted.sha256) == mine:
            return None
        return _held(
            f"{self._name} has recipe {mine[0]} {mine[1]}, and the campaign wants"
            f" {wanted.name} {wanted.version} ({wanted.sha256[:12]}...)."
        )

    async def _carry_out(self, ticket: Ticket, slot: int) -> Became | None:
        if (foreign := self._foreign(ticket)) is not None:
            return foreign
        result = await self._became(ticket, is_ending=True) if ticket.is_resumed else None
        if result is not None and result.state is not UnitState.WORKING:
            return result
        try:
            if not await self._station.is_here(ticket.job.serial, slot=slot):
                return _held(NOT_HERE)
            await self._scan(ticket.job.serial, slot)
        except InputError as refusal:
            self._refused(refusal)
            return await self._of_refusal(ticket, refusal)
        except TransportError as trouble:
            self._refused(trouble)
            return _held(trouble.message)
        while slot in self._station.at_work:  # noqa: ASYNC110 - virtual time needs a timer
            await asyncio.sleep(TICK_S)
        result = await self._became(ticket, is_ending=self._is_ending)
        return None if result.state is UnitState.WORKING else result

    async def _scan(self, serial: str, slot: int) -> None:
        while True:
            try:
                await self._station.scan(serial, slot=slot)
            except StoreError:  # the station's own records: it says so itself
                await asyncio.sleep(TICK_S)
            else:
                return

    async def _of_refusal(self, ticket: Ticket, refusal: InputError) -> Became:
        """What a unit is that the station did not admit."""
        match refusal.code:
            case Code.UNIT_HAS_PASSED:
                every = await asyncio.to_thread(self._runs, ticket.job.serial, 0)
                passed = [each for each in every if each[0].outcome is StepOutcome.PASS]
                result = became(passed[-1:], rule=self._recipe.retest)
                return Became(state=UnitState.PASSED, why=refusal.message, runs=result.runs)
            case Code.UNIT_TO_REWORK:
                every = await asyncio.to_thread(self._runs, ticket.job.serial, ticket.after)
                result = became(every, rule=self._recipe.retest)
                return Became(state=UnitState.FAILED, why=refusal.message, runs=result.runs)
            case _:
                return _held(refusal.message)

    async def _became(self, ticket: Ticket, *, is_ending: bool) -> Became:
        runs = await asyncio.to_thread(self._runs, ticket.job.serial, ticket.after)
        return became(runs, rule=self._recipe.retest, is_ending=is_ending)

    def _runs(self, serial: str, after: int) -> list[tuple[Run, Diagnosis | None]]:
        """The runs of a unit at this station behind a record, in their order, and why."""
        found: list[tuple[RowKey, Run]] = []
        for unit in self._records.history(serial, product=self._recipe.product.name):
            for attempt in unit.attempts:
                is_mine = attempt.name.station == self._name and attempt.name.sequence > after
                if is_mine and attempt.run is not None:
                    found.append((attempt.name, attempt.run.entry))
        diagnoses = self._records.diagnoses(*(name for name, _ in found))
        why = {each.entry.run: each.entry for each in diagnoses}
        return [(run, why.get(run.number)) for _, run in found]

    def _newest(self) -> int:
        return self._records.newest(self._name)

    @staticmethod
    async def _surely(ask: Callable[..., _T], *args: object, **more: object) -> _T:
        """Ask the queue, until it answers."""
        while True:
            try:
                return await apart(ask, *args, **more)
            except StoreError:  # the link says it
                await asyncio.sleep(TICK_S)


def _held(why: str) -> Became:
    return Became(state=UnitState.HELD, why=why, runs=())
