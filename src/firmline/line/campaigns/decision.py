"""What a campaign does next, given what has become of its units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmline.line.campaigns.campaign import AbortRule, Campaign, Counting, Group, KindOf
from firmline.line.outcomes import StepOutcome

NOT_OPEN: Final = -1
"""The group of a campaign of which none is open yet."""
_TOLD: Final = frozenset({StepOutcome.PASS, StepOutcome.FAIL, StepOutcome.TIMEOUT})
"""Outcomes of attempts that count; a TIMEOUT is a failure until somebody has seen the unit."""


class CampaignState(StrEnum):
    """The states of a campaign."""

    MADE = "made"
    """It waits to be released."""
    RELEASED = "released"
    """It waits to be started."""
    RUNNING = "running"
    PAUSED = "paused"
    """No unit is begun; those at work come to their end."""
    ABORTED = "aborted"
    """For good."""
    DONE = "done"

    @property
    def is_over(self) -> bool:
        """Whether nothing changes any more."""
        return self in {CampaignState.ABORTED, CampaignState.DONE}


class UnitState(StrEnum):
    """The states of a unit in a campaign."""

    PLANNED = "planned"
    """Its group is not open."""
    QUEUED = "queued"
    """It has a job at its station."""
    WORKING = "working"
    """A run on it was begun."""
    HELD = "held"
    """It was not there, or its station could not do it: a person has to say ``again``."""
    PASSED = "passed"
    FAILED = "failed"
    """It goes to rework."""
    CANCELLED = "cancelled"
    """It is not part of the campaign any more."""

    @property
    def is_active(self) -> bool:
        """Whether it has a job; a unit is active in one campaign at a time."""
        return self in {UnitState.QUEUED, UnitState.WORKING}

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to come of it."""
        return self in {UnitState.PASSED, UnitState.FAILED, UnitState.CANCELLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptTold:
    """One attempt on a unit.

    Attributes:
        outcome: How it ended.
        code: The stable code of what went wrong.
        cause: The likeliest cause; empty: nobody can say.
        family: Its family.
    """

    outcome: StepOutcome
    code: str = ""
    cause: str = ""
    family: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTold:
    """What has become of a unit.

    Attributes:
        group: The place of its group, from 0.
        state: Its state.
        attempts: The attempts on it in this campaign, in order.
    """

    group: int
    state: UnitState
    attempts: tuple[AttemptTold, ...] = ()

    def counted(self, counting: Counting) -> AttemptTold | None:
        """The attempt that counts; ``None``: none has said anything about the unit."""
        told = [each for each in self.attempts if each.outcome in _TOLD]
        if not told:
            return None
        return told[0] if counting is Counting.FIRST else told[-1]


class Action(StrEnum):
    """What is to be done."""

    GO_ON = "go on"
    OPEN = "open a group"
    PAUSE = "pause"
    ABORT = "abort"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done.

    Attributes:
        action: What.
        group: Which group is opened; of other actions the one that is open.
        reason: Why, one sentence; empty: nothing has changed.
    """

    action: Action
    group: int
    reason: str = ""


def decide(campaign: Campaign, *, opened: int, units: Sequence[UnitTold]) -> Decision:
    """What a running campaign does next.

    Args:
        campaign: What was planned.
        opened: The group that was opened last; ``NOT_OPEN``: none.
        units: What has become of all its units.
    """
    reasons = (_met(rule, units) for rule in campaign.aborts)
    reason = next((each for each in reasons if each is not None), None)
    if reason is not None:
        return Decision(action=Action.ABORT, group=opened, reason=reason)
    if opened == NOT_OPEN:
        return _opening(campaign, 0)
    standing = _standing(campaign, opened, units)
    group = campaign.groups[opened]
    if standing.has_reached(group):
        return _behind(campaign, opened, units)
    if not standing.may_reach(group):
        return Decision(action=Action.PAUSE, group=opened, reason=standing.sentence(group))
    return Decision(action=Action.GO_ON, group=opened)


def _behind(campaign: Campaign, opened: int, units: Sequence[UnitTold]) -> Decision:
    """What comes behind a group that has succeeded."""
    if opened + 1 < len(campaign.groups):
        return _opening(campaign, opened + 1)
    if all(unit.state.is_settled for unit in units):
        return Decision(action=Action.DONE, group=opened, reason="Every unit has its end.")
    return Decision(action=Action.GO_ON, group=opened)


def may_start(made_by: str, released_by: str) -> bool:
    """Whether two persons stand behind a campaign.

    Names are compared as people read them: without regard to case and to spaces around them.
    """
    maker, releaser = made_by.strip().casefold(), released_by.strip().casefold()
    return bool(maker and releaser) and maker != releaser


@dataclass(frozen=True, slots=True)
class _Standing:
    """How far a group has come.

    Attributes:
        units: How many units it has.
        passed: How many count as passed.
        coming: How many may still come to be.
    """

    units: int
    passed: int
    coming: int

    def has_reached(self, group: Group) -> bool:
        return self.passed > 0 and self._is_enough(self.passed, group)

    def may_reach(self, group: Group) -> bool:
        best = self.passed + self.coming
        return best > 0 and self._is_enough(best, group)

    def sentence(self, group: Group) -> str:
        return (
            f"{self.passed} of {self.units} units of the group {group.name} count as passed, and"
            f" {group.success_percent:g} % cannot be reached any more."
        )

    def _is_enough(self, passed: int, group: Group) -> bool:
        return passed * 100 >= group.success_percent * self.units


def _standing(campaign: Campaign, group: int, units: Iterable[UnitTold]) -> _Standing:
    found = [
        unit for unit in units if unit.group == group and unit.state is not UnitState.CANCELLED
    ]
    passed = coming = 0
    for unit in found:
        counted = unit.counted(campaign.counting)
        is_final = unit.state.is_settled or (
            counted is not None and campaign.counting is Counting.FIRST
        )
        if not is_final:
            coming += 1
        elif counted is not None and counted.outcome is StepOutcome.PASS:
            passed += 1
    return _Standing(units=len(found), passed=passed, coming=coming)


def _opening(campaign: Campaign, group: int) -> Decision:
    name = campaign.groups[group].name
    which = "the canary" if group == 0 else f"group {group + 1} of {len(campaign.groups)}"
    return Decision(action=Action.OPEN, group=group, reason=f"{name}, {which}, is open.")


def _met(rule: AbortRule, units: Iterable[UnitTold]) -> str | None:
    """Why a rule aborts the campaign; ``None``: it does not."""
    firsts = [first for unit in units if (first := unit.counted(Counting.FIRST)) is not None]
    failed = sum(_is_of(rule, first) for first in firsts)
    if failed < rule.least or failed * 100 < rule.percent * len(firsts):
        return None
    return (
        f"{failed} of {len(firsts)} units that were tried failed at first ({rule.kind}): the"
        f" campaign is aborted at {rule.least} and {rule.percent:g} %."
    )


def _is_of(rule: AbortRule, attempt: AttemptTold) -> bool:
    """Whether a failed attempt is of a rule's kind."""
    if attempt.outcome is StepOutcome.PASS:
        return False
    match rule.of:
        case KindOf.ANY:
            return True
        case KindOf.FAMILY:
            return attempt.family == rule.name
        case KindOf.CAUSE:
            return attempt.cause == rule.name
        case KindOf.CODE:
            return attempt.code == rule.name
