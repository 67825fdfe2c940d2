"""One run: the recipe's steps on one unit, each recorded before the next begins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from firmline import __version__
from firmline.errors import Code, FirmlineError, StoreError
from firmline.events import Event
from firmline.line.outcomes import StepOutcome, outcome_of_run
from firmline.line.recipe.steps import Step
from firmline.line.records.attachments import AttachmentStore
from firmline.line.records.checks import keepable
from firmline.line.records.values import (
    Attachment,
    Entry,
    Phase,
    RecipeUsed,
    Run,
    RunBegan,
)
from firmline.line.station.clock import StationClock
from firmline.line.station.diagnosing import Diagnosed, diagnosed
from firmline.line.station.journal import Journal
from firmline.line.station.judging import judged, measurements
from firmline.line.station.order import Order, forget_note, write_note
from firmline.line.station.steps.perform import perform
from firmline.line.station.steps.result import StepResult
from firmline.line.station.steps.work import Equipment, Work
from firmline.line.station.traces import MEDIA_TYPE, StepTrace

_T = TypeVar("_T")
TRACE: Final = "trace.jsonl"
"""What the trace of a step is called in its record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Where a run writes.

    Attributes:
        journal: Its records.
        attachments: Its traces, when a step has ended.
        at_work: Folder of the traces of steps that have not.
        clock: The station's time.
    """

    journal: Journal
    attachments: AttachmentStore
    at_work: Path
    clock: StationClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended.

    Attributes:
        run: Its record.
        result: Of the step that decided; of a run that passed, of its last one.
        diagnosed: Why, where an update failed.
    """

    run: Run
    result: StepResult
    diagnosed: Diagnosed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Who is told how a run goes.

    Attributes:
        begun: Its number is known.
        at_step: A step begins: which of how many, from 1.
        hear: An event of the step.
    """

    begun: Callable[[int], None] = lambda _number: None
    at_step: Callable[[Step, int], None] = lambda _step, _place: None
    hear: Callable[[Event], None] = lambda _event: None


@dataclass(slots=True)
class _Course:
    """How far a run has come."""

    position: int = 0
    outcomes: list[StepOutcome] = field(default_factory=list)
    deciding: StepResult = field(default_factory=StepResult)
    is_over: bool = False

    def note(self, step: Step, result: StepResult) -> None:
        """A step has had its last attempt."""
        if all(each.goes_on for each in self.outcomes):  # the first that went wrong decides
            self.deciding = result
        self.outcomes.append(result.outcome)
        self.is_over |= not result.outcome.goes_on and step.ends_run


class UnitRun:
    """Carries out a recipe on one unit.

    Args:
        order: What is to be done.
        equipment: What the station lends.
        books: Where it writes.
        watcher: Who is told how it goes.
    """

    def __init__(
        self, order: Order, *, equipment: Equipment, books: Books, watcher: Watcher
    ) -> None:
        self._order = order
        self._equipment = equipment
        self._books = books
        self._watcher = watcher
        self._course = _Course()
        self._trace: StepTrace | None = None

    async def carry_out(self) -> Ended:
        """Do it to its end; who cancels it aborts it in order, and gets the same.

        Raises:
            StoreError: It cannot be recorded, for good.
            Exception: A defect of ours; the run has its end in the records.
        """
        books, order = self._books, self._order
        began_at = books.clock.now()
        began = RunBegan(unit=order.unit, slot=order.slot, at=began_at)
        (name,) = await books.journal.keep(began)
        number = name.sequence
        write_note(self._books.at_work, number, order, self._recipe_used)
        self._watcher.begun(number)
        async with AsyncExitStack() as stack:
            work = Work(
                equipment=self._equipment,
                slot=order.slot,
                target=order.target,
                serial=order.unit.serial,
                attempt=order.attempt,
                hear=self._hear,
                stack=stack,
                addresses=order.addresses,
            )
            try:
                await self._do_steps(number, work)
            except asyncio.CancelledError:
                self._abort()
            except StoreError:  # there is nowhere to record an end
                raise
            except Exception as defect:
                self._course.deciding = _of_defect(defect)
                self._course.outcomes.append(StepOutcome.ERROR)
                await self._end(number, work, began_at)
                raise
        return await self._end(number, work, began_at)

    async def _do_steps(self, number: int, work: Work) -> None:
        for place, step in enumerate(work.recipe.steps, 1):
            if self._course.is_over:
                now = self._books.clock.now()
                skipped = StepResult(outcome=StepOutcome.SKIP)
                await _surely(self._keep(number, step, skipped, began_at=now))
                continue
            self._watcher.at_step(step, place)
            result = await self._attempts(number, step, work)
            self._course.note(step, result)
            work.has_passed = work.has_passed and result.outcome.goes_on

    async def _attempts(self, number: int, step: Step, work: Work) -> StepResult:
        """A step, as often as the recipe tries it; the result of its last attempt."""
        done = 0
        while True:
            result = await self._attempt(number, step, work)
            done += 1
            if not step.retry.retries(result.outcome, done=done):
                return result

    async def _attempt(self, number: int, step: Step, work: Work) -> StepResult:
        began_at = self._books.clock.now()
        self._trace = trace = StepTrace(
            self._books.at_work,
            run=number,
            position=self._course.position + 1,
            step=step.name,
            now=self._books.clock.now,
        )
        try:
            result = judged(step, await perform(step, work))
        except BaseException as stopped:
            result = _of_stop(stopped)
            self._course.note(step, result)
            await _surely(self._keep(number, step, result, began_at=began_at, trace=trace))
            raise
        if result.measured:
            work.measured[step.name] = result.measured
        await _surely(self._keep(number, step, result, began_at=began_at, trace=trace))
        return result

    async def _keep(
        self,
        number: int,
        step: Step,
        result: StepResult,
        *,
        began_at: datetime,
        trace: StepTrace | None = None,
    ) -> None:
        """Record an attempt of a step."""
        self._course.position += 1
        attachments: tuple[Attachment, ...] = ()
        message = result.message
        content = b"" if trace is None else trace.take()
        if content:
            try:
                kept = await asyncio.to_thread(
                    self._books.attachments.keep, TRACE, content, media_type=MEDIA_TYPE
                )
                attachments = (kept,)
            except StoreError as problem:
                message = f"{message} {problem.message}".strip()
        if trace is not None and trace.problem is not None:
            message = f"{message} {trace.problem.message}".strip()
        await self._books.journal.keep(
            Phase(
                run=number,
                position=self._course.position,
                name=step.name,
                began_at=began_at,
                ended_at=self._books.clock.now(),
                outcome=result.outcome,
                code=str(result.code),
                message=keepable(message),
                # What was not begun has measured nothing, and so missed no limit.
                measurements=()
                if result.outcome is StepOutcome.SKIP
                else measurements(step, result.measured),
                attachments=attachments,
            )
        )
        if trace is not None and attachments:
            trace.forget()

    def _abort(self) -> None:
        """It was stopped; what its step was doing is recorded already."""
        if StepOutcome.ABORTED not in self._course.outcomes:
            self._course.deciding = _of_stop(asyncio.CancelledError())
            self._course.outcomes.append(StepOutcome.ABORTED)

    async def _end(self, number: int, work: Work, began_at: datetime) -> Ended:
        """Record the end, and why where an update failed."""
        order, course = self._order, self._course
        outcome = outcome_of_run(course.outcomes)
        result = course.deciding
        found = None
        if outcome in _DIAGNOSED and work.heard:
            found = await asyncio.to_thread(diagnosed, tuple(work.heard))
        run = Run(
            number=number,
            unit=order.unit,
            slot=order.slot,
            began_at=began_at,
            ended_at=self._books.clock.now(),
            outcome=outcome,
            code=str(result.code),
            message="" if outcome is StepOutcome.PASS else keepable(result.message),
            recipe=self._recipe_used,
            firmline=__version__,
            operator=order.operator,
            batch=order.batch,
            lots=order.lots,
            address=work.address,
            is_golden=order.is_golden,
        )
        entries: Sequence[Entry] = (run,)
        if found is not None:
            entries = (found.record(run=number, at=run.ended_at), run)
        await _surely(self._books.journal.keep(*entries))
        forget_note(self._books.at_work, number)
        return Ended(run=run, result=replace(result, outcome=outcome), diagnosed=found)

    @property
    def _recipe_used(self) -> RecipeUsed:
        recipe = self._equipment.recipe.recipe
        return RecipeUsed(name=recipe.name, version=str(recipe.version), sha256=recipe.sha256)

    def _hear(self, event: Event) -> None:
        if self._trace is not None:
            self._trace.hear(event)
        self._watcher.hear(event)


async def _surely(work: Coroutine[Any, Any, _T]) -> _T:
    """Do something to its end, also where whoever waits for it is stopped meanwhile."""
    task = asyncio.ensure_future(work)
    stopped: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as cancelled:
            stopped = cancelled
    if stopped is not None:
        raise stopped
    return task.result()


_DIAGNOSED: Final = frozenset({StepOutcome.FAIL, StepOutcome.TIMEOUT})


def _of_stop(stopped: BaseException) -> StepResult:
    """The result of a step that was stopped, or broke."""
    if isinstance(stopped, asyncio.CancelledError):
        return StepResult(
            outcome=StepOutcome.ABORTED, code=Code.RUN_ABORTED, message="The run was aborted."
        )
    if isinstance(stopped, FirmlineError):
        return StepResult(
            outcome=StepOutcome.ERROR, code=str(stopped.code), message=stopped.message
        )
    return _of_defect(stopped)


def _of_defect(defect: BaseException) -> StepResult:
    return StepResult(
        outcome=StepOutcome.ERROR,
        code=Code.DEFECT,
        message=f"firmline itself failed: {type(defect).__name__}.",
    )
