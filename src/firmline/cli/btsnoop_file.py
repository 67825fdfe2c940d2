"""The btsnoop file of a command: what passes between host and controller, written as it passes."""

from __future__ import annotations

from io import FileIO
from pathlib import Path
from typing import Self

import click

from firmline.cli.evidence_file import EvidenceFile
from firmline.cli.files import keep_outputs_apart
from firmline.cli.output_options import EvidencePath
from firmline.formats.hci_capture import BTSNOOP_MARK

btsnoop_option = click.option(
    "--btsnoop",
    metavar="FILE",
    type=EvidencePath(),
    help="Keep every packet between host and Bluetooth controller there, for Wireshark; the keys of"
    " a pairing are left out. For hci: and sim: units with a radio.",
)


class BtsnoopFile(EvidenceFile):
    """Writes a btsnoop file; an earlier one is put aside, when there is something to write.

    Args:
        path: Where.
        trace: The trace of the same command, if there is one.

    Raises:
        InputError: ``OPTION_CONFLICT``: the command has read that file, or writes its trace there.
    """

    def __init__(self, path: Path, *, trace: Path | None = None) -> None:
        super().__init__(path, what="btsnoop file", option="--btsnoop")
        self._file: FileIO | None = None
        if trace is not None:
            keep_outputs_apart(path, trace)

    def __enter__(self) -> Self:
        """The file is opened with the first bytes."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Bring everything to the disk."""
        if self._file is not None:
            self._finish(self._file)

    def write(self, data: bytes) -> None:
        """Write bytes, out of this process's hands when it returns.

        Raises:
            InputError: With the first bytes, ``FILE_EXISTS``: what is there is no btsnoop file, or
                a private key.
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
            self._make_way(BTSNOOP_MARK)
            return FileIO(self._path, "w", opener=self._opener)
        except (OSError, ValueError) as problem:
            raise self._not_writable(problem) from None
