"""The tests that were done, and what they have shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from firmline.cli.report.cleaning import clean
from firmline.diagnosis.diagnostic_tests import Test, diagnostic_tests
from firmline.diagnosis.evidence import Evidence, Incident

HELPED, DID_NOT_HELP = "it helped", "it did not help"
ACTIONS: Final = {"cured_by": HELPED, "not_cured_by": DID_NOT_HELP}


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneTest:
    """One test, or one action.

    Attributes:
        test: Its slug; empty: an action that is no test of the plan.
        title: In words.
        result: In words.
        origin: Who says so.
        where: The place there; may be empty.
    """

    test: str
    title: str
    result: str
    origin: str = ""
    where: str = ""


def done_tests(incident: Incident, done: Collection[str]) -> tuple[DoneTest, ...]:
    """What was tried, and what was looked at.

    Args:
        incident: What is known.
        done: Slugs of tests that are said to be done.
    """
    return (*_actions(incident), *_looks(incident, done))


def _actions(incident: Incident) -> Iterator[DoneTest]:
    by_action = {test.action: test for test in diagnostic_tests().values() if test.action}
    for each in incident.evidence:
        if each.field not in ACTIONS:
            continue
        test = by_action.get(each.value)
        yield DoneTest(
            test="" if test is None else test.slug,
            title=each.meaning if test is None else test.title,
            result=ACTIONS[each.field],
            origin=each.origin.value,
            where=clean(each.where),
        )


def _looks(incident: Incident, done: Collection[str]) -> Iterator[DoneTest]:
    """Those that are said to be done, with what is known of what they look at."""
    for slug in dict.fromkeys(done):
        test = diagnostic_tests()[slug]
        found = [each for each in incident.evidence if _is_seen_by(test, each)]
        if test.action and found:
            continue  # told already
        told = "; ".join(each.meaning if each.seen else f"not: {each.meaning}" for each in found)
        result = told or "no result was given"
        yield DoneTest(test=slug, title=test.title, result=result)


def _is_seen_by(test: Test, evidence: Evidence) -> bool:
    if test.action:
        return evidence.field in ACTIONS and evidence.value == test.action
    return evidence.field in test.fields or (
        evidence.field == "flags" and evidence.value in test.flags
    )
