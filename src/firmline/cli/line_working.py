"""What ``firmline line worker`` does: a station, its queue, and what it says of both."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Final

from firmline.cli.failures import say
from firmline.cli.forwarding import forwarding
from firmline.cli.line_station import TICK_S, Terminal, in_its_time
from firmline.cli.running import run_with
from firmline.errors import Code, FirmlineError, InputError, StoreError
from firmline.line.queue.open import check_server, open_campaigns
from firmline.line.records.address import parse_address
from firmline.line.records.open import open_records
from firmline.line.records.values import RecipeUsed
from firmline.line.station.opening import Opened, StationSetup, open_station
from firmline.line.station.station import Station
from firmline.line.sync.centre import Centre

if TYPE_CHECKING:
    from firmline.line.queue.link import QueueLink
    from firmline.line.queue.planned import PlannedWork
    from firmline.line.records.base import Records

LOOK_TICKS: Final = 5
"""How often a worker that may end asks whether work is left, in ticks; ours."""


def run_worker(
    setup: StationSetup,
    *,
    queue: str,
    unattended: bool,
    once: bool,
    as_json: bool,
    centre: Centre | None = None,
) -> None:
    """Run a station with planned work until somebody ends it.

    Raises:
        InputError: ``QUEUE_ADDRESS``, ``STATION_BUSY`` or ``STATION_SETUP``.
        TransportError: A radio is not available, or a part is not installed.
        StoreError: The records cannot be used.
        KeyboardInterrupt: A signal to end came.
    """
    address = parse_address(queue)
    check_server(address)
    try:
        open_campaigns(address).close()
    except StoreError as problem:  # it may come later
        say(problem)
    from firmline.line.queue.link import ATTENDED_MOST, QueueLink  # noqa: PLC0415 - an extra

    recipe = setup.recipe.recipe
    with closing(open_records(parse_address(str(setup.database)), create=True)) as records:
        terminal = _Worker(setup, records, unattended=unattended, once=once, as_json=as_json)
        link = QueueLink(
            address,
            setup.name,
            recipe=RecipeUsed(name=recipe.name, version=str(recipe.version), sha256=recipe.sha256),
            slots=len(setup.slots),
            at_once=len(setup.slots) if unattended else ATTENDED_MOST,
            troubled=terminal.unlinked,
        )
        terminal.link = link

        async def go() -> None:
            async with open_station(
                setup,
                records,
                shown=terminal.shown,
                troubled=terminal.troubled,
                clock_went=terminal.clock_went,
            ) as opened:
                link.start()
                try:
                    await terminal.serve(opened)
                finally:
                    await terminal.end()
                    link.stop()

        try:
            with forwarding(centre, setup, records, line=terminal.line):
                run_with(in_its_time(setup), go())
        finally:
            terminal.say_total()


class _Worker(Terminal):
    """A station's terminal that knows of planned work.

    Args:
        setup: The station.
        records: Its own.
        unattended: Whether nobody is there.
        once: Whether it ends when no work is left.
        as_json: Whether to print for programs.
    """

    link: QueueLink

    def __init__(
        self,
        setup: StationSetup,
        records: Records,
        *,
        unattended: bool,
        once: bool,
        as_json: bool,
    ) -> None:
        super().__init__(setup, unattended=unattended, as_json=as_json)
        self._records = records
        self._once = once
        self._work: PlannedWork | None = None

    def unlinked(self, problem: FirmlineError | None) -> None:
        """The queue cannot be reached, or can be again."""
        if problem is None:
            self._printer.line("Planned work is taken from the queue.")
        else:
            say(problem)

    async def serve(self, opened: Opened) -> None:
        """Take what is scanned and what is planned."""
        from firmline.line.queue.planned import PlannedWork  # noqa: PLC0415 - an extra

        self._work = PlannedWork(
            self.link,
            opened.station,
            name=self._setup.name,
            recipe=self._setup.recipe.recipe,
            records=self._records,
            refused=self._printer.refused,
        )
        if not self._unattended:
            watching = asyncio.create_task(self._watch(opened.station, self._work))
            try:
                await super().serve(opened)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            return
        self._begin(opened)
        await self._watch(opened.station, self._work)

    async def end(self) -> None:
        """Tell the queue nothing more."""
        if self._work is not None:
            await self._work.end()

    async def _watch(self, station: Station, work: PlannedWork) -> None:
        tick = 0
        while True:
            if self._unattended:
                work.take_free_slots()
            else:
                work.tell_what_ended()
            tick += 1
            if self._once and tick % LOOK_TICKS == 0 and await self._is_idle(station, work):
                self._is_over = True
                return
            await asyncio.sleep(TICK_S)

    async def _is_idle(self, station: Station, work: PlannedWork) -> bool:
        if station.is_busy or work.is_busy or not self.link.is_linked:
            return False
        try:
            return await work.left() == 0
        except StoreError:
            return False

    async def _scan(self, station: Station, serial: str, slot: int | None) -> None:
        """Put a unit to work; where it is planned, it counts for its campaign."""
        work = self._work
        job = None if work is None else work.planned(serial)
        if job is None or work is None:
            await super()._scan(station, serial, slot)
            return
        after = await asyncio.to_thread(self._records.newest, self._setup.name)
        try:
            await super()._scan(station, serial, slot)
        except InputError as refusal:
            if refusal.code in {Code.UNIT_HAS_PASSED, Code.UNIT_TO_REWORK}:
                work.follow(job, after=after, refusal=refusal)
            raise
        work.follow(job, after=after, slot=_slot_of(station, serial))


def _slot_of(station: Station, serial: str) -> int | None:
    return next(
        (
            view.number
            for view in station.views
            if view.serial == serial and view.number in station.at_work
        ),
        None,
    )
