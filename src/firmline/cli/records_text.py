"""Records of a line in words, as JSON and as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from firmline.cli.csv_text import csv_table, text_cell
from firmline.cli.style import paint, printable
from firmline.line.outcomes import StepOutcome
from firmline.line.records.digest import plain
from firmline.line.records.exporting import ExportedRun
from firmline.line.records.values import (
    Diagnosis,
    Limits,
    Measurement,
    Phase,
    Reworked,
    Row,
    RunBegan,
)

COLOURS: Final = {
    StepOutcome.PASS: "green",
    StepOutcome.FAIL: "red",
    StepOutcome.ERROR: "yellow",
    StepOutcome.TIMEOUT: "yellow",
}
COLUMNS: Final = (
    *("product", "serial", "attempt", "station", "run", "slot", "began_at", "ended_at", "seconds"),
    *("outcome", "code", "message", "cause", "recipe", "recipe_version", "firmline", "operator"),
    *("batch", "lots", "address", "golden"),
)


def run_lines(told: ExportedRun, *, in_full: bool) -> Iterator[str]:
    """A run in words; in full also its phases, what was measured, and the diagnosis."""
    run = told.run
    outcome = paint(f"{run.outcome.name:7}", fg=COLOURS.get(run.outcome), bold=True)
    unit = f"{printable(run.unit.product)} {printable(run.unit.serial)}"
    where = f"{printable(told.name.station)}/{run.slot}"
    golden = " (golden sample)" if run.is_golden else ""
    why = _why(run.code, run.message)
    yield (
        f"{_clock(run.began_at)}  {outcome} {unit}, attempt {told.attempt}{golden}, at {where},"
        f" {run.seconds:.1f} s{why}"
    )
    if in_full:
        for phase in told.phases:
            yield from _phase_lines(phase)
        if told.diagnoses:
            yield f"    {_diagnosis(told.diagnoses[-1])}"


def half_done_line(row: Row[RunBegan]) -> str:
    """A run without an end."""
    begun = row.entry
    unit = f"{printable(begun.unit.product)} {printable(begun.unit.serial)}"
    where = f"{printable(row.key.station)}/{begun.slot}"
    return f"{_clock(begun.at)}  no end  {unit}, at {where}: at work, or left half done"


def rework_line(row: Row[Reworked]) -> str:
    """That a unit came back from rework."""
    back = row.entry
    unit = f"{printable(back.unit.product)} {printable(back.unit.serial)}"
    who = f", {printable(back.operator)}" if back.operator else ""
    note = f": {printable(back.note)}" if back.note else ""
    return f"{_clock(back.at)}  rework  {unit}, at {printable(row.key.station)}{who}{note}"


def _phase_lines(phase: Phase) -> Iterator[str]:
    seconds = (phase.ended_at - phase.began_at).total_seconds()
    why = _why(phase.code, phase.message)
    yield f"    {printable(phase.name)}: {phase.outcome.name}, {seconds:.1f} s{why}"
    for measurement in phase.measurements:
        yield f"        {_measurement(measurement)}"
    for attachment in phase.attachments:
        size = f"{attachment.size:,} bytes"
        yield f"        {printable(attachment.name)}: {size}, SHA-256 {attachment.sha256[:16]}..."


def _measurement(measured: Measurement) -> str:
    value = "not measured"
    if measured.number is not None:
        value = f"{measured.number:g} {printable(measured.unit)}".rstrip()
    elif measured.text:
        value = printable(measured.text)
    marginal = ", marginal" if measured.is_marginal else ""
    limits = _limits(measured.limits)
    return f"{printable(measured.name)}: {value} ({limits}{measured.outcome.name}{marginal})"


def _limits(limits: Limits) -> str:
    words = []
    if limits.least is not None:
        words.append(f"at least {limits.least:g}")
    if limits.most is not None:
        words.append(f"at most {limits.most:g}")
    if limits.equals:
        words.append(f"equals {printable(limits.equals)}")
    return f"{', '.join(words)}: " if words else ""


def _diagnosis(diagnosis: Diagnosis) -> str:
    causes = ", ".join(
        f"{printable(each.cause)} {each.probability:.0%}" for each in diagnosis.causes[:3]
    )
    following = f"; next test: {printable(diagnosis.next_test)}" if diagnosis.next_test else ""
    return f"diagnosis: {causes or 'no cause is known'}{following}"


def _why(code: str, message: str) -> str:
    told = [printable(message)] if message else []
    told += [f"[{printable(code)}]"] if code else []
    return f": {' '.join(told)}" if told else ""


def _clock(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ")


def summary(units: int, outcomes: Counter[StepOutcome], half_done: int) -> str:
    """The last line for people."""
    runs = outcomes.total()
    parts = ", ".join(f"{outcomes[each]} {each.name}" for each in StepOutcome if outcomes[each])
    told = f"{units} unit{'' if units == 1 else 's'}, {runs} run{'' if runs == 1 else 's'}"
    rest = f"; {half_done} without an end" if half_done else ""
    return f"{told}{f' ({parts})' if parts else ''}{rest}."


def runs_table(runs: Iterable[ExportedRun]) -> bytes:
    """One row for each run, for a spreadsheet."""
    return csv_table(COLUMNS, map(_cells, runs))


def _cells(told: ExportedRun) -> tuple[object, ...]:
    run = told.run
    causes = told.diagnoses[-1].causes if told.diagnoses else ()
    lots = "; ".join(f"{lot.part}={lot.lot}" for lot in run.lots)
    return (
        text_cell(run.unit.product),
        text_cell(run.unit.serial),
        told.attempt,
        text_cell(told.name.station),
        told.name.sequence,
        run.slot,
        plain(run.began_at),
        plain(run.ended_at),
        f"{run.seconds:.6f}",
        run.outcome.value,
        text_cell(run.code),
        text_cell(run.message),
        text_cell(causes[0].cause if causes else ""),
        text_cell(run.recipe.name),
        text_cell(run.recipe.version),
        text_cell(run.firmline),
        text_cell(run.operator),
        text_cell(run.batch),
        text_cell(lots),
        text_cell(run.address),
        int(run.is_golden),
    )
