"""Limits: what a measurement has to be, and what comes of it.

Between a limit and its marginal band a unit passes, and is said to be marginal: a batch that drifts
is seen before it fails.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from firmline.line.outcomes import StepOutcome


class Judgement(StrEnum):
    """What a measurement is against its limit."""

    WITHIN = "within"
    MARGINAL = "marginal"
    """Within, but close to the limit."""
    OUTSIDE = "outside"
    """The unit fails."""
    NONSENSE = "nonsense"
    """No number where one is expected, or the reverse: the station's error."""


class LimitKind(StrEnum):
    """The kinds of limits, as a recipe spells them."""

    IN_RANGE = "in_range"
    EQUALS = "equals"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit of one measurement.

    Attributes:
        measurement: Its slug, e.g. ``duration``.
        unit: What it is measured in, e.g. ``s``; empty for counts, shares and texts.
        kind: What kind of limit it is.
        least: Smallest value that passes; None: any.
        most: Largest value that passes; None: any.
        equals: The one value that passes, of :attr:`LimitKind.EQUALS`.
        marginal_least: Below it a value that passes is marginal; None: none is.
        marginal_most: Above it likewise.
    """

    measurement: str
    unit: str
    kind: LimitKind
    least: float | None = None
    most: float | None = None
    equals: float | str | None = None
    marginal_least: float | None = None
    marginal_most: float | None = None

    def judge(self, value: object) -> Judgement:
        """What a measured value is; only what is surely within passes."""
        if isinstance(self.equals, str):
            return self._judge_text(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            return Judgement.NONSENSE
        if self.equals is not None:
            return Judgement.WITHIN if value == self.equals else Judgement.OUTSIDE
        if _is_outside(value, self.least, self.most):
            return Judgement.OUTSIDE
        is_marginal = _is_outside(value, self.marginal_least, self.marginal_most)
        return Judgement.MARGINAL if is_marginal else Judgement.WITHIN

    def _judge_text(self, value: object) -> Judgement:
        if not isinstance(value, str):
            return Judgement.NONSENSE
        return Judgement.WITHIN if value == self.equals else Judgement.OUTSIDE


def outcome_of(limits: Iterable[Limit], measured: Mapping[str, object]) -> StepOutcome:
    """What the measurements of a step say of it.

    A measurement that is missing or nonsense makes it an ERROR, whatever the others are: the
    instrument that gave it cannot be trusted against a unit.

    Args:
        limits: The step's.
        measured: What was measured, by its slug; what has no limit is only recorded.
    """
    judged = {limit.judge(measured.get(limit.measurement)) for limit in limits}
    if Judgement.NONSENSE in judged:
        return StepOutcome.ERROR
    return StepOutcome.FAIL if Judgement.OUTSIDE in judged else StepOutcome.PASS


def _is_outside(value: float, least: float | None, most: float | None) -> bool:
    return (least is not None and value < least) or (most is not None and value > most)
