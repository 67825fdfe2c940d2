"""Runs that a killed station has left half done: they get their end, and are told.

Nothing is known of their units but that they may be in their bootloaders. A unit that is scanned
again goes on where its bootloader says it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmline import __version__
from firmline.errors import Code
from firmline.line.outcomes import StepOutcome
from firmline.line.records.attachments import AttachmentStore
from firmline.line.records.base import Records
from firmline.line.records.values import Entry, Phase, Row, Run, RunBegan
from firmline.line.station.order import forget_note, read_note
from firmline.line.station.steps.finding import ADDRESS
from firmline.line.station.traces import MEDIA_TYPE, LeftTrace, traces_left


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """A run that was cut off.

    Attributes:
        run: Its end, as it is recorded now.
        step: The step that was at work; empty: it was between two.
        left: Its traces, which belong to no record yet.
        entries: What is to be recorded: the step that was at work, and the end.
    """

    run: Run
    step: str
    left: tuple[LeftTrace, ...]
    entries: tuple[Entry, ...]


def runs_cut_off(
    records: Records, station: str, *, at_work: Path, attachments: AttachmentStore
) -> list[CutOff]:
    """The runs of a station that were begun and have no end.

    Args:
        records: Its records.
        station: Its name.
        at_work: Folder of the traces of steps that have not ended.
        attachments: Where those go.

    Raises:
        StoreError: A trace cannot be kept.
    """
    traces = traces_left(at_work)
    return [
        _cut_off(
            row,
            [phase.entry for phase in records.phases(row.key)],
            [trace for trace in traces if trace.run == row.key.sequence],
            at_work,
            attachments,
        )
        for row in records.half_done(station=station)
    ]


def _cut_off(
    row: Row[RunBegan],
    phases: Sequence[Phase],
    traces: Sequence[LeftTrace],
    at_work: Path,
    attachments: AttachmentStore,
) -> CutOff:
    began, number = row.entry, row.key.sequence
    last_at = max([began.at, *(phase.ended_at for phase in phases)])
    recorded = {phase.position for phase in phases}
    unrecorded = [trace for trace in traces if trace.position not in recorded]
    step = unrecorded[-1].step if unrecorded else ""
    message = f"The station was cut off{f' in the step {step!r}' if step else ''}."
    broken = tuple(
        Phase(
            run=number,
            position=trace.position,
            name=trace.step,
            began_at=last_at,
            ended_at=last_at,
            outcome=StepOutcome.ABORTED,
            code=Code.RUN_CUT_OFF,
            message=message,
            attachments=(
                attachments.keep("trace.jsonl", trace.path.read_bytes(), media_type=MEDIA_TYPE),
            ),
        )
        for trace in unrecorded
    )
    note = read_note(at_work, number)
    run = Run(
        number=number,
        unit=began.unit,
        slot=began.slot,
        began_at=began.at,
        ended_at=last_at,
        outcome=StepOutcome.ABORTED,
        code=Code.RUN_CUT_OFF,
        message=message,
        recipe=note.recipe,
        firmline=__version__,
        operator=note.operator,
        batch=note.batch,
        lots=note.lots,
        address=_address(phases),
        is_golden=note.is_golden,
    )
    return CutOff(run=run, step=step, left=tuple(traces), entries=(*broken, run))


def forget(cut_off: CutOff, *, at_work: Path) -> None:
    """It has its end in the records: what lay beside them is not needed any more."""
    for trace in cut_off.left:
        trace.path.unlink(missing_ok=True)
    forget_note(at_work, cut_off.run.number)


def _address(phases: Sequence[Phase]) -> str:
    """Where the unit was met; empty: it was not."""
    return next(
        (
            measurement.text
            for phase in phases
            for measurement in phase.measurements
            if measurement.name == ADDRESS
        ),
        "",
    )
