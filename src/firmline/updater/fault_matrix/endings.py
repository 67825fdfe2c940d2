"""What came of a case: what the update said, beside what the unit really does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from firmline.events import Outcome
from firmline.updater.fault_matrix.cases import Case


class Truth(StrEnum):
    """What a unit really is after an update."""

    NEW = "new"
    """As a healthy one is after it, to the last byte of its flash that can run."""
    OLD = "old"
    """In an application, and not so."""
    BOOTLOADER = "bootloader"
    NOTHING = "nothing"


class Verdict(StrEnum):
    """How an update of a faulty unit ended."""

    RECOVERED = "recovered"
    REFUSED = "refused"
    """The unit said no, or the update was given up: with the reason."""
    UNVERIFIED = "unverified"
    FALSE_SUCCESS = "false success"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What came of a case.

    Attributes:
        case: The case.
        outcome: What the update said.
        code: The error's stable code; empty where there is none.
        message: Its sentence.
        truth: What the unit really does.
        struck: Whether the fault did anything in this update, as the unit's log tells; one that
            keeps a peer out does nothing but that, and is in no log.
        steps: What was done to recover, in order.
        seconds: Of the update, by the unit's clock.
    """

    case: Case
    outcome: Outcome
    code: str
    message: str
    truth: Truth
    struck: bool
    steps: tuple[str, ...]
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """In one word."""
        match self.outcome:
            case Outcome.UPDATED:
                is_true = self.truth is Truth.NEW
                return Verdict.RECOVERED if is_true else Verdict.FALSE_SUCCESS
            case Outcome.UNVERIFIED:
                return Verdict.UNVERIFIED
            case _:
                return Verdict.REFUSED
