"""An event loop whose time is virtual: it never waits, it lets the time pass.

Bumble, the virtual units and the updater run in it as they are, as long as they keep time by
``loop.time()`` and wait for no thread and no socket. When nothing is ready, the clock jumps to the
next timer; the same inputs then give the same run, to the microsecond. With a speed it waits after
all, so many times faster than the time that passes, for people who want to watch.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import time
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from firmline.errors import LocalProtocolError

_T = TypeVar("_T")
SHORTEST_WAIT_S: Final = 0.002
"""What is less is not waited for."""
DEADLOCK_S: Final = 2.0
"""Real seconds after which a wait for other threads is taken for a deadlock; ours."""


class JumpingSelector(selectors.BaseSelector):
    """Polls the real selector; where that would sleep, time passes instead.

    Args:
        speed: How many times faster than real time; ``None``: without any waiting.

    Attributes:
        now_s: The virtual time.
    """

    def __init__(self, speed: float | None = None) -> None:
        self.now_s = 0.0
        self._speed = speed
        self._began_s: float | None = None
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now; if nothing is, the time that the loop would have slept has passed.

        Raises:
            LocalProtocolError: Nothing is ready and nothing is planned.
        """
        ready = self._real.select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            return self._wait_for_others()
        if self._speed is None:
            self.now_s += timeout
            return ready
        return self._sleep(timeout, self._speed)

    def _wait_for_others(self) -> list[tuple[selectors.SelectorKey, int]]:
        """No timer is set: only another thread, or a signal, can bring something."""
        ready = self._real.select(DEADLOCK_S)
        if not ready:
            raise LocalProtocolError(
                "Under virtual time everything waits for something that no timer will bring."
            )
        return ready

    def _sleep(self, timeout: float, speed: float) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait where time is ahead of its speed, but be woken by what becomes ready (Ctrl-C)."""
        if self._began_s is None:
            self._began_s = time.monotonic() - self.now_s / speed
        ahead_s = self._began_s + (self.now_s + timeout) / speed - time.monotonic()
        # A selector cannot wait for less than a millisecond; the next timer makes up for it.
        ready = self._real.select(ahead_s) if ahead_s > SHORTEST_WAIT_S else []
        if not ready:
            self.now_s += timeout
            return ready
        reached_s = (time.monotonic() - self._began_s) * speed
        self.now_s = min(max(self.now_s, reached_s), self.now_s + timeout)
        return ready

    def register(
        self,
        fileobj: Any,  # noqa: ANN401 - as the interface has it
        events: int,
        data: Any = None,  # noqa: ANN401 - likewise
    ) -> selectors.SelectorKey:
        """As the real selector."""
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:  # noqa: ANN401 - likewise
        """As the real selector."""
        return self._real.unregister(fileobj)

    def close(self) -> None:
        """As the real selector."""
        self._real.close()

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """As the real selector."""
        return self._real.get_map()


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop over a jumping selector; its clock begins at zero.

    Args:
        speed: How many times faster than real time; ``None``: without any waiting.
        selector: The selector, for those who have one of their own.
    """

    def __init__(
        self, speed: float | None = None, *, selector: JumpingSelector | None = None
    ) -> None:
        self._jumping = selector or JumpingSelector(speed)
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.now_s

    async def shutdown_default_executor(
        self,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - asyncio's own
    ) -> None:
        """Wait for other threads as long as they take: asyncio's five minutes pass here at once."""
        await super().shutdown_default_executor()

    @property
    def _clock_resolution(self) -> float:
        """What asyncio may run a timer early by: nothing, this clock stands on every timer.

        With the real clock's nanosecond, two tasks that wait for the same moment, less than that
        ahead, would wake each other in turn for ever: while one of them is ready no time passes.
        """
        return math.ulp(self._jumping.now_s)

    @_clock_resolution.setter
    def _clock_resolution(self, of_the_real_clock_s: float) -> None:
        """Asyncio sets it when the loop is made."""


def run_in_virtual_time(main: Coroutine[Any, Any, _T], *, speed: float | None = None) -> _T:
    """Run a coroutine to its end in a new loop with virtual time, as ``asyncio.run`` does.

    Args:
        main: What to run.
        speed: How many times faster than real time; ``None``: without any waiting.
    """
    with asyncio.Runner(loop_factory=partial(VirtualTimeLoop, speed)) as runner:
        return runner.run(main)
