"""Retests: whether a unit may run (again), and which attempt of it that is.

The attempts are counted on the unit, over all stations. A run that was the station's fault neither
uses up an attempt nor is a strike, unless the recipe says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from firmline.line.outcomes import StepOutcome


class Admission(StrEnum):
    """What becomes of a unit whose barcode was scanned."""

    FIRST = "first"
    """Its first attempt, which first-pass yield counts."""
    RETEST = "retest"
    """It has failed before and may try again."""
    REWORK = "rework"
    """It has failed too often: to rework, not into a slot."""
    PASSED = "passed"
    """It has passed already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetestRule:
    """How often a unit may try.

    Attributes:
        strikes: Failed runs after which it goes to rework.
        counted: The outcomes of runs that are strikes.
        repeat_passed: Whether a unit that has passed may run again, as a retest.
    """

    strikes: int
    counted: frozenset[StepOutcome]
    repeat_passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionDecision:
    """Whether a unit may run.

    Attributes:
        admission: The answer.
        attempt: Which attempt of the unit this would be, from 1.
        strikes: How many strikes it has.
    """

    admission: Admission
    attempt: int
    strikes: int

    @property
    def is_admitted(self) -> bool:
        """Whether it may run."""
        return self.admission in {Admission.FIRST, Admission.RETEST}


def decide_admission(
    rule: RetestRule,
    earlier: Sequence[StepOutcome],
    *,
    before_rework: Sequence[StepOutcome] = (),
) -> AdmissionDecision:
    """Whether a unit may run.

    Args:
        rule: The recipe's.
        earlier: The outcomes of its runs with this recipe since it last came from rework, in order.
        before_rework: Those before: attempts all the same, but no strikes any more.
    """
    judged = [
        each for each in (*before_rework, *earlier) if each.judges_unit or each in rule.counted
    ]
    strikes = sum(each in rule.counted for each in earlier)
    if StepOutcome.PASS in earlier and not rule.repeat_passed:
        admission = Admission.PASSED
    elif strikes >= rule.strikes:
        admission = Admission.REWORK
    else:
        admission = Admission.RETEST if judged else Admission.FIRST
    return AdmissionDecision(admission=admission, attempt=len(judged) + 1, strikes=strikes)
