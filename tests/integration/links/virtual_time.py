"""The loop with virtual time, and an alarm in it for things that happen at a turn of the loop."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable

from firmline.links import virtual_time


class _Selector(virtual_time.JumpingSelector):
    """Counts the turns of the loop, and does something at one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1.0  # units assert that they are told a time
        self.turns = 0
        self.alarm: tuple[int, Callable[[], object]] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.turns += 1
        if self.alarm is not None and self.turns >= self.alarm[0]:
            action, self.alarm = self.alarm[1], None
            action()
            return []
        return super().select(timeout)


class VirtualTimeLoop(virtual_time.VirtualTimeLoop):
    """Runs hours in milliseconds, and repeats exactly."""

    def __init__(self) -> None:
        self._counting = _Selector()
        super().__init__(selector=self._counting)

    @property
    def turns(self) -> int:
        """How often the loop has gone round."""
        return self._counting.turns

    def at_turn(self, turn: int, action: Callable[[], object]) -> None:
        """Do something when the loop goes round for the ``turn``-th time."""
        self._counting.alarm = (turn, action)


def virtual_loop() -> VirtualTimeLoop:
    """The running loop, in a test that runs under virtual time."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    return loop
