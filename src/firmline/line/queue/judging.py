"""What becomes of a planned unit when its runs have ended. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from firmline.errors import Code
from firmline.line.campaigns.decision import AttemptTold, UnitState
from firmline.line.outcomes import StepOutcome
from firmline.line.queue.told import RunTold
from firmline.line.recipe.retest import RetestRule
from firmline.line.records.values import Diagnosis, Run

NOT_HERE: Final = "It was not here."
_BROKEN_OFF: Final = frozenset({StepOutcome.ABORTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Became:
    """What became of a unit.

    Attributes:
        state: What it is now; ``WORKING``: it is half done, and has to be gone on with.
        why: One sentence; empty: nothing to say.
        runs: What is told of its runs.
    """

    state: UnitState
    why: str
    runs: tuple[RunTold, ...]


def became(
    runs: Sequence[tuple[Run, Diagnosis | None]], *, rule: RetestRule, is_ending: bool = False
) -> Became:
    """What became of a unit.

    Args:
        runs: The runs on it by this job, in order, and why each failed.
        rule: How often it may try, as the recipe says.
        is_ending: Whether the station ends: what it aborted is gone on with when it is back.
    """
    told = tuple(_told(run, diagnosis) for run, diagnosis in runs if not _is_absent(run))
    if not runs:
        return Became(state=UnitState.WORKING, why="", runs=())
    last = runs[-1][0]
    if _is_absent(last):
        return Became(state=UnitState.HELD, why=NOT_HERE, runs=told)
    match last.outcome:
        case StepOutcome.PASS:
            return Became(state=UnitState.PASSED, why="", runs=told)
        case StepOutcome.FAIL | StepOutcome.TIMEOUT:
            strikes = sum(
                run.outcome in rule.counted or run.outcome is StepOutcome.TIMEOUT
                for run, _ in runs
                if not _is_absent(run)
            )
            state = UnitState.QUEUED if strikes < rule.strikes else UnitState.FAILED
            return Became(state=state, why=last.message, runs=told)
        case StepOutcome.ABORTED if is_ending or last.code == Code.RUN_CUT_OFF:
            return Became(state=UnitState.WORKING, why="", runs=told)
        case _:
            return Became(state=UnitState.HELD, why=last.message, runs=told)


def _is_absent(run: Run) -> bool:
    """Whether nobody has met the unit: that says nothing about it."""
    return run.code == Code.UNIT_NOT_FOUND and not run.address


def _told(run: Run, diagnosis: Diagnosis | None) -> RunTold:
    likeliest = diagnosis.causes[0] if diagnosis is not None and diagnosis.causes else None
    return RunTold(
        run=run.number,
        at=run.ended_at,
        attempt=AttemptTold(
            outcome=run.outcome,
            code=run.code,
            cause="" if likeliest is None else likeliest.cause,
            family="" if likeliest is None else likeliest.family,
        ),
    )
