"""Outcomes: of a step, and of the run that the steps make up.

The words are those of production test: FAIL is the unit's fault, ERROR the station's. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class StepOutcome(StrEnum):
    """How a step ended; a run ends with the same words, but for SKIP."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    """Done, and everything measured lies within its limits."""
    FAIL = "fail"
    """The unit's fault: it refused, did not come back, or is outside of a limit."""
    ERROR = "error"
    """The station's fault: no radio, no package, a step of the customer's that raised."""
    TIMEOUT = "timeout"
    """Not done in its time; whose fault that is, nobody has seen."""
    SKIP = "skip"
    """Not begun: the run had ended before, or the step does not apply."""
    ABORTED = "aborted"
    """Somebody stopped it: the operator, or the station when it was switched off."""

    @property
    def judges_unit(self) -> bool:
        """Whether it says anything about the unit."""
        return self in _ABOUT_UNIT

    @property
    def goes_on(self) -> bool:
        """Whether nothing has gone wrong."""
        return self in _GOES_ON


_ABOUT_UNIT: Final = frozenset({StepOutcome.PASS, StepOutcome.FAIL})
_GOES_ON: Final = frozenset({StepOutcome.PASS, StepOutcome.SKIP})


def outcome_of_run(steps: Iterable[StepOutcome]) -> StepOutcome:
    """The outcome of a run, from those of its steps in their order.

    The first step that went wrong decides, for what comes after it may be its consequence: a unit
    that failed has failed though the label printer stops later, and a measurement behind a
    station's error says nothing of the unit.

    Args:
        steps: The last attempt of each step.

    Returns:
        Never SKIP. A run of which no step passed is ERROR: it has shown nothing of the unit.
    """
    outcomes = tuple(steps)
    wrong = next((each for each in outcomes if not each.goes_on), None)
    if wrong is not None:
        return wrong
    return StepOutcome.PASS if StepOutcome.PASS in outcomes else StepOutcome.ERROR
