"""The signals that end a command which serves others until somebody ends it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from firmline.cli.interruption import ENDING


class Ending:
    """Waits for the signal that ends the serving.

    Attributes:
        number: Of the signal.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._waiting: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """A signal came; the first one counts."""
        if self.number is None:
            self.number = number
        if self._waiting is not None:
            loop, event = self._waiting
            loop.call_soon_threadsafe(event.set)

    async def wait(self) -> None:
        """Wait for a signal that comes, or has come."""
        event = asyncio.Event()
        self._waiting = asyncio.get_running_loop(), event
        try:
            if self.number is None:
                await event.wait()
        finally:
            self._waiting = None


@contextmanager
def ending_signals() -> Iterator[Ending]:
    """Take the signals that end the serving; one that is ignored (nohup) stays ignored."""
    ending = Ending()
    before = {}
    for name in ENDING:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, ending.handle)
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
