"""What the files of evidence have in common: they are written while a unit is at work.

One that cannot be begun stops the command before it does anything to a unit. One that breaks off in
the middle (a full disk) does not: the unit is worth more. It is remembered in ``problem``.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO, Any, Final

from firmline.cli.files import keep_apart
from firmline.errors import Code, StoreError, shortened

_NEW_FILE: Final = 0o666
"""Rights of a new file, of which the user's mask takes its own away."""


class EvidenceFile:
    """A file that is written as things happen.

    Args:
        path: Where.
        what: What it is, for messages.
        option: That names it.

    Raises:
        InputError: ``OPTION_CONFLICT``: the command has read that file.
    """

    def __init__(self, path: Path, *, what: str, option: str) -> None:
        self.problem: StoreError | None = None
        self._path = path
        self._what = what
        self._option = option
        keep_apart(path)

    @staticmethod
    def _opener(path: str, flags: int) -> int:
        """Open without waiting: a pipe that nobody reads is refused (ENXIO), not waited for."""
        file = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), _NEW_FILE)
        if hasattr(os, "O_NONBLOCK"):  # whoever reads the pipe slowly is waited for
            os.set_blocking(file, True)
        return file

    def _finish(self, file: IO[Any]) -> None:
        """Bring everything to the disk, and close."""
        try:
            try:
                os.fsync(file.fileno())
            finally:
                file.close()
        except OSError as problem:
            if problem.errno != errno.EINVAL:  # a pipe has no disk to bring it to
                self.problem = self.problem or self._not_writable(problem)

    def _not_writable(self, problem: OSError | ValueError) -> StoreError:
        reason = getattr(problem, "strerror", None) or str(problem)
        if isinstance(problem, OSError) and problem.errno == errno.ENXIO:
            reason = "nobody reads that pipe"
        return StoreError(
            Code.TRACE_NOT_WRITABLE,
            f"The {self._what} {shortened(self._path)} cannot be written: {reason.lower()}.",
            hint=f"Give {self._option} a file that can be written, on a disk with room, or leave it"
            " out.",
        )
