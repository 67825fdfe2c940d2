"""Opening a station: its records for it alone, what was cut off, and the radios of its slots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from firmline.errors import Code, InputError, StoreError, shortened
from firmline.line.loading import CheckedRecipe
from firmline.line.recipe.steps import Find, FindBy
from firmline.line.records.attachments import attachments_beside
from firmline.line.records.base import Records
from firmline.line.station.alone import alone
from firmline.line.station.clock import StationClock
from firmline.line.station.cut_off import CutOff, forget, runs_cut_off
from firmline.line.station.journal import Journal
from firmline.line.station.run import Books
from firmline.line.station.slots import SlotView
from firmline.line.station.station import Shift, Station
from firmline.line.station.steps.work import Equipment, LabelPrinter
from firmline.line.station.withdrawal import watching
from firmline.links.slot_roads import Reach, SlotRoads, reach_of
from firmline.links.target import Scheme
from firmline.links.wanted import WantedTarget
from firmline.updater.timeouts import Timeouts
from firmline.updater.turns import Turns

PATIENCE_S: Final = 10.0
"""How long a station that ends tries to write what is left, seconds; ours."""
_REACH: Final = {
    FindBy.NAME: Reach.RADIO,
    FindBy.ADDRESS: Reach.RADIO,
    FindBy.USB: Reach.USB,
    FindBy.SLOT: Reach.PORT,
}
_IN_WORDS: Final = {
    Reach.RADIO: "a radio, which finds units by name or address",
    Reach.USB: "USB, where units have serial numbers",
    Reach.PORT: "a port, which leads to whatever is wired to it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StationSetup:
    """What a station is.

    Attributes:
        name: Its name, which no other station has.
        recipe: What it does.
        slots: What each slot has, from slot 1.
        database: Its file of records.
        printer: Prints labels.
        shift: What is the same for all units now.
        timeouts: How long to wait for what.
    """

    name: str
    recipe: CheckedRecipe
    slots: tuple[WantedTarget, ...]
    database: Path
    printer: LabelPrinter
    shift: Shift = field(default_factory=Shift)
    timeouts: Timeouts = field(default_factory=Timeouts)

    @property
    def is_virtual(self) -> bool:
        """Whether its time is that of virtual units, whose records are ahead of the wall."""
        return self.slots[0].target.scheme is Scheme.SIM


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A station that takes units.

    Attributes:
        station: It.
        cut_off: Runs that were half done when it was killed, which have their end now.
        behind_s: How far the computer's clock is behind the records, seconds; 0: it is not.
    """

    station: Station
    cut_off: tuple[CutOff, ...]
    behind_s: float


@asynccontextmanager
async def open_station(
    setup: StationSetup,
    records: Records,
    *,
    shown: Callable[[SlotView], None],
    troubled: Callable[[StoreError | None], None],
    clock_went: Callable[[timedelta], None],
) -> AsyncIterator[Opened]:
    """Open a station; at the end its runs are stopped in order, and all is given back.

    Args:
        setup: What it is.
        records: Its records.
        shown: Hears every change of a slot.
        troubled: Hears what keeps records from being written; ``None``: nothing any more.
        clock_went: Hears how far the computer's clock went forward at once, which the records
            follow for good. Not of a station of virtual units, whose time is their own.

    Raises:
        InputError: ``STATION_BUSY`` or ``STATION_SETUP``.
        TransportError: A radio is not available.
        StoreError: The records cannot be used; or some could not be written at the end.
    """
    check_slots(setup)
    async with AsyncExitStack() as stack:
        stack.callback(alone(setup.database, setup.name).release)
        clock = await _clock(setup, records, went_far=clock_went)
        roads = SlotRoads(stack)
        for slot in setup.slots:
            await roads.ready(slot)
        journal = Journal(records, setup.name, troubled=troubled)
        journal.start()
        stack.push_async_callback(_close_journal, journal)
        books = _books(setup, journal, clock)
        cut_off = await _end_what_was_cut_off(setup, records, books)
        released = stack.enter_context(watching(setup.recipe))
        station = Station(
            dict(enumerate(setup.slots, 1)),
            equipment=Equipment(
                recipe=setup.recipe,
                roads=roads,
                turns=Turns(),
                timeouts=setup.timeouts,
                printer=setup.printer,
                station=setup.name,
            ),
            books=books,
            records=records,
            shown=shown,
            shift=setup.shift,
            withdrawn=lambda: released.withdrawn,
        )
        stack.push_async_callback(station.close)
        yield Opened(
            station=station, cut_off=cut_off, behind_s=max(0.0, clock.behind.total_seconds())
        )


def check_slots(setup: StationSetup) -> None:
    """See that every slot can do what the recipe asks for.

    Raises:
        InputError: ``STATION_SETUP``, ``TARGET_MALFORMED`` or ``TARGET_UNKNOWN_UNIT``.
    """
    recipe = setup.recipe.recipe
    wanted = {
        _REACH[step.action.by]: step.action.by
        for step in recipe.steps
        if isinstance(step.action, Find)
    }
    for number, slot in enumerate(setup.slots, 1):
        reach = reach_of(slot)
        for needed, by in wanted.items():
            if reach is not needed:
                raise InputError(
                    Code.STATION_SETUP,
                    f"Slot {number} has {_IN_WORDS[reach]}, and the recipe finds units by = "
                    f'"{by}".',
                )
    ports = [slot.target.where for slot in setup.slots if slot.target.scheme is Scheme.SERIAL]
    for port in ports:
        if ports.count(port) > 1:
            raise InputError(
                Code.STATION_SETUP,
                f"Two slots have the port {shortened(port)!r}, and it leads to one unit.",
                hint="Give each slot a port of its own.",
            )


def at_work_beside(database: Path, station: str) -> Path:
    """Folder of what is at work: ``shift.db.at-work/STATION``."""
    return database.with_name(f"{database.name}.at-work") / station


async def _clock(
    setup: StationSetup, records: Records, *, went_far: Callable[[timedelta], None]
) -> StationClock:
    """The station's time, which goes on from its newest record."""
    newest = await asyncio.to_thread(records.newest_time, setup.name)
    return StationClock(
        asyncio.get_running_loop().time,
        not_before=newest,
        went_far=_ignored if setup.is_virtual else went_far,
    )


def _books(setup: StationSetup, journal: Journal, clock: StationClock) -> Books:
    """Where runs write: the journal, and what lies beside the file of records."""
    return Books(
        journal=journal,
        attachments=attachments_beside(setup.database),
        at_work=at_work_beside(setup.database, setup.name),
        clock=clock,
    )


def _ignored(_ahead: timedelta) -> None:
    """Virtual time stands still while nobody does anything, and the wall's does not."""


async def _end_what_was_cut_off(
    setup: StationSetup, records: Records, books: Books
) -> tuple[CutOff, ...]:
    found = await asyncio.to_thread(
        lambda: runs_cut_off(
            records, setup.name, at_work=books.at_work, attachments=books.attachments
        )
    )
    for each in found:
        await books.journal.keep(*each.entries)
        forget(each, at_work=books.at_work)
    return tuple(found)


async def _close_journal(journal: Journal) -> None:
    lost = await journal.close(patience_s=PATIENCE_S)
    if lost and journal.problem is not None:
        raise journal.problem
