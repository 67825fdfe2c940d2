"""A customer's step: his function, called in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any, Final

from firmline.errors import Code, shortened
from firmline.line.customer_steps import CHILD, end_process_group
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.slugs import is_slug
from firmline.line.recipe.steps import Custom
from firmline.line.station.steps.result import StepResult
from firmline.line.station.steps.work import Work

MOST_ANSWER: Final = 1_000_000
"""Bytes of an answer; ours."""
MOST_MEASUREMENTS: Final = 100
MOST_TEXT: Final = 300
"""Characters of a text that was measured, or that says what went wrong; ours."""


async def custom(action: Custom, work: Work) -> StepResult:
    """Call it; what it returns are measurements, and what it raises is the station's error."""
    place = str(work.folder.resolve())
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-B", "-P", "-m", CHILD, place, action.module, action.function, "call"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=place,
        start_new_session=os.name != "nt",
    )
    try:
        answer, _ = await process.communicate(json.dumps(_told(action, work)).encode())
    finally:
        end_process_group(process.pid, process.kill)
        await process.wait()
    return _result(action, answer, process.returncode or 0)


def _told(action: Custom, work: Work) -> dict[str, Any]:
    """What the function is told of the unit."""
    recipe = work.recipe
    return {
        "serial_number": work.serial,
        "address": work.address,
        "attempt": work.attempt,
        "station": work.equipment.station,
        "slot": work.slot,
        "product": recipe.product.name,
        "revision": recipe.product.revision,
        "recipe": recipe.name,
        "recipe_version": recipe.version,
        "arguments": dict(action.arguments),
        "measured": {step: dict(values) for step, values in work.measured.items()},
        "facts": {fact.fact: fact.value for fact in work.facts},
    }


def _result(action: Custom, answer: bytes, status: int) -> StepResult:
    name = f"{action.module}.{action.function}"
    try:
        told = json.loads(answer[:MOST_ANSWER])
        trouble, returned = str(told["trouble"]), told.get("returned")
    except (ValueError, TypeError, KeyError):
        how = f"signal {-status}" if status < 0 else f"exit code {status}"
        return _error(f"{name} ended its process ({how}).")
    if trouble:
        return _error(f"{trouble[:MOST_TEXT]}.")
    if returned is None:
        return StepResult()
    if not isinstance(returned, dict) or len(returned) > MOST_MEASUREMENTS:
        return _error(f"{name} returned no dictionary of measurements.")
    for key, value in returned.items():
        if not is_slug(key) or not _is_measurement(value):
            return _error(
                f"{name} returned {shortened(key)!r}, which is no number or text by name."
            )
    return StepResult(measured=returned)


def _is_measurement(value: object) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        return len(value) <= MOST_TEXT and value.isprintable()
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max  # no NaN either


def _error(sentence: str) -> StepResult:
    return StepResult(outcome=StepOutcome.ERROR, code=Code.STEP_OF_CUSTOMER, message=sentence)
