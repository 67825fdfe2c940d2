"""What a station and the queue tell each other: jobs, tickets, and how runs went. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from firmline.line.campaigns.decision import AttemptTold
from firmline.line.records.values import RecipeUsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job, as it comes out of the queue.

    Attributes:
        number: Its number; a unit's line names the one that counts.
        campaign: Of which campaign.
        serial: Which unit.
    """

    number: int
    campaign: str
    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A unit may be worked on.

    Attributes:
        job: By which job.
        recipe: What the campaign wants to be done.
        after: The newest record of the station when it was begun first: what is known of the unit
            behind it belongs to this ticket.
        is_resumed: Whether it was begun before, by a program that was killed.
    """

    job: Job
    recipe: RecipeUsed
    after: int
    is_resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTold:
    """How a run on a unit ended.

    Attributes:
        run: Its number at the station.
        at: When it ended.
        attempt: How.
    """

    run: int
    at: datetime
    attempt: AttemptTold
