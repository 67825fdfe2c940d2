"""Sending a package, and seeing the new application run."""

from __future__ import annotations

from firmline.errors import Code, VerifyError
from firmline.events import Event, LadderStepped, SessionRepeated, SignalMeasured, UnitSeen
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.steps import Update as UpdateAction
from firmline.line.station.steps.result import StepResult, of_error
from firmline.line.station.steps.work import Work
from firmline.updater.update import Update, UpdateResult, plan_for


async def update(action: UpdateAction, work: Work) -> StepResult:
    """Send a package; the updater asks the unit what it has before anything is sent again.

    An end that was not seen is not this step's failure: everything was sent and accepted, and the
    step ``verify`` says that nobody has seen it run.
    """
    road, checked = work.road, work.equipment.recipe
    plan = plan_for(
        checked.package(action.package),
        checked.content(action.package),
        package_name=work.recipe.package(action.package).file,
        unit_name=work.serial,
        pin=road.pin,
        timeouts=work.equipment.timeouts,
        pacing=road.pacing,
        prn=road.prn,
    )
    work.heard.clear()

    def hear(event: Event) -> None:
        work.hear(event)
        work.heard.append(event)

    sending = Update(plan, link=road.link, report=hear)
    try:
        result = await sending.run(work.equipment.turns)
    finally:
        work.update = sending.result
    measured = _measured(result, work.heard)
    if result.error is not None and not isinstance(result.error, VerifyError):
        failed = of_error(result.error)
        return StepResult(
            outcome=failed.outcome,
            code=failed.code,
            message=failed.message,
            hint=failed.hint,
            measured=measured,
        )
    return StepResult(message="Everything was sent and accepted.", measured=measured)


def verify(work: Work) -> StepResult:
    """Whether something that was seen on the unit shows that what was sent is running."""
    result = work.update
    if result is None:
        return StepResult(
            outcome=StepOutcome.ERROR,
            code=Code.NOT_MEASURED,
            message="No update has come to its end.",
        )
    if result.error is not None:
        return of_error(result.error)
    proof = result.finished.proof
    told = "" if proof is None else f" ({proof.value.replace('_', ' ')})"
    return StepResult(message=f"The new firmware was seen running{told}.")


def measure(work: Work) -> StepResult:
    """What the last update has measured."""
    if work.update is None:
        return StepResult(
            outcome=StepOutcome.ERROR,
            code=Code.NOT_MEASURED,
            message="No update has come to its end.",
        )
    return StepResult(measured=_measured(work.update, work.heard))


def _measured(result: UpdateResult, heard: list[Event]) -> dict[str, float | str]:
    """Duration, rate, signal, share of the limit and attempts, where there is such a thing."""
    finished = result.finished
    measured: dict[str, float | str] = {
        "duration": round(finished.duration_s, 3),
        "attempts": 1 + sum(isinstance(each, LadderStepped | SessionRepeated) for each in heard),
    }
    if finished.sent_size and finished.transfer_s:
        measured["rate"] = round(finished.sent_size / finished.transfer_s / 1000, 3)
    if finished.limit_share is not None:
        measured["limit_share"] = round(finished.limit_share, 4)
    signal = _signal(heard)
    if signal is not None:
        measured["rssi"] = signal
    return measured


def _signal(heard: list[Event]) -> int | None:
    """The last that was measured in a connection; else the last that was heard of the unit."""
    connected = [each.rssi_dbm for each in heard if isinstance(each, SignalMeasured)]
    if connected:
        return connected[-1]
    in_the_air = [
        each.rssi_dbm for each in heard if isinstance(each, UnitSeen) and each.rssi_dbm is not None
    ]
    return in_the_air[-1] if in_the_air else None
