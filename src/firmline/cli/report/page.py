"""The report as one page: HTML that asks no network, runs no script, and prints on any paper."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from firmline.cli.diagnosis_text import (
    PROSE,
    UNLIKELY,
    UNPROVEN,
    UNSEEN,
    percent,
    title_of,
    why_unknown,
)
from firmline.cli.learned_text import share, weight
from firmline.cli.plan_text import fix_text
from firmline.cli.report.cleaning import clean
from firmline.cli.report.content import Made, Report
from firmline.cli.report.drawn import (
    HOUSE,
    READING,
    policy,
    safe_style,
    style_of,
    template,
)
from firmline.cli.undecided_text import undecided_sentence
from firmline.diagnosis.catalogue import catalogue
from firmline.diagnosis.consistency import contradictions
from firmline.diagnosis.diagnostic_tests import equipment
from firmline.diagnosis.ranking import Argument, RankedCause, Ranking
from firmline.diagnosis.vocabulary import vocabulary

if TYPE_CHECKING:
    from firmline.cli.report.drawing import Drawing

SOURCES: Final = {
    "trace": "a trace of the update",
    "log": "the log of another tool",
    "report": "a written report",
}
FOLDER: Final = Path(__file__).parent
MOST_CAUSES: Final = 10
"""Causes with a line of their own; all are in the JSON form."""
FLAGS: Final = "flags"
ALWAYS: Final = 3
"""Causes that have a line also where they are unlikely."""
EXPLAINED: Final = 3
"""Causes for which it is shown what speaks for them and against them."""
ARGUMENTS: Final = 6
MAX_UNUSED: Final = 40
"""Sentences on what could not be used; ours."""
NOTHING_MORE: Final = "No test that is known would tell more."
LEAST: Final = 0.01
"""Families below that are left out of the page."""


def page(report: Report) -> str:
    """The page."""
    style = style_of(READING, HOUSE)
    return template(FOLDER, "report.html").render(
        report=report,
        style=safe_style(style),
        policy=policy(style),
        drawings=_drawings(report),
        likely=_likely(report.ranking, always=ALWAYS, most=MOST_CAUSES),
        explained=[
            each
            for each in _likely(report.ranking, always=1, most=EXPLAINED)
            if each.cause is not None
        ],
        unproven=UNPROVEN,
        prose=PROSE,
        nothing_more=NOTHING_MORE
        if report.undecided is None
        else undecided_sentence(report.undecided),
        fix=fix_text(report.incident, report.ranking, report.plan),
        arguments=ARGUMENTS,
        families=_families(report.ranking),
        unused=MAX_UNUSED,
        made_from=_made_from(report.made),
        clean=clean,
        contradictions=contradictions,
        weight=weight,
        share_in_words=share,
        why_unknown=why_unknown(report.incident),
        percent=percent,
        unseen=UNSEEN,
        title_of=partial(title_of, unseen=report.incident.has_unseen_failure),
        observed=observed,
        equipment=equipment(),
    )


def _made_from(made: Made) -> str:
    """What all of it rests on, in words."""
    told = [SOURCES[made.source]] if made.source in SOURCES else []
    if made.dumps:
        told.append(
            "a dump of its flash" if made.dumps == 1 else f"{made.dumps} dumps of its flash"
        )
    if made.asked:
        told.append("a person's answers")
    return " and ".join(told)


def _likely(ranking: Ranking, *, always: int, most: int) -> list[RankedCause]:
    """The likeliest causes: the first of them whatever their chance, the others while likely."""
    return [
        each
        for place, each in enumerate(ranking.causes[:most])
        if place < always or each.probability >= UNLIKELY
    ]


def _drawings(report: Report) -> dict[int, Drawing]:
    """Of the attempts that have a time line, by their numbers."""
    if not report.attempts:
        return {}
    from firmline.cli.report.drawing import draw  # noqa: PLC0415 - it needs the words of events

    drawn = ((each.number, draw(each)) for each in report.attempts if each.phases)
    return {number: drawing for number, drawing in drawn if drawing.bars}


def _families(ranking: Ranking) -> list[tuple[str, float]]:
    titles = {cause.family.slug: cause.family.title for cause in catalogue().values()}
    return [
        (titles.get(slug, "none that is known"), chance)
        for slug, chance in ranking.families.items()
        if chance >= LEAST
    ]


def observed(argument: Argument) -> str:
    """An observation, in words."""
    meanings = vocabulary()[argument.field].meanings
    told = " and ".join(meanings[value] for value in argument.values)
    if argument.field != FLAGS:  # whose values are sentences of their own
        told = f"{argument.field.replace('_', ' ')} = {told}"
    return told if argument.seen else f"looked for, and not so: {told}"
