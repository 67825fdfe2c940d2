"""Doing a step, whichever kind it is, within its time."""

from __future__ import annotations

import asyncio
from typing import Final, assert_never

from firmline.errors import Code, FirmlineError
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe import steps
from firmline.line.recipe.steps import Action, Step
from firmline.line.station.steps.custom import custom
from firmline.line.station.steps.finding import find
from firmline.line.station.steps.labels import label
from firmline.line.station.steps.reading import battery, inspect, preflight
from firmline.line.station.steps.result import StepResult, of_error
from firmline.line.station.steps.updating import measure, update, verify
from firmline.line.station.steps.wall_time import within_wall_s
from firmline.line.station.steps.work import Work

GRACE_S: Final = 5.0
"""A step that waits for something itself may take so much longer, seconds: it says what it has
waited for, and a TIMEOUT does not."""
_PROGRAMS: Final = (steps.Custom, steps.Label)
"""What other programs do, in their own time."""


async def perform(step: Step, work: Work) -> StepResult:
    """One attempt of a step.

    Raises:
        asyncio.CancelledError: It was stopped; the unit was left safe.
        Exception: A defect of ours.
    """
    try:
        limit = within_wall_s if isinstance(step.action, _PROGRAMS) else asyncio.timeout
        async with limit(step.timeout_s + GRACE_S):
            return await _done(step.action, work, step.timeout_s)
    except TimeoutError:
        return StepResult(
            outcome=StepOutcome.TIMEOUT,
            code=Code.STEP_TIMEOUT,
            message=f"The step {step.name!r} did not end within {step.timeout_s:.12g} s.",
        )
    except FirmlineError as error:
        return of_error(error)


async def _done(action: Action, work: Work, timeout_s: float) -> StepResult:
    match action:
        case steps.Find():
            return await find(action, work, timeout_s=timeout_s)
        case steps.Inspect() | steps.Battery() | steps.Preflight():
            return await _read(action, work)
        case steps.Update():
            return await update(action, work)
        case steps.Label():
            return await label(action, work)
        case steps.Custom():
            return await custom(action, work)
        case steps.Scan() | steps.Verify() | steps.Measure():
            return _looked_at(action, work)
        case _:
            assert_never(action)


async def _read(action: steps.Inspect | steps.Battery | steps.Preflight, work: Work) -> StepResult:
    match action:
        case steps.Inspect():
            return await inspect(work)
        case steps.Battery():
            return await battery(action, work)
        case _:
            return await preflight(action, work)


def _looked_at(action: steps.Scan | steps.Verify | steps.Measure, work: Work) -> StepResult:
    """What takes no time: it was seen before."""
    match action:
        case steps.Scan():
            return StepResult(message=f"Scanned {work.serial}.")
        case steps.Verify():
            return verify(work)
        case _:
            return measure(work)
