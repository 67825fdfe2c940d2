"""What comes of a step's measurements: rows for the record, and the outcome of the step. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from firmline.errors import Code
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.kinds import KINDS
from firmline.line.recipe.limits import Judgement, Limit, outcome_of
from firmline.line.recipe.steps import Step
from firmline.line.recipe.words import limit_in_words, number
from firmline.line.records.values import NO_LIMITS, Limits, Measurement
from firmline.line.station.steps.result import StepResult

_OUTCOMES = {
    Judgement.WITHIN: StepOutcome.PASS,
    Judgement.MARGINAL: StepOutcome.PASS,
    Judgement.OUTSIDE: StepOutcome.FAIL,
    Judgement.NONSENSE: StepOutcome.ERROR,
}


def judged(step: Step, result: StepResult) -> StepResult:
    """The result with its limits judged: one that went well may still be outside of one."""
    if result.outcome is not StepOutcome.PASS or not step.limits:
        return result
    outcome = outcome_of(step.limits, result.measured)
    if outcome is StepOutcome.PASS:
        return result
    wrong = next(
        limit
        for limit in step.limits
        if _OUTCOMES[limit.judge(result.measured.get(limit.measurement))] is outcome
    )
    is_outside = outcome is StepOutcome.FAIL
    return replace(
        result,
        outcome=outcome,
        code=Code.OUTSIDE_LIMITS if is_outside else Code.NOT_MEASURED,
        message=_outside(wrong, result.measured) if is_outside else _not_measured(step, wrong),
        hint="",
    )


def _outside(limit: Limit, measured: Mapping[str, float | str]) -> str:
    unit = f" {limit.unit}" if limit.unit else ""
    return (
        f"{limit.measurement} is {number(measured[limit.measurement])}{unit}, and has to be:"
        f" {limit_in_words(limit)}."
    )


def _not_measured(step: Step, limit: Limit) -> str:
    return f"The step {step.name!r} has not measured {limit.measurement}, which has a limit."


def measurements(step: Step, measured: Mapping[str, float | str]) -> tuple[Measurement, ...]:
    """The rows of what was measured, and of what has a limit and was not."""
    limits = {limit.measurement: limit for limit in step.limits}
    names = [*measured, *(name for name in limits if name not in measured)]
    return tuple(_row(step, name, measured.get(name), limits.get(name)) for name in names)


def _row(step: Step, name: str, value: float | str | None, limit: Limit | None) -> Measurement:
    judgement = None if limit is None else limit.judge(value)
    usual = KINDS[step.kind].measure(name)
    return Measurement(
        name=name,
        number=None if value is None or isinstance(value, str) else float(value),
        text=value if isinstance(value, str) else "",
        unit=limit.unit if limit is not None else "" if usual is None else usual.unit,
        limits=NO_LIMITS if limit is None else _limits(limit),
        outcome=StepOutcome.SKIP if judgement is None else _OUTCOMES[judgement],
        is_marginal=judgement is Judgement.MARGINAL,
    )


def _limits(limit: Limit) -> Limits:
    if isinstance(limit.equals, str):
        return Limits(equals=limit.equals)
    if limit.equals is not None:
        return Limits(least=limit.equals, most=limit.equals)
    return Limits(
        least=limit.least,
        most=limit.most,
        marginal_least=limit.marginal_least,
        marginal_most=limit.marginal_most,
    )
