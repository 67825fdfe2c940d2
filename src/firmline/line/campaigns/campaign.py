"""A campaign as values: what is to be done, on which units, in which order, and when to stop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from firmline.line.records.values import RecipeUsed


class Counting(StrEnum):
    """By which attempt of a unit a group's success is counted."""

    FIRST = "first-attempts"
    LAST = "last-attempts"


class KindOf(StrEnum):
    """What an abort rule looks at."""

    ANY = "any"
    """Every failed attempt."""
    FAMILY = "family"
    """The family of the likeliest cause."""
    CAUSE = "cause"
    """The likeliest cause."""
    CODE = "code"
    """The stable code of what went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortRule:
    """When a campaign is aborted: this kind of failure, on so many units and so large a share.

    Attributes:
        of: What it looks at.
        name: Which family, cause or code; empty: any.
        least: The fewest units that have failed so.
        percent: The least share of the units that were tried, percent.
    """

    of: KindOf
    name: str = ""
    least: int
    percent: float

    @property
    def kind(self) -> str:
        """As it is written: ``any``, ``family:supply``."""
        return f"{self.of}:{self.name}" if self.name else str(self.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsFrom:
    """Which units a group has; one of the three is given.

    Attributes:
        serials: Their serial numbers.
        batch: All units of a batch that the records know.
        file: A CSV file beside the campaign, with a column ``serial`` and perhaps ``station``.
    """

    serials: tuple[str, ...] = ()
    batch: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Units that are opened together.

    Attributes:
        name: Its name.
        units: Which.
        stations: Where; units are dealt to them in turn. Empty: those of the campaign.
        success_percent: The share of its units that has to succeed before the next group opens.
    """

    name: str
    units: UnitsFrom
    stations: tuple[str, ...] = ()
    success_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What is planned.

    Attributes:
        name: Its name, which no other has.
        title: For people.
        product: The product, by the name in its recipe.
        recipe: What is done to each unit: this very recipe.
        priority: Work of a higher one is taken first; 0 is usual.
        stations: Where, for groups that do not say.
        counting: By which attempt success is counted.
        groups: In their order; the first is the canary.
        aborts: When it is aborted.
    """

    name: str
    title: str
    product: str
    recipe: RecipeUsed
    priority: int = 0
    stations: tuple[str, ...] = ()
    counting: Counting = Counting.FIRST
    groups: tuple[Group, ...]
    aborts: tuple[AbortRule, ...] = ()

    def stations_of(self, group: Group) -> tuple[str, ...]:
        """Where the units of a group are worked on."""
        return group.stations or self.stations
