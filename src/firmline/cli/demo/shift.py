"""The shift of the demonstration: somebody who scans, and what a reader sees of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from firmline.cli.slot_text import SlotPrinter
from firmline.cli.style import paint, printable
from firmline.errors import Code, InputError
from firmline.line.outcomes import StepOutcome
from firmline.line.station.desk import acknowledge
from firmline.line.station.slots import SlotState, SlotView
from firmline.line.station.station import Station

LOOK_S: Final = 0.1
"""How often the one who scans looks for a free slot, seconds."""
PASSED_A_LINE: Final = 6
"""How many units that passed are told in one line."""


class Telling(SlotPrinter):
    """Prints units that passed, several a line, and each that did not with its likeliest cause."""

    def __init__(self) -> None:
        super().__init__(as_json=False)
        self._passed: list[str] = []

    def slot(self, view: SlotView) -> None:
        """A slot has changed."""
        if view.outcome is None or view.state is SlotState.RUNNING:
            return
        if view.outcome is StepOutcome.PASS:
            self._passed.append(printable(view.serial))
            if len(self._passed) == PASSED_A_LINE:
                self._tell_passed()
            return
        self._tell_passed()
        for line in _lines(view):
            self.line(line)

    def total(self, outcomes: Counter[StepOutcome]) -> None:
        """How many runs ended how."""
        self._tell_passed()
        super().total(outcomes)

    def _tell_passed(self) -> None:
        if self._passed:
            self.line(f"   {paint('PASS', fg='green', bold=True)}  {'  '.join(self._passed)}")
            self._passed.clear()


def _lines(view: SlotView) -> Iterator[str]:
    word = paint("FAIL" if view.outcome is StepOutcome.FAIL else "ERROR", fg="red", bold=True)
    yield f"   {word}  {printable(view.serial)} in slot {view.number}: {printable(view.sentence)}"
    if view.cause:
        yield f"         cause: {printable(view.cause)}"
    if view.next_test:
        yield f"         test:  {view.next_test}, before its power is touched"


async def scan_all(station: Station, serials: Iterable[str]) -> None:
    """Scan units one after the other, each when a slot is free, and acknowledge what failed.

    Returns when none is at work any more.

    Raises:
        FirmlineError: A unit is refused, or the records cannot be written.
    """
    for serial in serials:
        await _scan(station, serial)
    await station.idle(tick_s=LOOK_S)


async def _scan(station: Station, serial: str) -> None:
    while True:
        acknowledge(station, None)
        try:
            await station.scan(serial)
        except InputError as error:
            if error.code is not Code.SLOT_NOT_FREE:
                raise
            await asyncio.sleep(LOOK_S)
        else:
            return
