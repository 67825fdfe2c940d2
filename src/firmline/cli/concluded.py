"""What came of a diagnosis, for whoever prints it or writes a report of it."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.next_test import Proposal
from firmline.diagnosis.ranking import Ranking
from firmline.diagnosis.undecided import Undecided, undecided


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluded:
    """What came of a diagnosis.

    Attributes:
        incident: What is known: of the source, and what a person has answered.
        ranking: Of that.
        plan: The tests that are worth doing.
        done: Tests that are said to be done.
        lacks: Equipment that is not at hand.
        asked: Whether a person was asked.
        dumps: How many dumps of its flash were used: those of another unit are left out.
    """

    incident: Incident
    ranking: Ranking
    plan: tuple[Proposal, ...]
    done: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    asked: bool = False
    dumps: int = 0

    @property
    def undecided(self) -> Undecided | None:
        """What nothing at hand tells apart."""
        return undecided(self.incident, self.ranking, lacks=self.lacks, done=self.done)
