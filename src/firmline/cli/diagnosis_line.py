"""The first line of the diagnosis, behind every update that fails, and the command for more."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from firmline.cli.diagnosis_text import percent, title_of
from firmline.cli.style import paint, printable
from firmline.diagnosis.ranking import RankedCause, rank
from firmline.diagnosis.trace_evidence import evidence_of_traces
from firmline.events import Event
from firmline.formats.trace import Trace

LIKELY: Final = 0.5
"""A cause that is likelier than all others together is named alone; ours."""
PERHAPS: Final = 0.3
"""A cause that has less is one of many, and none is named; ours."""
SHOWN: Final = 2
"""How many are named where none is; ours."""
OF_THIS_COMPUTER: Final = "at this computer, its port or radio, or another unit; not at this unit"
OF_ANOTHER_FAMILY: Final = "a unit of another family (MCUboot, SMP); nothing at it has failed"
NOT_TOLD: Final = "many are as likely, by what this attempt shows"


def diagnosis_fields(heard: Sequence[Event]) -> dict[str, object]:
    """The likeliest cause, for programs.

    Args:
        heard: Every event of an update that failed.
    """
    top = _ranking(heard)[0]
    return {"cause": top.slug, "family": top.family, "probability": round(top.probability, 3)}


def diagnosis_line(heard: Sequence[Event], *, trace: Path | None) -> str:
    """The likeliest cause for people, and where to read on.

    Args:
        heard: Every event of an update that failed.
        trace: Where they were kept.
    """
    first = _ranking(heard)
    shown = first[:1] if first[0].probability >= LIKELY else first[:SHOWN]
    likely = sum(each.probability for each in shown if each.cause is not None)
    if likely >= LIKELY:
        named = ", or ".join(map(_named, shown))
    elif first[0].cause is not None and first[0].probability >= PERHAPS:
        named = f"perhaps {_named(first[0])}"
    else:
        named = NOT_TOLD
    return f"  {paint('cause:', bold=True)} {named}. {_more(trace)}"


def known_line(cause: str, trace: Path | None) -> str:
    """The same of an update that failed before anything was known of the unit, or to be ranked.

    Args:
        cause: What the error says already, in a few words.
        trace: Where its events were kept; without one there is nothing to diagnose, and what this
            computer reaches is the next thing to see.
    """
    more = "More: firmline scan" if trace is None else _more(trace)
    return f"  {paint('cause:', bold=True)} {cause}. {more}"


def _ranking(heard: Sequence[Event]) -> tuple[RankedCause, ...]:
    return rank(evidence_of_traces([Trace(entries=tuple(heard))])).causes


def _named(ranked: RankedCause) -> str:
    title = title_of(ranked)
    return f"{title[0].lower()}{title[1:]} ({ranked.slug}, {percent(ranked.probability)})"


def _more(trace: Path | None) -> str:
    if trace is None:
        return "More: keep a trace (--trace FILE), then firmline diagnose FILE."
    return f"More: firmline diagnose {shlex.quote(printable(trace))}"
