"""What happens in a step, on the disk before the next thing happens.

While a step is at work its trace is a file of its own, named by run and position; at its end it
becomes an attachment. A file that is found there later was left by a station that was killed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TextIO

from firmline.errors import Code, StoreError, shortened
from firmline.events import Event
from firmline.formats.trace import encode_event
from firmline.updater.trace_start import trace_started

_NAME: Final = re.compile(r"run-(\d+)-(\d+)-([a-z0-9_-]+)\.jsonl", re.ASCII)
MEDIA_TYPE: Final = "application/jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftTrace:
    """The trace of a step that was never ended.

    Attributes:
        path: Its file.
        run: The number of its run.
        position: Of the step in the run.
        step: The step's name.
    """

    path: Path
    run: int
    position: int
    step: str


class StepTrace:
    """The trace of one step; no file of it is made before something happens.

    Args:
        folder: Where steps at work have theirs.
        run: The number of the run.
        position: Of the step in the run.
        step: The step's name.
        now: The time on the wall.

    Attributes:
        problem: Why it broke off; the step goes on then, for the unit is worth more.
    """

    def __init__(
        self, folder: Path, *, run: int, position: int, step: str, now: Callable[[], datetime]
    ) -> None:
        self._path = folder / f"run-{run}-{position}-{step}.jsonl"
        self._now = now
        self._file: TextIO | None = None
        self.problem: StoreError | None = None

    def hear(self, event: Event) -> None:
        """Write an event; it is out of this process's hands when this returns."""
        if self.problem is not None:
            return
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("w", encoding="utf-8", newline="\n")
                begun = trace_started(at_s=event.at_s, now=self._now())
                self._file.write(encode_event(begun))
            self._file.write(encode_event(event))
            self._file.flush()
        except OSError as problem:
            self.problem = self._broken_off(problem)

    def take(self) -> bytes:
        """All of it, for whoever keeps it elsewhere; empty: nothing has happened.

        The file stays until :meth:`forget`.
        """
        if self._file is None:
            return b""
        try:
            self._file.close()
            return self._path.read_bytes()
        except OSError as problem:
            self.problem = self.problem or self._broken_off(problem)
            return b""

    def forget(self) -> None:
        """It is kept elsewhere."""
        with suppress(OSError):
            self._path.unlink()

    def _broken_off(self, problem: OSError) -> StoreError:
        return StoreError(
            Code.TRACE_NOT_WRITABLE,
            f"The trace {shortened(self._path)} cannot be written:"
            f" {(problem.strerror or str(problem)).lower()}.",
        )


def traces_left(folder: Path) -> list[LeftTrace]:
    """The traces of steps that were never ended, in the order of their runs."""
    found = []
    for path in folder.glob("run-*.jsonl"):
        named = _NAME.fullmatch(path.name)
        if named is not None and path.is_file():
            run, position, step = named.groups()
            found.append(LeftTrace(path=path, run=int(run), position=int(position), step=step))
    return sorted(found, key=lambda each: (each.run, each.position))
