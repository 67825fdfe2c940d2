"""A pseudo-terminal as standard output; the fixture ``terminal`` of ``conftest`` has one."""

from __future__ import annotations

import os
import pty
import termios
from typing import TextIO

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


class Terminal:
    """A pseudo-terminal as standard output."""

    def __init__(self) -> None:
        self._ours, self._theirs = pty.openpty()
        self.stream: TextIO = os.fdopen(self._theirs, "w", encoding="utf-8")
        self._modes = termios.tcgetattr(self._theirs)
        os.set_blocking(self._ours, False)

    def read(self) -> str:
        """What was printed since the last time."""
        self.stream.flush()
        seen = b""
        while True:
            try:
                seen += os.read(self._ours, 65536)
            except BlockingIOError:
                return seen.decode()

    @property
    def is_restored(self) -> bool:
        return termios.tcgetattr(self._theirs) == self._modes

    def close(self) -> None:
        self.stream.close()
        os.close(self._ours)
