"""What a test is expected to show, in words."""

from __future__ import annotations

import pytest

from firmline.diagnosis.catalogue import UNKNOWN, catalogue
from firmline.diagnosis.expectation import Look, because_of_looking, because_of_trying
from firmline.diagnosis.information import FAILS, NOT_SEEN, PASSES, SEEN
from firmline.diagnosis.next_test import plan
from firmline.diagnosis.ranking import rank
from unit.diagnosis.cases import Case, cases

CELL, LEAK = "power-brownout-coincell", "rx-buffer-leak"
LIKELY = {CELL: 0.5, LEAK: 0.3, UNKNOWN: 0.2}


def test_each_outcome_is_said_with_the_cause_it_speaks_for() -> None:
    outcomes = {
        "no": {CELL: 0.1, LEAK: 0.8, UNKNOWN: 0.5},
        "once": {CELL: 0.65, LEAK: 0.1, UNKNOWN: 0.3},
        "repeatedly": {CELL: 0.25, LEAK: 0.1, UNKNOWN: 0.2},
    }
    told = because_of_looking(Look(what="unit_resets", outcomes=outcomes), LIKELY)
    assert told == (
        '"one restart besides the intended jump, or the intended one that leads nowhere" or'
        f' "several" speaks for {CELL}; "none" for {LEAK}.'
    )


def test_what_is_looked_for_is_said_before_that_it_is_not_there() -> None:
    seen = {CELL: 0.3, LEAK: 0.01, UNKNOWN: 0.1}
    outcomes = {NOT_SEEN: {slug: 1 - chance for slug, chance in seen.items()}, SEEN: seen}
    told = because_of_looking(Look(what="old_cell", outcomes=outcomes), LIKELY)
    assert (
        told == '"cell is old" speaks for power-brownout-coincell; its absence for rx-buffer-leak.'
    )


@pytest.mark.parametrize(
    ("chances", "told"),
    [
        ((0.9, 0.1, 0.2), f"It helps with {CELL}, and not with {LEAK} or another cause."),
        (
            (0.9, 0.8, 0.7),
            f"If it helps, that speaks for {CELL}; if it does not, for another cause.",
        ),
        (
            (0.1, 0.2, 0.3),
            f"If it helps, that speaks for another cause; if it does not, for {CELL}.",
        ),
    ],
)
def test_with_which_causes_an_action_helps(chances: tuple[float, ...], told: str) -> None:
    passes = dict(zip(LIKELY, chances, strict=True))
    fails = {slug: 1 - chance for slug, chance in passes.items()}
    look = Look(what="new_cell", outcomes={PASSES: passes, FAILS: fails})
    assert because_of_trying(look, LIKELY).startswith(told)


@pytest.mark.parametrize("case", cases()[::9], ids=lambda case: case.name)
def test_every_reason_names_a_cause_that_is_likely(case: Case) -> None:
    ranking = rank(case.incident)
    for proposal in plan(case.incident, ranking):
        named = [slug for slug in (*catalogue(), "another cause") if slug in proposal.because]
        assert named, proposal.because
