"""One run of an experiment: under which condition, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from firmline.diagnosis.evidence import Evidence
from firmline.diagnosis.trace_words import OF_THE_STATION
from firmline.errors import Code, FirmlineError
from firmline.links.supplies.current_trace import CurrentSummary

NOT_HEARD: Final = frozenset({Code.UNIT_NOT_FOUND, Code.PORT_SILENT})
"""Nobody answers: the unit has failed, if it is there at all."""
MANY_IN_A_ROW: Final = 3
"""Runs in a row that do not count, behind which an experiment stops; ours."""


class RunEnd(StrEnum):
    """How a run ended."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    NOT_MET = "not_met"
    """The unit was not heard at all: a failure if it is heard in any other run."""
    NOT_COUNTED = "not_counted"
    """A fault of the station, or left out by a person: no outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an attempt ended.

    Attributes:
        end: In short.
        code: The stable code of what went wrong; empty: nothing, or nobody says.
        message: It in a sentence.
        seconds: How long it took, on the unit's road.
        sent_size: Firmware bytes that were sent.
        met: Whether the unit was heard.
        evidence: What it shows of the failure; none of a run that was carried out elsewhere, or
            taken up again.
    """

    end: RunEnd
    code: str = ""
    message: str = ""
    seconds: float = 0.0
    sent_size: int = 0
    met: bool = True
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that was carried out.

    Attributes:
        number: Of the run, 1 is the first.
        condition: ``a`` or ``b`` of a comparison; the value of a sweep.
        ended: How it ended.
        trace: File name of its trace; empty: none was kept.
        current: Its current in short, where the supply records it.
        current_file: File name of that; empty: none.
    """

    number: int
    condition: str | float
    ended: Ended
    trace: str = ""
    current: CurrentSummary | None = None
    current_file: str = ""


Attempt = Callable[[str | float, int], Run]
"""Brings about a condition and carries out the run of this number. Faults of the station end as a
run, too; a FirmlineError is raised where no further run can be carried out."""
Keep = Callable[[Run], None]
"""Keeps a run, which is on the disk when this returns; else a StoreError is raised."""


def ended_with(error: FirmlineError | None, *, met: bool) -> Ended:
    """How an attempt ended, by what went wrong with it.

    Args:
        error: What went wrong; ``None``: nothing.
        met: Whether the unit was heard.
    """
    if error is None:
        return Ended(end=RunEnd.PASS, met=True)
    end = RunEnd.FAIL
    if error.code.startswith(OF_THE_STATION):
        end = RunEnd.NOT_COUNTED
    elif error.code in NOT_HEARD and not met:
        end = RunEnd.NOT_MET
    return Ended(end=end, code=str(error.code), message=error.message, met=met)


def counting(runs: Iterable[Run]) -> list[Run]:
    """The runs that count, in order; of ones that were not heard, those of a unit that is there."""
    listed = list(runs)
    is_there = any(run.ended.met and run.ended.end is not RunEnd.NOT_COUNTED for run in listed)
    counted = []
    for run in listed:
        if run.ended.end is RunEnd.NOT_MET and is_there:
            counted.append(replace(run, ended=replace(run.ended, end=RunEnd.FAIL)))
        elif run.ended.end in (RunEnd.PASS, RunEnd.FAIL):
            counted.append(run)
    return counted


def trouble(runs: Sequence[Run], *, since: int) -> Run | None:
    """The last of so many runs in a row that an experiment stops; ``None``: it goes on.

    Args:
        runs: All of them.
        since: How many had been run when the experiment was taken up: these stop nothing.
    """
    last = runs[since:][-MANY_IN_A_ROW:]
    if len(last) < MANY_IN_A_ROW:
        return None
    counted = {run.number for run in counting(runs)}
    return None if any(run.number in counted for run in last) else last[-1]
