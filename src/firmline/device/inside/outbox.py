"""What a unit wants done outside, each with the time from which it may be handed out.

In lock step all of it is due at once. With physics an output waits for the world to reach the time
at which the processor said it; until then a reset can take it back, and a lost link what of it is
an answer.
"""

from __future__ import annotations

from typing import Final

from firmline.device.inside.times import UnitTime
from firmline.device.radio_face import Notify, UnitOutput

AT_ONCE: Final = -float("inf")
"""The time of everything in lock step: it is never waited for."""


class Outbox:
    """Outputs that are due or on their way, in the order in which they were said.

    Args:
        time: Where the unit is in time.
    """

    def __init__(self, time: UnitTime) -> None:
        self._time = time
        self._outputs: list[tuple[float, UnitOutput]] = []

    def say(self, output: UnitOutput, *, at_s: float | None = None) -> None:
        """Something is to be done outside, at the processor's time or at another."""
        if self._time.physics is None:
            at_s = AT_ONCE
        self._outputs.append((self._time.cpu_s if at_s is None else at_s, output))

    def take(self) -> list[UnitOutput]:
        """What is due by now, in order; each is handed out once."""
        now_s = self._time.now_s
        due = [output for at_s, output in self._outputs if at_s <= now_s]
        self._outputs = [output for output in self._outputs if output[0] > now_s]
        return due

    @property
    def next_s(self) -> float | None:
        """When the next of what is on its way is due."""
        return min((at_s for at_s, _ in self._outputs if at_s > self._time.now_s), default=None)

    def lose_answers(self, from_s: float) -> None:
        """Notifications that are on their way at this time do not arrive."""
        self._outputs = [
            (at_s, output)
            for at_s, output in self._outputs
            if at_s <= from_s or not isinstance(output, Notify)
        ]

    def roll_back(self) -> None:
        """What the processor has said ahead of this moment is not said."""
        self._outputs = [output for output in self._outputs if output[0] <= self._time.now_s]
