"""Runs with everything that belongs to them, read page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firmline.line.records.base import EVERY_RUN, Records, RunFilter, name_of
from firmline.line.records.values import Diagnosis, Phase, Reworked, Row, RowKey, Run, RunBegan


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedRun:
    """A run and what belongs to it.

    Attributes:
        name: The run's name: the key of its :class:`RunBegan`.
        attempt: Which attempt on its unit it was, 1 is the first.
        run: The run.
        phases: Its phases, in order.
        diagnoses: Its diagnoses, the one that counts last.
    """

    name: RowKey
    attempt: int
    run: Run
    phases: tuple[Phase, ...]
    diagnoses: tuple[Diagnosis, ...]


def exported(records: Records, wanted: RunFilter = EVERY_RUN) -> Iterator[ExportedRun]:
    """The runs that are wanted, in the order in which they began.

    Attempts are counted over all runs of a unit, also over those that are not wanted.
    """
    after = None
    while True:
        page = records.runs(wanted, after=after)
        yield from with_all(records, page.runs)
        if page.after is None:
            return
        after = page.after


def with_all(records: Records, runs: tuple[Row[Run], ...]) -> Iterator[ExportedRun]:
    """These runs, each with what belongs to it."""
    names = [name_of(row) for row in runs]
    serials = sorted({row.entry.unit.serial for row in runs})
    numbers = {
        attempt.name: attempt.number
        for history in records.history(*serials)
        for attempt in history.attempts
    }
    phases: dict[RowKey, list[Phase]] = {name: [] for name in names}
    for phase in records.phases(*names):
        phases[name_of(phase)].append(phase.entry)
    diagnoses: dict[RowKey, list[Diagnosis]] = {name: [] for name in names}
    for diagnosis in records.diagnoses(*names):
        diagnoses[name_of(diagnosis)].append(diagnosis.entry)
    for name, row in zip(names, runs, strict=True):
        yield ExportedRun(
            name=name,
            attempt=numbers[name],
            run=row.entry,
            phases=tuple(phases[name]),
            diagnoses=tuple(diagnoses[name]),
        )


def reworks(records: Records, wanted: RunFilter) -> tuple[Row[Reworked], ...]:
    """When the units that were asked for by serial number came back from rework."""
    if not wanted.serial:
        return ()
    history = records.history(wanted.serial, product=wanted.product)
    return tuple(row for unit in history for row in unit.reworks)


def left_half_done(records: Records, wanted: RunFilter = EVERY_RUN) -> list[Row[RunBegan]]:
    """Runs without an end, as far as they are wanted: their batch is not known yet."""
    if wanted.batch:
        return []
    return [
        row
        for row in records.half_done(station=wanted.station)
        if wanted.product in ("", row.entry.unit.product)
        and wanted.serial in ("", row.entry.unit.serial)
    ]
