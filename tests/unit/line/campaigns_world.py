"""Campaigns for tests: a whole one as a file, and what became of its units."""

from __future__ import annotations

from firmline.line.campaigns.campaign import AbortRule, Campaign, Group, KindOf, UnitsFrom
from firmline.line.campaigns.decision import AttemptTold, UnitState, UnitTold
from firmline.line.outcomes import StepOutcome
from firmline.line.records.values import RecipeUsed

HEAD = f"""\
schema = 1
name = "spring"
title = "Spring update"
product = "Tag"
priority = 5
stations = ["north", "south"]
[recipe]
name = "tag"
version = 7
sha256 = "{"A" * 64}"
"""
CANARY = """
[[groups]]
name = "canary"
units = ["SN-0001", "SN-0002"]
stations = ["north"]
success_percent = 100
"""
REST = """
[[groups]]
name = "rest"
units = ["SN-0003", "SN-0004", "SN-0005"]
success_percent = 60
"""
ABORT = """
[[abort]]
kind = "family:supply"
least = 2
percent = 10
"""
WHOLE = HEAD + CANARY + REST + ABORT
RECIPE = RecipeUsed(name="tag", version="7", sha256="a" * 64)
PASS = AttemptTold(outcome=StepOutcome.PASS)
FAIL = AttemptTold(
    outcome=StepOutcome.FAIL, code="DFU-LINK-004", cause="weak-cell", family="supply"
)
ERROR = AttemptTold(outcome=StepOutcome.ERROR, code="DFU-LINK-001")


def group(name: str, *, percent: float, serials: tuple[str, ...] = ()) -> Group:
    return Group(name=name, units=UnitsFrom(serials=serials), success_percent=percent)


def campaign(*percents: float, aborts: tuple[AbortRule, ...] = ()) -> Campaign:
    """A campaign with a group for each threshold."""
    return Campaign(
        name="spring",
        title="Spring",
        product="Tag",
        recipe=RECIPE,
        stations=("north",),
        groups=tuple(group(f"g{place}", percent=each) for place, each in enumerate(percents)),
        aborts=aborts,
    )


def any_failure(least: int, percent: float) -> AbortRule:
    return AbortRule(of=KindOf.ANY, least=least, percent=percent)


def passed(group: int = 0) -> UnitTold:
    return UnitTold(group=group, state=UnitState.PASSED, attempts=(PASS,))


def failed(group: int = 0) -> UnitTold:
    return UnitTold(group=group, state=UnitState.FAILED, attempts=(FAIL,))


def queued(group: int = 0) -> UnitTold:
    return UnitTold(group=group, state=UnitState.QUEUED)


def planned(group: int) -> UnitTold:
    return UnitTold(group=group, state=UnitState.PLANNED)
