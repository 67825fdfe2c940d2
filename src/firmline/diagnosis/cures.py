"""How likely an action helps, and what several of them say together that did not.

Rules of this module:

* Actions that were taken together and helped are one observation: at least one of them has.
* Whatever empties RAM and the retained registers does so as the others do. Behind one of these that
  has failed, another one tells only what it does beside; a second emptying tells nothing.
* Who has seen it fail each time has seen it fail again: to try once more is then no test.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import Final

from firmline.diagnosis.catalogue import Cause
from firmline.diagnosis.evidence import Incident

HELPS_ANYWAY: Final = 0.04
"""How likely an action helps where the cause says nothing of it; ours."""
UNKNOWN_HELPS: Final = 0.1
"""The same where the cause is not known."""
PASSES_ANYWAY: Final = {
    "intermittent": 0.35,
    "once": 0.6,
    "only_first_after_interruption": 0.3,
    "only_after_soft_reset": 0.2,
    "only_after_power_up": 0.2,
}
"""How likely the next attempt passes whatever was done, by when it fails; ours."""
EMPTY: Final = frozenset(
    {
        *("pin_reset", "power_cycle", "long_power_off"),
        *("cell_reseated", "new_cell", "bench_supply"),
    }
)
"""Actions that empty RAM and the retained registers: a reset by the pin, and all that takes the
power away (spec, section 10)."""
RETRY: Final = "retry"


def passes_anyway(incident: Incident) -> float:
    """How likely an attempt passes whatever was done before it; 0 to 1."""
    times = incident.by_field().get("reproducibility", ())
    return max((PASSES_ANYWAY.get(each, 0.0) for each in times), default=0.0)


def fails_again(incident: Incident) -> bool:
    """Whether it is known that trying once more fails."""
    return incident.by_field().get("reproducibility") == ("always",)


def observed_failures(incident: Incident) -> tuple[tuple[str, ...], ...]:
    """Actions that did not help: those that are one observation together."""
    tried = incident.by_field().get("not_cured_by", ())
    empty = tuple(each for each in tried if each in EMPTY)
    others = [
        (each,)
        for each in tried
        if each not in EMPTY and not (each == RETRY and fails_again(incident))
    ]
    return (*others, empty) if empty else tuple(others)


def chance_of_help(cause: Cause | None, action: str, anyway: float = 0.0) -> float:
    """How likely the next attempt passes after an action; 0 to 1.

    Args:
        cause: The cause; ``None``: none that is known.
        action: Of the vocabulary's ``cured_by``.
        anyway: How likely it passes whatever was done (:func:`passes_anyway`).
    """
    about = None if cause is None else cause.about("cured_by")
    if about is None:
        helps = UNKNOWN_HELPS if cause is None else HELPS_ANYWAY
    else:
        helps = about.chances.get(action, HELPS_ANYWAY)
    return 1.0 - (1.0 - helps) * (1.0 - anyway)


def chance_of_some_help(cause: Cause | None, actions: Iterable[str], anyway: float) -> float:
    """How likely at least one of the actions that were taken together helps (noisy-or); 0 to 1."""
    failing = math.prod(1.0 - chance_of_help(cause, each) for each in actions)
    return 1.0 - failing * (1.0 - anyway)


def chance_of_no_help(cause: Cause | None, actions: Iterable[str], anyway: float = 0.0) -> float:
    """How likely actions that are one observation have failed: by the best of them; 0 to 1."""
    return min(1.0 - chance_of_help(cause, each, anyway) for each in actions)


def chance_of_help_now(cause: Cause | None, action: str, incident: Incident) -> float:
    """How likely an action helps behind all that was tried in vain; 0 to 1.

    Args:
        cause: The cause; ``None``: none that is known.
        action: Of the vocabulary's ``cured_by``.
        incident: What is known.
    """
    anyway = passes_anyway(incident)
    if action == RETRY and fails_again(incident):
        return HELPS_ANYWAY
    before = _in_vain_like(action, incident)
    if not before:
        return chance_of_help(cause, action, anyway)
    failing = chance_of_no_help(cause, (*before, action)) / chance_of_no_help(cause, before)
    return 1.0 - failing * (1.0 - anyway)


def _in_vain_like(action: str, incident: Incident) -> Collection[str]:
    """What was tried in vain that does what this action does."""
    tried = incident.by_field().get("not_cured_by", ())
    return [each for each in tried if action in EMPTY and each in EMPTY]
