"""A station's slots for people and for programs."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import click

from firmline.cli.failures import next_thing, say
from firmline.cli.style import paint, printable
from firmline.errors import Code, FirmlineError
from firmline.line.outcomes import StepOutcome
from firmline.line.station.cut_off import CutOff
from firmline.line.station.opening import StationSetup
from firmline.line.station.slots import SlotState, SlotView
from firmline.line.station.words import HELP

_COLOURS: Final = {
    StepOutcome.PASS: "green",
    StepOutcome.FAIL: "red",
    StepOutcome.ERROR: "magenta",
    StepOutcome.TIMEOUT: "red",
    StepOutcome.ABORTED: "yellow",
}


class SlotPrinter:
    """Prints what becomes of slots, a line for each thing that a person wants to know.

    Args:
        as_json: Whether to print for programs: every change, a JSON object a line.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._last: dict[int, SlotView] = {}

    def slot(self, view: SlotView) -> None:
        """A slot has changed."""
        before = self._last.get(view.number)
        self._last[view.number] = view
        with suppress(BrokenPipeError):
            if self._as_json:
                click.echo(json.dumps({"type": "slot", **_fields(view)}))
                return
            for line in _lines(before, view):
                click.echo(line)

    def all_slots(self, views: Iterable[SlotView]) -> None:
        """All slots as they are."""
        for view in views:
            if self._as_json:
                click.echo(json.dumps({"type": "slot", **_fields(view)}))
            else:
                click.echo(_state_line(view))

    def refused(self, error: FirmlineError) -> None:
        """What was scanned or typed is not done."""
        if self._as_json:
            click.echo(
                json.dumps(
                    {
                        "type": "refused",
                        "code": str(error.code),
                        "message": printable(error.message),
                        "next": next_thing(error),
                    }
                )
            )
        else:
            say(error)

    def cut_off(self, cut: CutOff) -> None:
        """A run was half done when the station was killed."""
        run = cut.run
        if self._as_json:
            fields = {"serial": run.unit.serial, "slot": run.slot, "step": cut.step}
            click.echo(json.dumps({"type": "cut_off", "run": run.number, **fields}))
            return
        where = f" in the step {cut.step}" if cut.step else ""
        click.echo(
            f"{paint('half done:', fg='yellow', bold=True)} {printable(run.unit.serial)} in slot"
            f" {run.slot}, cut off{where} (run {run.number}). Put it back and scan it first."
        )

    def ready(self, setup: StationSetup) -> None:
        """The station takes units."""
        recipe = setup.recipe.recipe
        if self._as_json:
            fields = {"station": setup.name, "slots": len(setup.slots), "recipe": recipe.name}
            click.echo(json.dumps({"type": "ready", **fields, "version": recipe.version}))
            return
        slots = f"{len(setup.slots)} slots" if len(setup.slots) > 1 else "one slot"
        click.echo(
            f"Station {setup.name} with {slots}: {printable(recipe.title)}, version"
            f" {recipe.version}. Scan a unit, or type help."
        )
        for remark in setup.recipe.remarks:
            self.line(f"note: {printable(remark)}")

    def help(self) -> None:
        """The words of the station."""
        for word, meaning in HELP:
            self.line(f"  {word:<16} {meaning}")

    def line(self, text: str) -> None:
        """A line for people."""
        click.echo(text, err=self._as_json)

    def total(self, outcomes: Counter[StepOutcome]) -> None:
        """How many runs ended how."""
        with suppress(BrokenPipeError):
            counts = {each.value: outcomes[each] for each in _COLOURS}
            if self._as_json:
                click.echo(
                    json.dumps({"type": "result", "runs": outcomes.total(), "outcomes": counts})
                )
                return
            told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
            runs = "run" if outcomes.total() == 1 else "runs"
            click.echo(f"{outcomes.total()} {runs}{f': {told}' if told else ''}.")


def _fields(view: SlotView) -> dict[str, object]:
    fields = dataclasses.asdict(view)
    return {
        name: printable(value) if isinstance(value, str) else value
        for name, value in fields.items()
    }


def _lines(before: SlotView | None, view: SlotView) -> Iterable[str]:
    """What is new about a slot."""
    if view.state is SlotState.RUNNING:
        is_new_step = before is None or (before.place, before.serial) != (view.place, view.serial)
        if is_new_step or before is None or before.state is not SlotState.RUNNING:
            yield _state_line(view)
        return
    if view.outcome is None:
        return
    yield _state_line(view)
    if view.outcome is StepOutcome.PASS:
        return
    told = FirmlineError(Code(view.code) if view.code else Code.DEFECT, view.sentence)
    told.hint = view.action
    yield f"        {printable(view.sentence)} [{view.code}]"
    if view.cause:
        yield f"        cause: {printable(view.cause)}"
    if view.next_test:
        yield f"        test: {view.next_test}, before the unit's power is touched"
    yield f"        next: {next_thing(told)}"


def _state_line(view: SlotView) -> str:
    begin = f"slot {view.number:<2} {printable(view.serial) or '-':<16}"
    if view.state is SlotState.RUNNING:
        attempt = f" (attempt {view.attempt})" if view.attempt > 1 and view.place == 1 else ""
        return f"{begin} {view.place}/{view.steps} {printable(view.step)}{attempt}"
    if view.outcome is None:
        return f"{begin} waits for a unit"
    word = paint(view.outcome.value.upper(), fg=_COLOURS.get(view.outcome), bold=True)
    return f"{begin} {word} in {view.seconds:.1f} s"
