"""What ``firmline line serve`` does: opens the records and the station, and serves them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click

from firmline.cli.ending import Ending
from firmline.cli.failures import say
from firmline.cli.forwarding import forwarding
from firmline.cli.line_station import clock_forward, in_its_time
from firmline.cli.slot_text import SlotPrinter
from firmline.cli.style import paint, printable
from firmline.errors import LocalProtocolError, StoreError
from firmline.line.accounts.hashing import Passwords
from firmline.line.accounts.sessions import Sessions
from firmline.line.accounts.store import Accounts
from firmline.line.outcomes import StepOutcome
from firmline.line.records.address import DatabaseAddress, parse_address
from firmline.line.records.attachments import AttachmentStore, attachments_beside
from firmline.line.records.database import Database
from firmline.line.records.open import open_records
from firmline.line.records.sql import SqlRecords
from firmline.line.station.cut_off import CutOff
from firmline.line.station.opening import StationSetup, open_station
from firmline.line.station.slots import SlotState, SlotView
from firmline.line.station.station import Station
from firmline.line.sync.centre import Centre
from firmline.line.webhooks.sending import Sender
from firmline.links.open import run_for_target
from firmline.web.api.routes import Api
from firmline.web.app import build_app
from firmline.web.dashboard.campaigns import CampaignPages
from firmline.web.dashboard.routes import DashboardPages
from firmline.web.listen import ListenAddress, check_reach, listening_socket, parse_listen
from firmline.web.operator.board import Board
from firmline.web.operator.routes import OperatorPages
from firmline.web.rooms import Room, Site
from firmline.web.serving import serving
from firmline.web.signing_in.access import SigningIn
from firmline.web.signing_in.pages import SignInPages
from firmline.web.sync import sync_room
from firmline.web.tls import Tls

Work = Callable[[Station], Coroutine[Any, Any, None]]
"""Puts units to work at a station, and ends when all have."""


class Server:
    """Serves, and says so.

    Args:
        listen: Where.
        tls: How it is encrypted; ``None``: not at all.
        log_json: Whether to tell of requests on standard error.
        as_json: Whether to print for programs.
        printer: Prints what becomes of slots; ``None``: all of it.

    Raises:
        InputError: ``LISTEN_ADDRESS``.
    """

    def __init__(
        self,
        listen: str,
        *,
        tls: Tls | None = None,
        log_json: bool = False,
        as_json: bool,
        printer: SlotPrinter | None = None,
    ) -> None:
        self._address: ListenAddress = parse_listen(listen)
        self._tls = tls
        self._heard = _log if log_json else None
        self._as_json = as_json
        self._printer = printer or SlotPrinter(as_json=as_json)
        self._outcomes: Counter[StepOutcome] = Counter()

    def serve_records(self, db: str, ending: Ending, *, attachments: Path | None = None) -> None:
        """Serve the pages over records alone, until somebody ends it.

        Args:
            db: The records.
            ending: Says when to end.
            attachments: Folder of attachments; ``None``: beside the file of records.
        """
        address = parse_address(db)
        with closing(open_records(address, create=False)) as records:
            rooms = _rooms(records, address, attachments)
            doors = self._doors(records.database)
            with _told_to_others(records):
                asyncio.run(_until(ending, self._serve(address.name, doors, rooms, work=_for_ever)))

    def serve_station(
        self,
        setup: StationSetup,
        ending: Ending,
        *,
        work: Work | None = None,
        centre: Centre | None = None,
    ) -> None:
        """Serve a station with its page as well.

        Args:
            setup: The station.
            ending: Says when to end.
            work: Scans units; the end comes with its own. ``None``: people scan, on the page.
            centre: Where its records are sent meanwhile; ``None``: nowhere.
        """
        address = parse_address(str(setup.database))
        if not setup.database.exists():  # nor is it made for those who may not come in
            check_reach(self._address, has_accounts=False)
        with closing(open_records(address, create=True)) as records:
            doors = self._doors(records.database)
            board = Board(setup)

            def shown(view: SlotView) -> None:
                board.shown(view)
                self._shown(view)

            def troubled(problem: StoreError | None) -> None:
                board.troubled(problem)
                self._troubled(problem)

            def clock_went(ahead: timedelta) -> None:
                board.clock_went(ahead)
                self._printer.line(clock_forward(ahead))

            async def go() -> None:
                async with AsyncExitStack() as stack:
                    opened = await stack.enter_async_context(
                        open_station(
                            setup, records, shown=shown, troubled=troubled, clock_went=clock_went
                        )
                    )
                    board.opened(opened, is_virtual=setup.is_virtual)
                    await self._serve(
                        setup.name,
                        doors,
                        [OperatorPages(board).room, *_rooms(records, address)],
                        cut_off=opened.cut_off,
                        work=_for_ever if work is None else partial(work, opened.station),
                    )

            with (
                _told_to_others(records),
                forwarding(centre, setup, records, line=self._printer.line),
            ):
                run_for_target(in_its_time(setup), _until(ending, go()))
            self._printer.total(self._outcomes)

    async def _serve(
        self,
        name: str,
        doors: SigningIn,
        rooms: list[Room],
        *,
        work: Callable[[], Coroutine[Any, Any, object]],
        cut_off: tuple[CutOff, ...] = (),
    ) -> None:
        listener = listening_socket(self._address)
        hosts, port = self._address.names, listener.getsockname()[1]
        site = Site(name=name, hosts=hosts, access=doors, defect=_say_defect, heard=self._heard)
        sign_in = [] if doors.sessions is None else [SignInPages(doors, doors.sessions).room]
        async with serving(build_app(site, [*rooms, *sign_in]), listener, tls=self._tls):
            self._listening(self._address.url(port, is_encrypted=self._tls is not None))
            for cut in cut_off:
                self._printer.cut_off(cut)
            await work()

    def _doors(self, database: Database) -> SigningIn:
        """Who may come in; and that nobody may from outside as long as there are no accounts."""
        address, is_encrypted = self._address, self._tls is not None
        check_reach(address, has_accounts=Accounts(database).are_there())
        if not address.is_loopback and not is_encrypted:
            click.echo(
                f"{paint('warning:', fg='yellow')} passwords, keys and records pass in the clear:"
                " --tls-cert and --tls-key encrypt them.",
                err=True,
            )
        return SigningIn(
            database,
            Sessions(database, Passwords()),
            is_loopback=address.is_loopback,
            is_encrypted=is_encrypted,
        )

    def _listening(self, url: str) -> None:
        with suppress(BrokenPipeError):
            if self._as_json:
                click.echo(json.dumps({"type": "serving", "url": url}))
            else:
                click.echo(f"{paint('Serving', bold=True)} {url} Ctrl-C ends it.")

    def _shown(self, view: SlotView) -> None:
        if view.outcome is not None and view.state is not SlotState.RUNNING:
            self._outcomes[view.outcome] += 1
        self._printer.slot(view)

    def _troubled(self, problem: StoreError | None) -> None:
        if problem is None:
            self._printer.line("Records are written again.")
        else:
            say(problem)


def _rooms(
    records: SqlRecords, address: DatabaseAddress, attachments: Path | None = None
) -> list[Room]:
    """What is served over records, with a station or without."""
    store = None if address.path is None else attachments_beside(address.path)
    if attachments is not None:
        store = AttachmentStore(attachments)
    dashboard = DashboardPages(
        records,
        attachments=store,
        where=printable(str(address)),
    )
    # Planned work needs a server, and a station's own file holds none.
    planned = [CampaignPages(records.database).room] if address.path is None else []
    return [*dashboard.rooms, *planned, Api(records).room, sync_room(records, store)]


@contextmanager
def _told_to_others(records: SqlRecords) -> Iterator[None]:
    """Webhooks are told of the ends of runs meanwhile."""
    sender = Sender(records, defect=_say_defect)
    sender.start()
    try:
        yield
    finally:
        sender.end()


async def _for_ever() -> None:
    """Until somebody ends it."""
    await asyncio.Event().wait()


async def _until(ending: Ending, work: Coroutine[Any, Any, None]) -> None:
    """Do work until a signal to end comes; then it is cancelled, and comes to its end in order."""
    task = asyncio.create_task(work)
    async with _watched(ending, task):
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _watched(ending: Ending, task: asyncio.Task[None]) -> AsyncIterator[None]:
    async def watch() -> None:
        await ending.wait()
        task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        yield
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)


def _say_defect(defect: Exception) -> None:
    say(LocalProtocolError(f"A page failed: {type(defect).__name__}: {defect}"))


def _log(told: dict[str, object]) -> None:
    with suppress(OSError):  # nobody reads it: pages are served all the same
        click.echo(json.dumps(told), err=True)
