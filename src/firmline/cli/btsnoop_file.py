"""The btsnoop file of a command: what passes between host and controller, written as it passes."""

from __future__ import annotations

import errno
import os
from io import FileIO
from pathlib import Path
from typing import Self

import click

from firmline.cli.files import keep_apart, keep_outputs_apart, spare_private_key
from firmline.cli.parameters import FilePath
from firmline.errors import Code, StoreError, shortened

btsnoop_option = click.option(
    "--btsnoop",
    metavar="FILE",
    type=FilePath(),
    help="Keep every packet between host and Bluetooth controller there, for Wireshark; the keys of"
    " a pairing are left out. For hci: and sim: units with a radio.",
)


class BtsnoopFile:
    """Writes a btsnoop file; a new one replaces the old, when there is something to write.

    As with a trace: one that cannot be begun stops the command before it does anything to a unit,
    and one that breaks off in the middle (a full disk) does not. It is remembered in ``problem``.

    Args:
        path: Where.
        trace: The trace of the same command, if there is one.

    Raises:
        InputError: ``OPTION_CONFLICT``: the command has read that file, or writes its trace there.
    """

    def __init__(self, path: Path, *, trace: Path | None = None) -> None:
        self.problem: StoreError | None = None
        self._path = path
        self._file: FileIO | None = None
        keep_apart(path)
        if trace is not None:
            keep_outputs_apart(path, trace)

    def __enter__(self) -> Self:
        """The file is opened with the first bytes."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Bring everything to the disk."""
        if self._file is None:
            return
        try:
            try:
                os.fsync(self._file.fileno())
            finally:
                self._file.close()
        except OSError as problem:
            if problem.errno != errno.EINVAL:  # a pipe has no disk to bring it to
                self.problem = self.problem or self._not_writable(problem)

    def write(self, data: bytes) -> None:
        """Write bytes, out of this process's hands when it returns.

        Raises:
            InputError: With the first bytes, ``FILE_EXISTS``: there is a private key.
            StoreError: With the first bytes, ``TRACE_NOT_WRITABLE``.
        """
        if self._file is None:
            self._file = self._open()
        rest = memoryview(data)
        try:
            while rest and self.problem is None:
                rest = rest[self._file.write(rest) or 0 :]
        except (OSError, ValueError) as problem:
            self.problem = self._not_writable(problem)

    def _open(self) -> FileIO:
        try:
            spare_private_key(self._path)
            return self._path.open("wb", buffering=0)
        except (OSError, ValueError) as problem:
            raise self._not_writable(problem) from None

    def _not_writable(self, problem: OSError | ValueError) -> StoreError:
        reason = getattr(problem, "strerror", None) or str(problem)
        return StoreError(
            Code.TRACE_NOT_WRITABLE,
            f"The btsnoop file {shortened(self._path)} cannot be written: {reason.lower()}.",
        )
