"""The plan of a diagnosis for people: what to do, in which order, and how to say what it showed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from firmline.cli.style import paint
from firmline.cli.undecided_text import listed, undecided_sentence
from firmline.cli.wrapping import wrapped
from firmline.diagnosis.diagnostic_tests import Test, destroyed, equipment
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.investigation import fix_waits, may_act
from firmline.diagnosis.next_test import Proposal, fix_destroys
from firmline.diagnosis.outcomes import outcomes_of
from firmline.diagnosis.ranking import Ranking
from firmline.diagnosis.sureness import is_known
from firmline.diagnosis.undecided import Undecided

TESTS: Final = 12
"""Tests that people are shown, of those that leave the supply; ours: the plan is made anew behind
each result."""
POWER_TESTS: Final = 3
"""Those that are shown of what takes the power away; ours."""
OUTCOMES: Final = 8
"""So many outcomes are listed; of more, the fields that have them."""


def plan_lines(
    incident: Incident,
    ranking: Ranking,
    proposals: tuple[Proposal, ...],
    undecided: Undecided | None = None,
) -> Iterator[str]:
    """The tests in their order, with their steps and their names; the power last."""
    if may_act(ranking, proposals):
        yield f"  {ranking.causes[0].slug} is sure enough to act on: do its fix."
    if undecided is not None:
        yield from wrapped(f"  {undecided_sentence(undecided)}")
        return
    if not proposals:
        yield "  No test that is known would tell more."
        return
    if may_act(ranking, proposals):
        yield "  If that does not help:"
    elif is_known(ranking):
        yield from wrapped(f"  {_before_fix(incident, ranking, proposals)}")
    yield from _preface(incident)
    keep = [each for each in proposals if not each.test.takes_power]
    power = [each for each in proposals if each.test.takes_power]
    number = 0
    for proposal in keep[:TESTS]:
        number += 1
        yield from _test_lines(number, proposal)
    if power:
        yield from _before_power(done_first=bool(keep))
    for proposal in power[:POWER_TESTS]:
        number += 1
        yield from _test_lines(number, proposal)
    left = len(proposals) - number
    if left:
        yield f"  {left} more, which tell less, are in --json."
    yield from wrapped(
        "  Say what a test has shown with --result, beside what you gave now: the next plan follows"
        " from it."
    )


def fix_text(incident: Incident, ranking: Ranking, proposals: tuple[Proposal, ...]) -> str:
    """The fix of the first cause, and that it has to wait, if it has; empty: no cause is known.

    Args:
        incident: What is known.
        ranking: Of that.
        proposals: The plan.
    """
    cause = ranking.causes[0].cause
    if cause is None:
        return ""
    if not fix_waits(incident, ranking, proposals):
        return cause.fix
    return f"{cause.fix} Not yet: that destroys {_lost(incident, ranking)}, which tests still need."


def _lost(incident: Incident, ranking: Ranking) -> str:
    """What the fix of the first cause destroys."""
    return listed([destroyed(each) for each in fix_destroys(incident, ranking)], "and")


def _before_fix(incident: Incident, ranking: Ranking, proposals: tuple[Proposal, ...]) -> str:
    """Why the fix of what is known has to wait."""
    owed = listed([each.test.slug for each in proposals if each.is_owed], "and")
    return (
        f"Not its fix yet: that destroys {_lost(incident, ranking)}. What destroys less and could"
        f" still show that it is not {ranking.causes[0].slug} comes first: {owed}."
    )


def _preface(incident: Incident) -> Iterator[str]:
    if incident.by_field().get("cured_by"):
        yield from wrapped(
            "  Something has helped already. See first that the unit still fails: most of these"
            " tests show nothing of one that does not."
        )


def _before_power(*, done_first: bool) -> Iterator[str]:
    if done_first:
        yield "  Only now, because it destroys what the tests above look at:"
    else:
        yield "  What is left takes the power away, and with it all that only power holds:"


def _test_lines(number: int, proposal: Proposal) -> Iterator[str]:
    test = proposal.test
    needs = "".join(f", needs {equipment()[each]}" for each in test.needs)
    yield f"  {number}. {paint(test.title, bold=True)} ({test.minutes:g} min{needs})"
    for step in test.steps:
        yield from wrapped(f"     - {step}", indent=7)
    yield from wrapped(f"     {proposal.because}", indent=5)
    yield from wrapped(f"     {_giving_back(test)}", indent=7)


def _giving_back(test: Test) -> str:
    """How to say what a test has shown."""
    outcomes: Sequence[str] = outcomes_of(test)
    if len(outcomes) <= OUTCOMES:
        return f"--result {test.slug}=OUTCOME: {', '.join(outcomes)}"
    of = ", ".join(test.fields) or "its flags"
    return f"--result {test.slug}=OUTCOME: values of {of}, as on the page on evidence"
