"""The terminal of a station: what is scanned goes in, and what becomes of the slots comes out."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from firmline.cli.failures import say
from firmline.cli.forwarding import forwarding
from firmline.cli.running import run_with
from firmline.cli.slot_text import SlotPrinter
from firmline.errors import Code, FirmlineError, InputError, StoreError
from firmline.line.outcomes import StepOutcome
from firmline.line.records.address import parse_address
from firmline.line.records.open import open_records
from firmline.line.station import words
from firmline.line.station.desk import acknowledge, carry_out
from firmline.line.station.opening import Opened, StationSetup, open_station
from firmline.line.station.slots import SlotState, SlotView
from firmline.line.station.station import Station
from firmline.line.sync.centre import Centre
from firmline.links.target import Scheme, Target

TICK_S: Final = 0.2
"""How often a station looks up, seconds; ours. Virtual time stands still where nobody does."""


def run_station(
    setup: StationSetup, *, unattended: bool, as_json: bool, centre: Centre | None = None
) -> None:
    """Run a station until its input ends, or somebody ends it.

    Args:
        setup: The station.
        unattended: Whether nobody is there.
        as_json: Whether to print for programs.
        centre: Where its records are sent meanwhile; ``None``: nowhere.

    Raises:
        InputError: ``STATION_BUSY`` or ``STATION_SETUP``.
        TransportError: A radio is not available.
        StoreError: The records cannot be used.
        KeyboardInterrupt: A signal to end came; the runs were aborted in order.
    """
    address = parse_address(str(setup.database))
    with closing(open_records(address, create=True)) as records:
        terminal = Terminal(setup, unattended=unattended, as_json=as_json)

        async def go() -> None:
            async with open_station(
                setup,
                records,
                shown=terminal.shown,
                troubled=terminal.troubled,
                clock_went=terminal.clock_went,
            ) as opened:
                await terminal.serve(opened)

        try:
            with forwarding(centre, setup, records, line=terminal.line):
                run_with(in_its_time(setup), go())
        finally:
            terminal.say_total()


def in_its_time(setup: StationSetup) -> Target:
    """A target whose event loop is the station's: virtual units may live faster than we do.

    A virtual unit as fast as this computer would leave no time to scan another one: without speed=
    it lives in real time.
    """
    first = setup.slots[0].target
    if first.scheme is Scheme.SIM and "physics" not in first.options:
        return replace(first, options={"speed": "1", **first.options})
    return first


def clock_behind(behind_s: float, now: datetime) -> str:
    """That the newest record is of a time that this computer's clock has not reached.

    Args:
        behind_s: How far the clock is behind it, seconds.
        now: What the clock says, UTC.
    """
    newest = now + timedelta(seconds=behind_s)
    return (
        f"The newest record is of {newest:%Y-%m-%d %H:%M:%S} UTC, and this computer's clock says"
        f" {now:%Y-%m-%d %H:%M:%S}: times go on from the record. If the clock is wrong, set it; if"
        " it was wrong then, keep these records and begin others (another --db)."
    )


def clock_forward(ahead: timedelta) -> str:
    """That this computer's clock went far forward at once, and the records with it.

    Args:
        ahead: How far.
    """
    return (
        f"This computer's clock went forward by {ahead.total_seconds() / 60:.0f} min: it slept, or"
        " somebody set the clock. Times go on from there, and never back. If it is wrong, end the"
        " station, set the clock, and begin other records (another --db)."
    )


class Terminal:
    """Reads what is said, does it, and prints what comes of it.

    Args:
        setup: The station.
        unattended: Whether nobody is there.
        as_json: Whether to print for programs.
    """

    def __init__(self, setup: StationSetup, *, unattended: bool, as_json: bool) -> None:
        self._setup = setup
        self._unattended = unattended
        self._printer = SlotPrinter(as_json=as_json)
        self._pattern = setup.recipe.recipe.product.serial_pattern
        self._outcomes: Counter[StepOutcome] = Counter()
        self._slot: int | None = None
        self._has_begun = False
        self._is_over = False

    # What is shown.

    def shown(self, view: SlotView) -> None:
        """A slot has changed."""
        if view.outcome is not None and view.state is not SlotState.RUNNING:
            self._outcomes[view.outcome] += 1
        self._printer.slot(view)

    def troubled(self, problem: StoreError | None) -> None:
        """Records cannot be written, or can be again."""
        if problem is None:
            self._printer.line("Records are written again.")
        else:
            say(problem)

    def clock_went(self, ahead: timedelta) -> None:
        """The computer's clock went far forward at once."""
        self._printer.line(clock_forward(ahead))

    def line(self, text: str) -> None:
        """One sentence, whoever says it."""
        self._printer.line(text)

    def say_total(self) -> None:
        """How many runs ended how; nothing of a station that has never taken units."""
        if self._has_begun:
            self._printer.total(self._outcomes)

    # What is said.

    async def serve(self, opened: Opened) -> None:
        """Take units until no more come, and none is at work."""
        station = opened.station
        self._begin(opened)
        lines = _lines(asyncio.get_running_loop())
        while not self._is_over:
            line = await _next(lines)
            if line is None:
                break
            try:
                await self._do(words.understood(line, self._pattern), station)
            except FirmlineError as error:
                self._printer.refused(error)
        await station.idle(tick_s=TICK_S)

    def _begin(self, opened: Opened) -> None:
        self._has_begun = True
        if opened.behind_s > 0 and not self._setup.is_virtual:
            self._printer.line(clock_behind(opened.behind_s, datetime.now(UTC)))
        for cut in opened.cut_off:
            self._printer.cut_off(cut)
        self._printer.ready(self._setup)

    async def _do(self, said: words.Said | None, station: Station) -> None:
        match said:
            case words.ScanUnit(serial=serial):
                slot, self._slot = self._slot, None
                await self._scan(station, serial, slot)
            case words.Rework(serial=serial, note=note):
                unit = await station.rework(serial, note=note)
                self._printer.line(f"{unit.serial} is back from rework: scan it.")
            case words.ShowSlots():
                self._printer.all_slots(station.views)
            case words.ShowHelp():
                self._printer.help()
            case words.Quit():
                self._is_over = True
            case _:
                self._slot = await carry_out(said, station, chosen=self._slot)

    async def _scan(self, station: Station, serial: str, slot: int | None) -> None:
        """Put a unit to work; where nobody is there it waits for a slot."""
        while True:
            if self._unattended:
                acknowledge(station, None)
            try:
                await station.scan(serial, slot=slot)
            except InputError as error:
                may_wait = self._unattended and error.code is Code.SLOT_NOT_FREE
                if not may_wait or not station.is_busy:
                    raise
                await asyncio.sleep(TICK_S)
            else:
                return


def _lines(loop: asyncio.AbstractEventLoop) -> asyncio.Queue[str | None]:
    """The lines of standard input as they come; ``None`` is its end."""
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def tell(line: str | None) -> None:
        with suppress(RuntimeError):  # the station has ended
            loop.call_soon_threadsafe(lines.put_nowait, line)

    def read() -> None:
        # Standard input itself, whose strictness about what a scanner sends would end the station.
        with (
            suppress(OSError, ValueError),
            open(0, encoding="utf-8", errors="replace", closefd=False) as stream,
        ):
            for line in stream:
                tell(line)
        tell(None)

    # Not waited for at the end: nobody can stop a read of a terminal.
    threading.Thread(target=read, daemon=True).start()
    return lines


async def _next(lines: asyncio.Queue[str | None]) -> str | None:
    """The next line, with a timer beside it: virtual time needs one."""
    while True:
        try:
            return lines.get_nowait()
        except asyncio.QueueEmpty:
            await asyncio.sleep(TICK_S)
