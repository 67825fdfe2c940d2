"""What anybody would try first, each case left out in turn: what the ranking has to beat."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

from unit.diagnosis.cases import Case

Ranked = dict[str, float]
Baseline = Callable[[Sequence[Case], Case], Ranked]
"""From the other cases, how likely each cause is in this one."""


def items(case: Case) -> set[tuple[str, str]]:
    """The evidence of a case, one item a value."""
    return {
        (field, value)
        for field, told in case.evidence.items()
        for value in (told if isinstance(told, list) else [told])
    }


def most_frequent(others: Sequence[Case], _case: Case) -> Ranked:
    """The cause that most other cases have."""
    counts = Counter(each.cause for each in others)
    return {cause: count / len(others) for cause, count in counts.items()}


def nearest_neighbour(others: Sequence[Case], case: Case) -> Ranked:
    """The causes of those that share most with it (Jaccard), weighed by how much."""
    mine = items(case)
    shared: Counter[str] = Counter()
    for each in others:
        theirs = items(each)
        likeness = len(mine & theirs) / len(mine | theirs)
        shared[each.cause] = max(shared[each.cause], likeness)  # type: ignore[assignment]
    whole = sum(shared.values()) or 1
    return {cause: likeness / whole for cause, likeness in shared.items()}


def naive_bayes(others: Sequence[Case], case: Case) -> Ranked:
    """Counts with one added, over the items that a case has."""
    causes = Counter(each.cause for each in others)
    logs = {}
    for cause, count in causes.items():
        theirs = [items(each) for each in others if each.cause == cause]
        logs[cause] = math.log(count) + sum(
            math.log((1 + sum(item in each for each in theirs)) / (2 + count))
            for item in items(case)
        )
    most = max(logs.values())
    raised = {cause: math.exp(log - most) for cause, log in logs.items()}
    whole = sum(raised.values())
    return {cause: each / whole for cause, each in raised.items()}


BASELINES: dict[str, Baseline] = {
    "most frequent": most_frequent,
    "nearest neighbour": nearest_neighbour,
    "naive Bayes": naive_bayes,
}
