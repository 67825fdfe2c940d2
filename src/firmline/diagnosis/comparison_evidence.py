"""What a comparison says of the failure, in the words of the vocabulary of evidence.

A condition that was switched to and fro is better evidence than an action that was taken once: each
of its runs also came behind a switch. Where the seated cell fails again every time that it was put
back, neither the new contact nor the loss of power has helped, and that is evidence, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from firmline.diagnosis.comparison import Share, Side, Standing, Verdict
from firmline.diagnosis.evidence import Evidence, Origin
from firmline.diagnosis.vocabulary import vocabulary

MANY: Final = 3
"""Runs of which all failed, behind which it is called always; ours."""
SEVERAL: Final = 2
"""Runs behind the other condition of which all failed, behind which the switch has not helped; and
failures, below which one may be a lost radio link; ours."""
_BY_WORD: Final = (
    ("parallel", "supply_in_parallel"),
    ("bench", "bench_supply"),
    ("new", "new_cell"),
    ("fresh", "new_cell"),
)
"""What a condition of the supply is, by a word in its name; a voltage is a bench supply's."""
_PROVOKING: Final = frozenset({"bench_supply", "supply_in_parallel"})
"""Conditions of the supply that are not the unit as it is."""


def evidence_of_comparison(
    standing: Standing,
    *,
    factor: str,
    labels: tuple[str, str],
    failure: Iterable[Evidence] = (),
    passes_in_between: bool = False,
) -> tuple[Evidence, ...]:
    """What it says.

    Args:
        standing: Where the comparison stands at its end.
        factor: What differs: ``supply``, ``power-cycle``, ``host``, ``unit`` or another.
        labels: The conditions' names.
        failure: What a failed run of A shows by itself.
        passes_in_between: Whether the unit was heard in all of them, and passed in between.
    """
    if not standing.a.runs or not standing.b.runs or is_provoked(factor, labels):
        return ()
    found = dict.fromkeys(_found(standing, factor, labels))
    if not found:
        return ()
    if passes_in_between:
        found["flags", "passes_in_between"] = None
    where = f"comparison of {labels[0]} with {labels[1]}"
    said = [
        Evidence(field=field, value=value, origin=Origin.PERSON, where=where)
        for field, value in found
    ]
    known = {each.field for each in said if not vocabulary()[each.field].many}
    shown = [each for each in failure if each.field not in known and not _is_said(each, said)]
    return (*said, *shown)


def _is_said(evidence: Evidence, said: Iterable[Evidence]) -> bool:
    """Whether many runs have said of it, yes or no, what one run shows."""
    actions = {"cured_by", "not_cured_by"}
    return any(
        evidence.value == each.value
        and (evidence.field == each.field or {evidence.field, each.field} == actions)
        for each in said
    )


def is_provoked(factor: str, labels: tuple[str, str]) -> bool:
    """Whether A is a setting of a bench supply, so that its failures say nothing of the unit's."""
    return factor == "supply" and _kind(labels[0]) in _PROVOKING


def _found(standing: Standing, factor: str, labels: tuple[str, str]) -> Iterator[tuple[str, str]]:
    a, b = standing.a, standing.b
    if standing.verdict is Verdict.DIFFERENT:
        if standing.worse is Side.B:
            return
        yield from _of_a_cure(standing, factor, labels)
    elif _always(a) and _always(b):
        action = _action(factor, labels)
        if action:
            yield "not_cured_by", action
        if factor == "host":
            yield "host_scope", "all_hosts"
    if _always(a) and a.runs >= MANY:
        yield "reproducibility", "always"
    elif SEVERAL <= a.failed < a.runs:
        yield "reproducibility", "intermittent"


def _of_a_cure(
    standing: Standing, factor: str, labels: tuple[str, str]
) -> Iterator[tuple[str, str]]:
    """What it says that the unit as it is fails, and fails less with the other condition."""
    action = _action(factor, labels)
    if action:
        yield "cured_by", action
    if factor != "supply" or not _is_cell(labels[0]):
        return
    yield "supply", "coin_cell"
    carry = standing.carry_a
    took_power = action in ("bench_supply", "new_cell")
    if took_power and carry.runs >= SEVERAL and carry.failed == carry.runs:
        yield "not_cured_by", "cell_reseated"
        yield "not_cured_by", "power_cycle"


def _always(share: Share) -> bool:
    return share.runs >= SEVERAL and share.failed == share.runs


def _is_cell(label: str) -> bool:
    return "cell" in _words(label)


def _words(label: str) -> list[str]:
    return re.findall(r"[^\W_]+", label.casefold())


def _action(factor: str, labels: tuple[str, str]) -> str:
    """What was done from ``a`` to ``b``, by the names of ``cured_by``; empty: none of them."""
    if factor == "host":
        return "other_host"
    if factor == "power-cycle":
        return "power_cycle"
    if factor != "supply":
        return ""
    before, after = map(_kind, labels)
    return after if after != before or after == "new_cell" else ""


def _kind(label: str) -> str:
    """What a condition of the supply is; empty: none that has a name, such as the unit's own.

    A cell that lies on the bench is still a cell.
    """
    words = _words(label)
    named = next((kind for word, kind in _BY_WORD if word in words), "")
    if named == "bench_supply" and "cell" in words:
        return ""
    return named or ("bench_supply" if label[:1].isdigit() else "")
