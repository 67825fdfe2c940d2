"""The trace of an update: its events as JSON lines, each written before the next step is taken."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Self

from firmline.cli.files import keep_apart, spare_private_key
from firmline.errors import Code, StoreError, shortened
from firmline.events import Event, event_to_json


class TraceFile:
    """Writes a trace; a new one replaces the old.

    A trace that cannot be begun stops the update before it starts. One that breaks off in the
    middle (a full disk) does not: the unit is worth more. It is remembered in ``problem``.

    Args:
        path: Where.

    Raises:
        InputError: ``OPTION_CONFLICT``: the command has read that file. ``FILE_EXISTS``: it is a
            private key.
        StoreError: ``TRACE_NOT_WRITABLE``: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.problem: StoreError | None = None
        self._path = path
        keep_apart(path)
        try:
            spare_private_key(path)
            self._file = path.open("w", encoding="utf-8", newline="\n")
        except (OSError, ValueError) as problem:
            raise self._not_writable(problem) from None

    def __enter__(self) -> Self:
        """The file is open already."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Bring everything to the disk."""
        try:
            try:
                os.fsync(self._file.fileno())
            finally:
                self._file.close()
        except OSError as problem:
            if problem.errno != errno.EINVAL:  # a pipe has no disk to bring it to
                self.problem = self.problem or self._not_writable(problem)

    def hear(self, event: Event) -> None:
        """Write one event, out of this process's hands when it returns."""
        if self.problem is not None:
            return
        try:
            self._file.write(json.dumps(event_to_json(event)) + "\n")
            self._file.flush()
        except (OSError, ValueError) as problem:
            self.problem = self._not_writable(problem)

    def _not_writable(self, problem: OSError | ValueError) -> StoreError:
        reason = getattr(problem, "strerror", None) or str(problem)
        return StoreError(
            Code.TRACE_NOT_WRITABLE,
            f"The trace {shortened(self._path)} cannot be written: {reason.lower()}.",
        )
