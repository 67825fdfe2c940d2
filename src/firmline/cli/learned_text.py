"""What resolved runs have told of how often causes are met: never silently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from firmline.cli.files import read_file
from firmline.cli.trace_input import name_of
from firmline.diagnosis.priors import CATALOGUE_RUNS, Learned, Moved
from firmline.diagnosis.resolved_input import read_resolved

SHOWN: Final = 8
"""Causes that people are shown."""


def resolved_runs(path: Path | None) -> Mapping[str, int]:
    """The counts of a file; none without one.

    Raises:
        InputError: ``TABLE_MALFORMED``, or as :func:`~firmline.cli.files.read_file`.
    """
    if path is None:
        return {}
    return read_resolved(read_file(path, what="table of resolved runs"), name=name_of(path))


def learned_lines(learned: Learned) -> Iterator[str]:
    """For people: how many runs, how much they weigh, and what they moved from where to where."""
    yield f"{learned.runs:,} resolved runs say, too, how often causes are met: {weight(learned)}."
    yield "Before anything was seen, their chances are, by the catalogue and with these runs:"
    width = max((len(each.slug) for each in learned.moved[:SHOWN]), default=0)
    for each in learned.moved[:SHOWN]:
        before, after = f"{share(each.before):>7}", share(each.after)
        yield f"  {each.slug:<{width}}  {before} -> {after} ({_runs(each)})"
    more = len(learned.moved) - SHOWN
    if more > 0:
        yield f"  and {more} more"
    yield f"  every other cause: {learned.others:.2g} times as likely as before"


def weight(learned: Learned) -> str:
    """How much the runs weigh, in words."""
    limit = "" if learned.weight == learned.runs else " (the most that they may)"
    return f"they count for {learned.weight:g}{limit}, the catalogue for {CATALOGUE_RUNS:g}"


def share(chance: float) -> str:
    """A chance before anything was seen; small ones matter here."""
    return f"{chance * 100:.2g} %" if chance < 0.1 else f"{chance * 100:.0f} %"


def _runs(moved: Moved) -> str:
    return f"{moved.runs:,} runs" if moved.runs > 1 else "1 run"


def learned_fields(learned: Learned | None) -> dict[str, object] | None:
    """For programs; ``None``: no runs were given."""
    if learned is None:
        return None
    return {**asdict(learned), "catalogue": CATALOGUE_RUNS}
