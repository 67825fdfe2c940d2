"""When an update makes the unit save its progress: by what it costs and what it would spare.

A checkpoint (:mod:`firmline.protocol.checkpoints`) costs two page erases and 450 words. It spares
a unit that loses its power the work since the last one. Who names a spacing gets it: one after
every so many seconds of work, whatever that costs. Who names none gets one after ten seconds of
work, and none for less; what it cost is seen, and from then on there is so much work between two of
them that they take three percent of the time at most.

None is made where what is left would be done in a quarter of a spacing. Where a link that is lost
takes the progress with it, the ladder asks for one behind every object.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from firmline import events
from firmline.errors import Code
from firmline.events import Event
from firmline.protocol.codes import ObjectType
from firmline.protocol.requests import selects
from firmline.updater.ladder import Step

AUTO: Final = "auto"
Spacing: TypeAlias = float | Literal["auto"] | None
"""Seconds of work between two checkpoints; ``auto``: as few as take their share of the time, and
``None``: there are none."""
FIRST_SPACING_S: Final = 10.0
"""Work before the first that nobody has asked for; ours. The two page erases take 0.2 to 0.6 s."""
LEAST_SPACING_S, MOST_SPACING_S = 1.0, 3600.0
"""What a user may ask for; ours."""
MOST_SHARE: Final = 0.03
"""Share of the time that may go into checkpoints that nobody has asked for, once it is known what
they cost; ours."""
WORTH_SHARE: Final = 0.25
"""Share of a spacing that must be left to be done; ours."""


class SpacedCheckpoints:
    """A :class:`~firmline.protocol.checkpoints.Checkpoints` that keeps to the clock.

    Args:
        now_s: The road's clock.
        spacing_s: Seconds of work between two of them.
    """

    def __init__(self, *, now_s: Callable[[], float], spacing_s: Spacing) -> None:
        self._now_s = now_s
        self._is_thrifty = spacing_s == AUTO
        """Whether they may only take their share."""
        self._spacing_s = FIRST_SPACING_S if spacing_s == AUTO else spacing_s
        self._begin_s = 0.0
        """When the work began that is not saved."""
        self._begin_offset = 0
        self._has_worked = False
        """Whether anything of this image was executed in this update."""
        self._is_between_objects = False
        """Whether an object was executed, and nothing was begun since."""
        self._asked_s: float | None = None
        """When the unit was asked to save, and has not said that it did."""

    def is_due(self, offset: int, size: int) -> bool:
        """Whether the work that is not saved has become so much; asking changes nothing."""
        if self._spacing_s is None:
            return False
        work_s, done = self._now_s() - self._begin_s, offset - self._begin_offset
        if done <= 0 or work_s < self._spacing_s:
            return False
        left_s = work_s * (size - offset) / done
        return left_s >= WORTH_SHARE * self._spacing_s

    def hear(self, event: Event) -> None:
        """One event of the update, stamped."""
        match event:
            case events.ImageStarted(at_s=at_s) | events.StartedAfresh(at_s=at_s):
                self._has_worked = self._is_between_objects = False
                self._begin(at_s, 0)
            case events.ObjectExecuted(object_type="data"):
                self._has_worked = self._is_between_objects = True
            case events.RequestSent(at_s=at_s, data=data) if selects(data, ObjectType.COMMAND):
                # With this a checkpoint begins.
                self._asked_s = at_s if self._is_between_objects else None
            case events.ObjectCreated(object_type="data"):
                self._go_on()
            case events.ProgressSaved(at_s=at_s, offset=offset):
                self._learn(at_s)
                self._begin(at_s, offset)
            case events.Resumed(object_type="data", at_s=at_s, offset=offset):
                # Work of an earlier update, or all that was saved of this one.
                if not self._has_worked or offset <= self._begin_offset:
                    self._begin(at_s, offset)
            case events.SessionRepeated() | events.LadderStepped():
                self._climb(event)

    def _go_on(self) -> None:
        """Another object is begun: a unit that was asked to save, and did not, never will."""
        if self._asked_s is not None:
            self._spacing_s = None
        self._is_between_objects, self._asked_s = False, None

    def _climb(self, event: events.SessionRepeated | events.LadderStepped) -> None:
        """Another session: nothing of the last one is under way."""
        self._is_between_objects, self._asked_s = False, None
        if isinstance(event, events.LadderStepped) and event.step == Step.DENSER_CHECKPOINTS:
            self._spacing_s = 0.0
        elif event.code == Code.PROGRESS_LOST:
            self._spacing_s = None

    def _begin(self, at_s: float, offset: int) -> None:
        self._begin_s, self._begin_offset, self._asked_s = at_s, offset, None

    def _learn(self, saved_s: float) -> None:
        """What it cost: from then on, no more than its share, where nobody has asked for more."""
        if self._is_thrifty and self._spacing_s and self._asked_s is not None:
            cost_s = saved_s - self._asked_s
            self._spacing_s = max(self._spacing_s, cost_s / MOST_SHARE)
