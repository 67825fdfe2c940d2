"""Whatever a test wants at the other end of a pseudo-terminal."""

from __future__ import annotations

import os
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from unit.cli.program import PATIENCE_S


class Peer:
    """Whatever is at the other end of a pseudo-terminal.

    Attributes:
        path: What a client opens.
        heard: What it has sent.
    """

    def __init__(self, says: Callable[[bytes], bytes]) -> None:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)
        self.heard = b""
        self._says = says
        self._is_plugged = True
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while data := os.read(self._ours, 4096):
                self.heard += data
                os.write(self._ours, self._says(data))

    def say(self, data: bytes) -> None:
        os.write(self._ours, data)

    def close(self) -> None:
        """Both ends; the reader sees its end through a byte of its own client."""
        self._says = lambda _data: os.close(self._ours) or b""  # type: ignore[func-returns-value]
        with suppress(OSError):
            os.write(self._theirs, b"\0")
        self._thread.join(PATIENCE_S)
        with suppress(OSError):
            os.close(self._theirs)


@contextmanager
def peer(says: Callable[[bytes], bytes] = lambda _data: b"") -> Iterator[Peer]:
    made = Peer(says)
    try:
        yield made
    finally:
        made.close()
