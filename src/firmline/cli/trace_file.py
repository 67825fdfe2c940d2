"""The trace of an update: its events as JSON lines, each written before the next step is taken.

A trace holds no secrets, but addresses and serial numbers of units. It gets the customary rights of
a new file, so that whoever looks into failures on a line can read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from firmline.cli.evidence_file import EvidenceFile
from firmline.events import Event
from firmline.formats.trace import BEGINNING, encode_event
from firmline.updater.trace_start import trace_started


def keep_events(path: Path, events: Iterable[Event]) -> None:
    """Write the trace of something that ended before it had a clock of its own.

    Raises:
        InputError: As :class:`TraceFile`.
        StoreError: It cannot be written.
    """
    with TraceFile(path) as trace:
        for event in events:
            trace.hear(event)
    if trace.problem is not None:
        raise trace.problem


def _utc_now() -> datetime:
    return datetime.now(UTC)


class TraceFile(EvidenceFile):
    """Writes a trace; an earlier one is put aside. What wrote it stands before its first event.

    Args:
        path: Where.
        now: Tells the time, UTC.

    Raises:
        InputError: ``OPTION_CONFLICT``: the command has read that file. ``FILE_EXISTS``: it is no
            trace.
        StoreError: ``TRACE_NOT_WRITABLE``: the file cannot be opened.
    """

    def __init__(self, path: Path, *, now: Callable[[], datetime] = _utc_now) -> None:
        super().__init__(path, what="trace", option="--trace")
        self._now = now
        self._is_begun = False
        try:
            self._make_way(BEGINNING)
            self._file = open(  # noqa: SIM115 - Path.open takes no opener
                path, "w", encoding="utf-8", newline="\n", opener=self._opener
            )
        except (OSError, ValueError) as problem:
            raise self._not_writable(problem) from None

    def __enter__(self) -> Self:
        """The file is open already."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Bring everything to the disk."""
        self._finish(self._file)

    def hear(self, event: Event) -> None:
        """Write one event, out of this process's hands when it returns."""
        if self.problem is not None:
            return
        try:
            if not self._is_begun:
                self._is_begun = True
                self._write(trace_started(at_s=event.at_s, now=self._now()))
            self._write(event)
        except (OSError, ValueError) as problem:
            self.problem = self._not_writable(problem)

    def _write(self, event: Event) -> None:
        self._file.write(encode_event(event))
        self._file.flush()
