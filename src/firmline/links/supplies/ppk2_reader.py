"""Reads a PPK2's samples while a run is at work, and watches them: a short circuit is cut off.

Decoding all of 100,000 samples a second would hold the run up, so it is done when the run is over.
To watch them, a few of every 20 milliseconds are enough.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from firmline.links.supplies.ppk2_samples import RATE_HZ, Calibration

if TYPE_CHECKING:
    from serial import Serial

POWER_OFF: Final = b"\x0c\x00"
ANSWER_S: Final = 2.0
"""Until samples are there; ours."""
LOOK_S: Final = 0.002
"""Between two looks whether they are; ours."""
MOST_BYTES: Final = 400_000_000
"""Of a trace; ours: a quarter of an hour."""
WORD: Final = 4
"""Bytes of a sample."""
WINDOW: Final = RATE_HZ // 50
"""Samples whose mean is watched, 20 ms: longer than a radio event or the charging of a capacitor,
and short enough that nothing gets hot; ours."""
LOOKED_AT: Final = 50
"""Samples of a window that are looked at; ours."""


class Watch:
    """Takes the power away where the current stays above a limit.

    Args:
        calibration: Of the instrument.
        voltage_v: At which the unit is fed.
        limit_a: The limit, amperes.
        cut: Is told, from the reader's thread, with how many amperes there were.

    Attributes:
        over_a: With how many amperes it was cut off; ``None``: it was not.
    """

    def __init__(
        self,
        calibration: Calibration,
        *,
        voltage_v: float,
        limit_a: float,
        cut: Callable[[float], None],
    ) -> None:
        self.over_a: float | None = None
        self._calibration = calibration
        self._voltage_v = voltage_v
        self._limit_a = limit_a
        self._cut = cut
        self._pending = bytearray()

    def look(self, piece: bytes, port: Serial) -> None:
        """Look at what has come.

        Raises:
            OSError: It cannot be cut off: the instrument is gone.
        """
        self._pending += piece
        size, step = WINDOW * WORD, WINDOW // LOOKED_AT * WORD
        while self.over_a is None and len(self._pending) >= size:
            words = (
                int.from_bytes(self._pending[place : place + WORD], "little")
                for place in range(0, size, step)
            )
            amperes = [self._calibration.amperes(each, voltage_v=self._voltage_v) for each in words]
            del self._pending[:size]
            mean_a = sum(amperes) / len(amperes)
            if mean_a > self._limit_a:
                port.write(POWER_OFF)
                self.over_a = mean_a
                self._cut(mean_a)


class Reader(threading.Thread):
    """Takes what comes while an update runs.

    Args:
        port: Of the instrument.
        watch: Watches it; ``None``: nobody does.

    Attributes:
        problem: Why nothing comes any more; ``None``: it comes.
        watch: As given.
    """

    def __init__(self, port: Serial, *, watch: Watch | None) -> None:
        super().__init__(name="firmline-ppk2", daemon=True)
        self.problem: str | None = None
        self.watch = watch
        self._port = port
        self._content = bytearray()
        self._ends = threading.Event()

    def run(self) -> None:
        """Read until it is to end; what is too long to be kept is watched all the same."""
        try:
            while not self._ends.is_set():
                piece = self._port.read(RATE_HZ // 10)
                if len(self._content) < MOST_BYTES:
                    self._content += piece
                if self.watch is not None:
                    self.watch.look(piece, self._port)
        except OSError as problem:
            self.problem = str(problem)

    def wait_for(self, count: int) -> None:
        """Wait until so many bytes have come; not for ever."""
        deadline_s = time.monotonic() + ANSWER_S
        while len(self._content) < count and self.is_alive() and time.monotonic() < deadline_s:
            time.sleep(LOOK_S)

    def end(self) -> bytes:
        """What has come until now."""
        self._ends.set()
        self.join()
        return bytes(self._content)
