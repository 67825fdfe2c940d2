"""A diagnosis: for people, and as the JSON of the contract (``design/command-line.md``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from firmline.cli.learned_text import learned_fields, learned_lines
from firmline.cli.plan_text import fix_text, plan_lines
from firmline.cli.style import paint, printable
from firmline.cli.undecided_text import undecided_fields
from firmline.cli.wrapping import wrapped
from firmline.diagnosis.catalogue import UNKNOWN
from firmline.diagnosis.consistency import contradictions
from firmline.diagnosis.evidence import OF_THE_TOOL, Evidence, Incident
from firmline.diagnosis.investigation import may_act
from firmline.diagnosis.next_test import Proposal
from firmline.diagnosis.outcomes import outcomes_of
from firmline.diagnosis.ranking import Argument, RankedCause, Ranking
from firmline.diagnosis.undecided import Undecided
from firmline.diagnosis.vocabulary import vocabulary

SHOWN: Final = 5
"""Causes that people are shown; fewer where the rest is unlikely."""
UNLIKELY: Final = 0.02
"""Causes below that are not shown to people, beyond the first."""
ARGUMENTS: Final = 5
"""Arguments that people are shown of the first cause, for it and against it."""
UNPROVEN: Final = (
    "The unit took the whole image and runs an application; only that it is the new one is not"
    " proven. Look what it runs: firmline inspect URI, or next time what the new one prints"
    " (--expect 'TEXT'). If it is the new one, there is nothing to explain."
)
CAUSES_IF: Final = "Causes, if it is not the new one"
PROSE: Final = (
    "This reads like a text that somebody has written, not like a log: what is known in it may be"
    " an example."
)
UNSEEN: Final = (
    "No failure of the unit is shown: if there was one, it is not in what was given, and no cause"
    " is more than a guess. Give the rest, if there is any."
)
NOT_RECORDED: Final = "What was recorded shows no failure: it tells no cause from another."
FITS_NONE: Final = "What was seen fits no known cause better than any other failure would."
PART_ONLY: Final = (
    "What was recorded is only a part, or in no order: what tells one cause from another may be in"
    " what is missing. Give the whole trace, or run the update once more with one."
)
NOT_IN_IT: Final = "What failed is not in it"
UNKNOWN_TITLE: Final = "None of the causes that are known"


# JSON.


def result_fields(
    incident: Incident,
    ranking: Ranking,
    proposals: tuple[Proposal, ...],
    *,
    done: tuple[str, ...] = (),
    undecided: Undecided | None = None,
) -> dict[str, object]:
    """The result line.

    Args:
        incident: What is known.
        ranking: Of that.
        proposals: The plan.
        done: Tests that were done, so that they are not proposed when this is read again.
        undecided: What nothing at hand tells apart.
    """
    return {
        "type": "result",
        "causes": [cause_fields(each) for each in ranking.causes],
        "families": {name: round(chance, 6) for name, chance in ranking.families.items()},
        "next_test": test_fields(proposals[0]) if proposals else None,
        "plan": [test_fields(each) for each in proposals],
        "sure": may_act(ranking, proposals),
        "undecided": undecided_fields(undecided),
        "evidence": [evidence_fields(each) for each in incident.evidence],
        "done": list(done),
        "confounded": incident.confounded(),
        "contradictions": list(contradictions(incident)),
        "unused": [printable(each) for each in incident.unused],
        "ended_well": incident.has_nothing_to_explain,
        "unproven": incident.is_unproven,
        "failure_unseen": incident.has_unseen_failure,
        "part": incident.part,
        "prose": incident.prose,
        "learned_runs": 0 if ranking.learned is None else ranking.learned.runs,
        "learned": learned_fields(ranking.learned),
    }


def cause_fields(ranked: RankedCause) -> dict[str, object]:
    """A cause, and what speaks for and against it."""
    return {
        "cause": ranked.slug,
        "family": ranked.family,
        "probability": round(ranked.probability, 6),
        "for": [_argument_fields(each) for each in ranked.speaks_for],
        "against": [_argument_fields(each) for each in ranked.speaks_against],
    }


def _argument_fields(argument: Argument) -> dict[str, object]:
    return {
        "field": argument.field,
        "values": list(argument.values),
        "seen": argument.seen,
        "strength": round(argument.strength, 3),
        "because": argument.because,
    }


def test_fields(proposal: Proposal) -> dict[str, object]:
    """A test of the plan."""
    test = proposal.test
    return {
        "test": test.slug,
        "title": test.title,
        "steps": list(test.steps),
        "minutes": test.minutes,
        "needs": list(test.needs),
        "destroys": list(test.destroys),
        "bits": round(proposal.bits, 3),
        "because": proposal.because,
        "outcomes": list(outcomes_of(test)),
        "needs_failure": test.needs_failure,
        "before_fix": proposal.is_owed,
    }


def evidence_fields(evidence: Evidence) -> dict[str, object]:
    """What was seen, and where."""
    return {
        "field": evidence.field,
        "value": evidence.value,
        "seen": evidence.seen,
        "origin": evidence.origin.value,
        "where": printable(evidence.where),
    }


# People.


def text_lines(
    incident: Incident,
    ranking: Ranking,
    proposals: tuple[Proposal, ...],
    undecided: Undecided | None = None,
) -> Iterator[str]:
    """The diagnosis, line by line."""
    if incident.has_nothing_to_explain:
        yield from _heading("Nothing failed that could be explained.")
        yield "  If the unit fails all the same, say what is seen there: add --ask."
    else:
        yield from _little_lines(incident)
        yield from _heading(CAUSES_IF if incident.is_unproven else "Causes")
        yield from cause_lines(ranking, unseen=incident.has_unseen_failure)
        yield from _argument_lines(incident, ranking, proposals)
        yield from _heading("What to do next", first=False)
        yield from plan_lines(incident, ranking, proposals, undecided)
    yield from _remark_lines(incident, ranking)


def _little_lines(incident: Incident) -> Iterator[str]:
    """What has to be known before the causes are read: that little, or nothing, speaks for any."""
    if incident.is_unproven:
        yield from _heading("Nothing is shown to have failed.")
        yield from wrapped(f"  {UNPROVEN}")
        yield ""
    if incident.prose:
        yield from wrapped(PROSE, indent=0)
        yield ""
    if not incident.evidence:
        yield "Nothing of it is evidence: no cause is more than a guess."
    elif all(each.field in OF_THE_TOOL for each in incident.evidence):
        yield from wrapped(
            "It tells with what the update was done, and nothing of what happened: no cause is more"
            " than a guess."
        )
    elif incident.has_unseen_failure:
        yield from wrapped(UNSEEN, indent=0)
    else:
        return
    yield "Say what was seen, with --ask or in a report."
    yield ""


def _heading(title: str, *, first: bool = True) -> list[str]:
    return [paint(title, bold=True)] if first else ["", paint(title, bold=True)]


def cause_lines(ranking: Ranking, *, unseen: bool = False) -> Iterator[str]:
    """The likeliest causes."""
    shown = [
        each
        for place, each in enumerate(ranking.causes[:SHOWN])
        if place == 0 or each.probability >= UNLIKELY
    ]
    width = max(len(each.slug) for each in shown)
    for each in shown:
        title = title_of(each, unseen=unseen)
        yield f"  {percent(each.probability):>6}  {each.slug:<{width}}  {title}"
    rest = 1.0 - sum(each.probability for each in shown)
    yield f"  {percent(rest):>6}  {'':<{width}}  {len(ranking.causes) - len(shown)} others"


def title_of(ranked: RankedCause, *, unseen: bool = False) -> str:
    """A cause in a few words; ``unseen``: whether no failure is in what was recorded."""
    if ranked.cause is None:
        return NOT_IN_IT if unseen else UNKNOWN_TITLE
    return ranked.cause.title


def percent(chance: float) -> str:
    """A probability for people; never 0 or 100, which nothing is."""
    if chance > 0.99:
        return "> 99 %"
    if chance < 0.01:
        return "< 1 %"
    return f"{chance * 100:.0f} %"


def _argument_lines(
    incident: Incident, ranking: Ranking, proposals: tuple[Proposal, ...]
) -> Iterator[str]:
    top = ranking.causes[0]
    if top.cause is None:
        yield from _heading(f"Why {UNKNOWN}", first=False)
        yield from wrapped(f"  {why_unknown(incident)}")
        return
    yield from _heading(f"Why {top.slug}", first=False)
    yield from wrapped(f"  {top.cause.meaning}")
    for label, arguments in (("for", top.speaks_for), ("against", top.speaks_against)):
        for each in arguments[:ARGUMENTS]:
            because = f": {each.because}" if each.because else ""
            yield from wrapped(f"  {label:<8} {_observation(each)}{because}", indent=11)
    yield from wrapped(f"  {'fix':<8} {fix_text(incident, ranking, proposals)}", indent=11)
    yield from wrapped(f"  {'prevent':<8} {top.cause.prevent}", indent=11)


def why_unknown(incident: Incident) -> str:
    """Why no cause is likelier than that it is none of them."""
    if incident.has_unseen_failure:
        return NOT_RECORDED
    return PART_ONLY if incident.is_undecided_part else FITS_NONE


def _observation(argument: Argument) -> str:
    meanings = vocabulary()[argument.field].meanings
    told = " and ".join(meanings[value] for value in argument.values)
    return f"{argument.field} = {told}" if argument.seen else f"not {told}"


def _remark_lines(incident: Incident, ranking: Ranking) -> Iterator[str]:
    untrue, unused = contradictions(incident), incident.unused
    if incident.confounded():
        yield from _heading("What cannot be told apart", first=False)
        yield from wrapped(f"  {incident.confounded()}")
    if untrue:
        yield from _heading("What cannot all be true", first=False)
        yield from (f"  {printable(each)}" for each in untrue)
    if unused:
        yield from _heading("What could not be used", first=False)
        yield from (f"  {printable(each)}" for each in unused)
    if ranking.learned is not None:
        yield from _heading("What resolved runs have told", first=False)
        yield from learned_lines(ranking.learned)
