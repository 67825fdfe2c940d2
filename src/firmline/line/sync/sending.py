"""Sending: what the centre does not have yet, in order, until it has all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from firmline.errors import Code, FirmlineError, StoreError
from firmline.line.records.attachments import AttachmentStore
from firmline.line.records.journal_rows import journal_rows
from firmline.line.records.sql import SqlRecords
from firmline.line.records.values import Entry, Phase, Row
from firmline.line.sync.centre import Centre, Standing

BATCH: Final = 500
"""Rows in a batch; ours: about 200 kB, and a second on a slow line."""
AGAIN_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Between tries that fail, seconds; ours: the last for ever."""
IDLE_S: Final = 2.0
"""Between looks whether there is something new, seconds; ours."""
CLOCK_S: Final = 60.0
"""How far a station's clock may be off before it is told, seconds; ours."""
FOR_GOOD: Final = frozenset(
    {
        *(Code.RECORD_CONFLICT, Code.SYNC_SET_BACK, Code.SYNC_VERSION, Code.SYNC_REFUSED),
        *(Code.RECORD_MALFORMED, Code.DATABASE_NEWER, Code.DATABASE_FOREIGN),
    }
)
"""What only a person can mend; it is tried as seldom as may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was sent.

    Attributes:
        rows: Rows that were new to the centre.
        attachments: Files that were.
        newest: The newest row that the centre has now.
        clock_s: How far the station's clock is ahead of the centre's, seconds; ``None``: unknown.
    """

    rows: int
    attachments: int
    newest: int
    clock_s: float | None = None

    @property
    def remark(self) -> str:
        """What somebody has to know; empty: nothing."""
        if self.clock_s is None or abs(self.clock_s) < CLOCK_S:
            return ""
        side = "ahead of" if self.clock_s > 0 else "behind"
        return f"This computer's clock is {abs(self.clock_s):.0f} s {side} the centre's: set it."


class Sender:
    """Sends the records of a station.

    Args:
        records: Its own.
        attachments: Its own.
        station: Its name.
        centre: Where to.
    """

    def __init__(
        self, records: SqlRecords, attachments: AttachmentStore, station: str, centre: Centre
    ) -> None:
        self._records = records
        self._attachments = attachments
        self._station = station
        self._centre = centre
        self._at_centre: int | None = None
        """The newest row that the centre has; ``None``: it was not reached yet."""

    @property
    def left(self) -> int | None:
        """How many rows the centre does not have; ``None``: nobody knows, it was never reached.

        Raises:
            StoreError: The station's own records cannot be read.
        """
        if self._at_centre is None:
            return None
        return max(0, self._records.newest(self._station) - self._at_centre)

    def send(self, *, stopped: Callable[[], bool] = lambda: False) -> Sent:
        """Send what the centre does not have, all of it.

        Args:
            stopped: Whether to end behind the batch that is under way.

        Raises:
            StoreError: The centre cannot be reached, does not take it, or knows more than this
                station does.
        """
        standing = self._centre.standing(self._station)
        self._check_not_set_back(standing)
        rows = files = 0
        newest = self._at_centre = standing.newest
        after = max(0, newest - 1)  # the last once more, to see that it is the same
        while not stopped():
            batch = self._next(after)
            if not batch:
                break
            files += self._attach(batch)
            rows += self._centre.write(self._station, batch)
            after = newest = self._at_centre = batch[-1].key.sequence
        clock_s = None
        if standing.now is not None:
            clock_s = (datetime.now(UTC) - standing.now).total_seconds()
        return Sent(rows=rows, attachments=files, newest=newest, clock_s=clock_s)

    def _check_not_set_back(self, standing: Standing) -> None:
        mine = self._records.newest(self._station)
        if standing.newest > mine:
            raise StoreError(
                Code.SYNC_SET_BACK,
                f"The centre has {standing.newest} records of the station {self._station}, and"
                f" this computer has {mine}: its disk was set back, or another computer uses the"
                " name.",
            )

    def _next(self, after: int) -> tuple[Row[Entry], ...]:
        with self._records.database.reading() as connection:
            return journal_rows(connection, self._station, after=after, size=BATCH)

    def _attach(self, batch: tuple[Row[Entry], ...]) -> int:
        """Send the files that rows name; how many there were."""
        wanted = dict.fromkeys(
            attachment.sha256
            for row in batch
            if isinstance(row.entry, Phase)
            for attachment in row.entry.attachments
        )
        if not wanted:
            return 0
        count = 0
        for digest in self._centre.missing(self._station, tuple(wanted)):
            content = self._content(digest)
            if content is not None:
                self._centre.attach(self._station, digest, content)
                count += 1
        return count

    def _content(self, digest: str) -> bytes | None:
        """The bytes of a file; ``None``: it is lost here as well, and its row says what it was."""
        try:
            return self._attachments.read(digest)
        except StoreError:
            return None


class Following:
    """Sends in a thread of its own, for as long as a station is open.

    Args:
        sender: Sends.
        told: Hears in that thread what keeps it from sending, ``None`` when it goes on, and
            remarks.
    """

    def __init__(
        self, sender: Sender, *, told: Callable[[FirmlineError | str | None], None]
    ) -> None:
        self._sender = sender
        self._told = told
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="sync")
        self._problem: FirmlineError | None = None
        self._remark = ""
        self._sends_rest = False
        self._over_s = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, *, patience_s: float = 5.0, sends_rest: bool = False) -> None:
        """End; what is left goes the next time.

        Args:
            patience_s: How long to wait, seconds; a centre that is slow is not waited for.
            sends_rest: Whether what was recorded last is sent before, also where the last try has
                failed; else it ends behind the batch that is under way.
        """
        self._sends_rest = sends_rest
        self._over_s = time.monotonic() + patience_s
        self._stopping.set()
        self._thread.join(timeout=patience_s)

    def _run(self) -> None:
        self._follow()
        if self._sends_rest and not self._is_for_good():
            with suppress(FirmlineError):  # it goes the next time
                self._sender.send(stopped=lambda: time.monotonic() > self._over_s)

    def _is_for_good(self) -> bool:
        return self._problem is not None and self._problem.code in FOR_GOOD

    def _follow(self) -> None:
        tries = 0
        while not self._stopping.is_set():
            try:
                sent = self._sender.send(stopped=self._stopping.is_set)
            except FirmlineError as problem:
                self._tell(problem)
                for_good = problem.code in FOR_GOOD
                wait_s = AGAIN_S[-1] if for_good else AGAIN_S[min(tries, len(AGAIN_S) - 1)]
                tries += 1
            else:
                self._tell(None)
                tries, wait_s = 0, IDLE_S
                if sent.remark and not self._remark:
                    self._told(sent.remark)
                self._remark = sent.remark
            self._stopping.wait(wait_s)

    def _tell(self, problem: FirmlineError | None) -> None:
        before, self._problem = self._problem, problem
        if (before and before.code) != (problem and problem.code):
            self._told(problem)
