"""What no test at hand tells apart: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from firmline.diagnosis.diagnostic_tests import equipment
from firmline.diagnosis.undecided import Undecided


def undecided_sentence(undecided: Undecided) -> str:
    """Which causes stay together, and what it would take to tell them apart."""
    names = listed([each.slug for each in undecided.causes], "and")
    if not undecided.tests:
        return (
            f"{names} cannot be told apart by any test that is known: their fixes are what is left"
            " to try, one after the other."
        )
    best = undecided.tests[0]
    needs = listed([equipment()[each] for each in best.needs], "and")
    return (
        f"{names} cannot be told apart without {needs}: no test at hand tells more. With that:"
        f" {best.title} ({best.slug}, {best.minutes:g} min)."
    )


def undecided_fields(undecided: Undecided | None) -> dict[str, object] | None:
    """The same for programs."""
    if undecided is None:
        return None
    return {
        "causes": [each.slug for each in undecided.causes],
        "tests": [each.slug for each in undecided.tests],
        "why": undecided_sentence(undecided),
    }


def listed(names: Sequence[str], last: str) -> str:
    """Names in a row: a, b and c.

    Args:
        names: One or more.
        last: What stands before the last of them.
    """
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} {last} {names[-1]}"
