"""The fault ladder: what is tried next where a session over a radio failed, or a USB unit is lost.

Pure: from what was observed (the error, and the events before it) to a step, or to none. What a
step does to the road is the part of :mod:`firmline.updater.radio.recovery` and, where a unit on USB
has lost its port, of :mod:`firmline.updater.usb.recovery`.

Rules of the ladder:

* A step is chosen by the fault that was observed, never at random, and each has its reason beside
  it in :data:`RUNGS`.
* What the unit says of a package (its signature, versions, hardware, SoftDevice, room) is its word,
  and is not asked for again. What the link or lost state made it say is.
* It always ends: so many steps without progress, so many in all. Progress is more of the image
  executed than ever before, not more than in the session before.
* Steps that change how objects are sent are taken once each and stay for the rest of the update.
* Nothing is written again into a bootloader that has lost its receive buffers: it is restarted, or
  left alone until it restarts by itself (bootloader spec, section 13).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmline.errors import FirmlineError
from firmline.events import Event, ImageStarted, LadderStepped
from firmline.updater.observing import Observed, Session

MAX_WITHOUT_PROGRESS: Final = 6
"""Steps since more of the image was executed than ever before; ours."""
MAX_IN_ALL: Final = 100
"""Steps in one update: a link that is lost behind every object still carries 400 kB; ours."""


class Step(StrEnum):
    """What is tried."""

    RESUME = "resume"
    """A new connection and a new session: it goes on where the unit says it is (section 4.1)."""
    REENTER = "reenter"
    """The unit is back in its application: into the bootloader again, then as above."""
    LONGER_DELAY = "longer-delay"
    """Twice the time for the unit's flash, from now on."""
    LONGER_INTERVAL = "longer-interval"
    """A connection whose events are 100 ms apart: an erase of 90 ms finds a gap, and a radio that
    is deaf meanwhile misses none (physics spec, section 1). Where not even a write found one, 15
    ms are enough."""
    RECEIPTS = "receipts"
    """Packets are acknowledged one by one, or in fours if small: fewer are under way."""
    SMALLER_PACKETS = "smaller-packets"
    """Packets of 128 bytes at most, then of 20, which every stack carries."""
    DENSER_CHECKPOINTS = "denser-checkpoints"
    """Progress is saved behind every object: the unit loses it with the link (SDK 16 and 17)."""
    FRESH_START = "fresh-start"
    """The init packet is created anew, which zeroes the unit's progress (section 4.1)."""
    RESTART = "restart"
    """The bootloader is asked to restart (ABORT), which gives lost buffers back."""
    AWAIT_RESET = "await-reset"
    """It did not: it is left alone until its inactivity timer restarts it (section 10)."""


CHANGES_OBJECTS: Final = frozenset(
    {
        Step.LONGER_DELAY,
        Step.LONGER_INTERVAL,
        Step.RECEIPTS,
        Step.SMALLER_PACKETS,
        Step.DENSER_CHECKPOINTS,
    }
)
"""Steps that change how objects are sent, for the rest of the update."""

_AGAIN: Final = (Step.RESUME,) * MAX_WITHOUT_PROGRESS
RUNGS: Final[dict[Observed, tuple[Step, ...]]] = {
    # The unit keeps its place, in RAM or in flash: connecting anew is all there is to do. Lost
    # again and again, its radio may be deaf for its flash: then it is given longer gaps.
    Observed.LINK_LOST: (Step.RESUME, Step.RESUME, Step.LONGER_INTERVAL, *_AGAIN),
    # ... but a unit that forgets its place with the link has to write it down.
    Observed.PLACE_LOST_WITH_LINK: (Step.DENSER_CHECKPOINTS, *_AGAIN),
    # An answer that was lost is told again by SELECT; a bootloader that hangs needs a reset.
    Observed.ANSWER_MISSING: (Step.RESUME, Step.RESUME, Step.RESTART),
    # A connection that lost its notifications or its security is as good as none.
    Observed.ATT_ERROR: (Step.RESUME,) * 3,
    # An answer that belongs to something else: a new connection has no such leftovers.
    Observed.NONSENSE: (Step.RESUME, Step.RESUME, Step.FRESH_START),
    # Packets vanish where a queue is full: in the unit's flash, which has more time between radio
    # events that are further apart, then in a stack on the way.
    Observed.PACKETS_LOST: (
        Step.LONGER_DELAY,
        Step.RECEIPTS,
        Step.LONGER_INTERVAL,
        Step.SMALLER_PACKETS,
        Step.SMALLER_PACKETS,
        Step.FRESH_START,
    ),
    # As many bytes arrive, but others: changed, or some twice, which receipts tell apart. Then what
    # is too long for somebody on the way.
    Observed.PACKETS_SPOILED: (
        Step.RECEIPTS,
        Step.SMALLER_PACKETS,
        Step.SMALLER_PACKETS,
        Step.FRESH_START,
    ),
    # Packets come twice. Once may be chance; else each is asked for, so that nothing more is
    # written to an object that has too much; a new connection may be without what repeats them.
    Observed.PACKETS_REPEATED: (Step.RESUME, Step.RECEIPTS, Step.RESUME, Step.RESUME, Step.RESUME),
    # Nothing of an object arrives although the unit answers: its receive buffers are gone.
    Observed.BUFFERS_GONE: (Step.RESTART,),
    # It is not where it was: SELECT tells where; if that does not help, from the beginning.
    Observed.PLACE_LOST: (Step.RESUME, Step.FRESH_START),
    # Its queue was full, or flash was busy for too long.
    Observed.BUSY: (Step.LONGER_DELAY, Step.LONGER_INTERVAL, Step.RESUME, Step.FRESH_START),
    # Radio events are too close together for a write between two of them. Where that did not help,
    # sessions go on all the same, as slowly as it takes.
    Observed.FLASH_STARVED: (Step.LONGER_INTERVAL,),
    # A flash operation failed without a word (section 14). Once may be chance.
    Observed.WRONG_IN_FLASH: (Step.FRESH_START,),
    # It restarted, and what it was to do was lost on the way: a supply that broke down just then.
    Observed.STAYED: (Step.RESUME,),
}
"""What is tried for what was observed, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderStep:
    """A decision.

    Attributes:
        step: What is tried.
        observed: Why.
        attempt: Steps without progress, this one included.
    """

    step: Step
    observed: Observed
    attempt: int


class Ladder:
    """Decides, after every failure of one update, what is tried next.

    Args:
        may_save: Whether progress may be saved in the unit's flash.
        may_ask_interval: Whether the link asks for connection parameters.
        recovers: Whether anything is tried at all.
    """

    def __init__(
        self, *, may_save: bool = True, may_ask_interval: bool = True, recovers: bool = True
    ) -> None:
        self._recovers = recovers
        self._off: set[Step] = set()
        if not may_save:
            self._off.add(Step.DENSER_CHECKPOINTS)
        if not may_ask_interval:
            self._off.add(Step.LONGER_INTERVAL)
        self._session = Session()
        self._without_progress = 0
        self._in_all = 0
        self._climbed: Counter[Observed] = Counter()
        self._kept: defaultdict[Observed, set[int]] = defaultdict(set)
        """Rungs that change how objects are sent; they are not climbed twice."""
        self._best = 0

    @property
    def session(self) -> Session:
        """What the present session has shown so far."""
        return self._session

    def hear(self, event: Event) -> None:
        """One event of the update."""
        self._session.hear(event)
        match event:
            case LadderStepped():
                self._session.begin()
            case ImageStarted():
                self._best = self._without_progress = 0
                self._climbed.clear()

    def decide(self, error: FirmlineError) -> LadderStep | None:
        """The next step; ``None``: there is none, and the error stands.

        Args:
            error: With what the session, or the way back to the unit, has failed.
        """
        observed = self._observed(error)
        step = None if observed is None else self._next_rung(observed)
        return None if observed is None or step is None else self._counted(step, observed)

    def again(self, error: FirmlineError) -> LadderStep | None:
        """Simply once more; ``None``: that was done often enough, and the error stands.

        No rung is climbed: those are for sessions with a bootloader.

        Args:
            error: With what the road to the unit's application has failed.
        """
        observed = self._observed(error)
        return None if observed is None else self._counted(Step.RESUME, observed)

    def _observed(self, error: FirmlineError) -> Observed | None:
        """What an error means; ``None``: nothing can be done about it, or enough was done."""
        observed = self._session.observed(error)
        if observed is None or not self._recovers or self._in_all >= MAX_IN_ALL:
            return None
        self._count_progress()
        return observed if self._without_progress < MAX_WITHOUT_PROGRESS else None

    def _counted(self, step: Step, observed: Observed) -> LadderStep:
        self._without_progress += 1
        self._in_all += 1
        return LadderStep(step=step, observed=observed, attempt=self._without_progress)

    def _count_progress(self) -> None:
        """More than ever before: what was climbed for want of progress is forgotten."""
        if self._session.best > self._best:
            self._best = self._session.best
            self._without_progress = 0
            self._climbed.clear()

    def _next_rung(self, observed: Observed) -> Step | None:
        """The next step for what was observed, without those that were kept."""
        kept, climbed = self._kept[observed], self._climbed[observed]
        left = [
            (rung, step)
            for rung, step in enumerate(RUNGS[observed])
            if step not in self._off and rung not in kept
        ]
        if climbed >= len(left):
            return None
        rung, step = left[climbed]
        if step in CHANGES_OBJECTS:
            kept.add(rung)
        else:
            self._climbed[observed] += 1
        return step
