"""An event loop whose time is virtual: it jumps to the next timer as soon as nothing is ready."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from typing import Any


class _Selector(selectors.BaseSelector):
    """Polls the real selector; where it would sleep, lets the time pass instead."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.now_s = 1.0
        self.turns = 0
        self.alarm: tuple[int, Callable[[], object]] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.turns += 1
        if self.alarm is not None and self.turns >= self.alarm[0]:
            action, self.alarm = self.alarm[1], None
            action()
            return []
        ready = self._real.select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("Nothing is ready and nothing is planned: a deadlock.")
            self.now_s += timeout
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs hours in milliseconds, and repeats exactly."""

    def __init__(self) -> None:
        self._jumping = _Selector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s

    @property
    def turns(self) -> int:
        """How often the loop has gone round."""
        return self._jumping.turns

    def at_turn(self, turn: int, action: Callable[[], object]) -> None:
        """Do something when the loop goes round for the ``turn``-th time."""
        self._jumping.alarm = (turn, action)


def virtual_loop() -> VirtualTimeLoop:
    """The running loop, in a test that runs under virtual time."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    return loop
