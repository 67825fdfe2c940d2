"""How a run is shown in its slot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypedDict

from firmline import events
from firmline.errors import FirmlineError
from firmline.events import Event
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.steps import Step
from firmline.line.station.diagnosing import Diagnosed
from firmline.line.station.run import Ended
from firmline.line.station.slots import SlotState, SlotView, state_behind

SHOWN_EVERY_S: Final = 0.1
"""How often progress is shown at most, seconds; ours."""


class Showing:
    """Shows how a run goes.

    Args:
        view: The slot as it is.
        show: Shows it as it has become.
    """

    def __init__(self, view: Callable[[], SlotView], show: Callable[[SlotView], None]) -> None:
        self._seen = view
        self._show = show
        self._shown_s = 0.0
        self._since: tuple[float, int] | None = None

    @property
    def _view(self) -> SlotView:
        return self._seen()

    def begun(self, run: int) -> None:
        """Its number is known."""
        self._show(replace(self._view, run=run))

    def at_step(self, step: Step, place: int) -> None:
        """A step begins."""
        self._since = None
        self._show(replace(self._view, step=step.title, place=place, share=None, rate_kb_s=0.0))

    def hear(self, event: Event) -> None:
        """Packets were sent; not each of them is worth a look."""
        if not isinstance(event, events.PacketsSent) or event.object_type != "data":
            return
        if self._since is None or event.offset < self._since[1]:
            self._since = (event.at_s, event.offset)
        begin_s, begin = self._since
        if event.at_s - self._shown_s < SHOWN_EVERY_S and event.offset != event.size:
            return
        self._shown_s = event.at_s
        took_s = event.at_s - begin_s
        rate = (event.offset - begin) / took_s / 1000 if took_s > 0 else 0.0
        self._show(replace(self._view, share=event.offset / event.size, rate_kb_s=round(rate, 1)))


class _Told(TypedDict):
    cause: str
    next_test: str
    fix: str
    fix_waits: bool


def ended_view(view: SlotView, ended: Ended) -> SlotView:
    """A slot whose run has ended."""
    run, result = ended.run, ended.result
    has_passed = run.outcome is StepOutcome.PASS
    found = None if has_passed else ended.diagnosed
    return replace(
        view,
        state=state_behind(run.outcome),
        outcome=run.outcome,
        share=None,
        rate_kb_s=0.0,
        code=run.code,
        sentence=run.message,
        action=result.hint,
        seconds=run.seconds,
        **_told(found),
    )


def _told(found: Diagnosed | None) -> _Told:
    """What a slot shows of a diagnosis."""
    if found is None:
        return _Told(cause="", next_test="", fix="", fix_waits=False)
    return _Told(
        cause=found.cause,
        next_test=found.tests[0].test.slug if found.tests else "",
        fix=found.fix,
        fix_waits=found.fix_waits,
    )


def diagnosed_view(view: SlotView, found: Diagnosed) -> SlotView:
    """A slot whose failure was diagnosed anew."""
    return replace(view, **_told(found))


def error_view(view: SlotView, error: FirmlineError) -> SlotView:
    """A slot whose run could not be carried on."""
    return replace(
        view,
        state=SlotState.ERROR,
        outcome=StepOutcome.ERROR,
        code=str(error.code),
        sentence=error.message,
        action=error.hint,
        share=None,
    )


def doing(view: SlotView) -> str:
    """What a slot does, as the end of a sentence."""
    match view.state:
        case SlotState.RUNNING:
            return f"{view.serial} is at work in it"
        case SlotState.IDLE:
            return "it waits for a unit"
        case SlotState.PASS:
            return f"{view.serial} has passed in it"
        case _:
            return f"{view.serial} has failed in it, and nobody has acknowledged that"
