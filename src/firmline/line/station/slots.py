"""What people see of a slot: one state, one sentence, one thing to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from firmline.line.outcomes import StepOutcome


class SlotState(StrEnum):
    """The states of a slot, as the operator's page shows them."""

    IDLE = "idle"
    """It takes a unit."""
    RUNNING = "running"
    """A unit is at work."""
    PASS = "pass"  # noqa: S105 - an outcome, not a password
    """The last unit has passed; it takes the next one."""
    FAIL = "fail"
    """The last unit has failed; somebody has to acknowledge it."""
    ERROR = "error"
    """The station has failed, and the slot stands still until somebody acknowledges it."""

    @property
    def takes_unit(self) -> bool:
        """Whether a unit may be put in."""
        return self in {SlotState.IDLE, SlotState.PASS}

    @property
    def waits_for_person(self) -> bool:
        """Whether nothing goes on before somebody has acknowledged it."""
        return self in {SlotState.FAIL, SlotState.ERROR}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotView:
    """A slot at one moment.

    Attributes:
        number: 1 is the first.
        state: Its state.
        serial: The unit in it, or the last one; empty: there was none.
        attempt: Which attempt of the unit it is, from 1.
        run: The number of its run in the records; 0: none is begun.
        step: What is being done, for people.
        place: Which step that is, from 1.
        steps: How many there are.
        share: How much of the image is sent, 0 to 1; ``None``: nothing is being sent.
        rate_kb_s: How fast; 0: not known yet.
        outcome: How the run ended; ``None``: it has not.
        code: The stable code of what went wrong.
        sentence: One sentence about it.
        action: The next thing to do, one sentence.
        cause: The likeliest cause, for people; empty: none, or nobody can say yet.
        next_test: The test of the diagnosis to do next, by its name; empty: none.
        fix: What mends the likeliest cause; empty: none is likely.
        fix_waits: Whether that has to wait for the tests: it destroys what they look at.
        seconds: How long the run took; 0: it has not ended.
    """

    number: int
    state: SlotState = SlotState.IDLE
    serial: str = ""
    attempt: int = 0
    run: int = 0
    step: str = ""
    place: int = 0
    steps: int = 0
    share: float | None = None
    rate_kb_s: float = 0.0
    outcome: StepOutcome | None = None
    code: str = ""
    sentence: str = ""
    action: str = ""
    cause: str = ""
    next_test: str = ""
    fix: str = ""
    fix_waits: bool = False
    seconds: float = 0.0


def state_behind(outcome: StepOutcome) -> SlotState:
    """The state of a slot whose run has ended so.

    Whoever aborted a run knows of it: the slot is free again. A TIMEOUT is shown as a failure: the
    unit has to be looked at.
    """
    match outcome:
        case StepOutcome.PASS:
            return SlotState.PASS
        case StepOutcome.FAIL | StepOutcome.TIMEOUT:
            return SlotState.FAIL
        case StepOutcome.ABORTED:
            return SlotState.IDLE
        case _:
            return SlotState.ERROR
