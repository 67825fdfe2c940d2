"""How certain what was seen is, by who says it, and what it comes to that not all of it is true."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from firmline.diagnosis.contradiction_rules import group
from firmline.diagnosis.evidence import Evidence, Origin

CERTAINTY: Final = {
    Origin.UNIT: 4,
    Origin.TRACE: 4,
    Origin.LOG: 2,
    Origin.REPORT: 0,
    Origin.PERSON: 0,
}
"""How certain what each of them says is, beside the others; of two that are the same, equally."""
COPIED: Final = frozenset({"result_code", "ext_error", "host_code"})
"""Fields whose values are read off, not described: one step more certain than others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """What cannot all be true.

    Attributes:
        sentence: Which, why, and what is used of it.
        unused: Evidence that is not used for it.
        is_of_one: Whether the same source says both, so that what else it says is doubtful, too.
    """

    sentence: str
    unused: tuple[Evidence, ...]
    is_of_one: bool


def certainty(evidence: Evidence) -> int:
    """How certain it is: the more certain of two is used where they contradict one another."""
    is_copied = evidence.field in COPIED or evidence.value in group("bit_set")
    return CERTAINTY[evidence.origin] + is_copied


def is_of_one(evidence: Iterable[Evidence]) -> bool:
    """Whether the same source says all of it."""
    return len({each.origin for each in evidence}) == 1
