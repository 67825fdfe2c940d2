"""``firmline sim diagnose --unit``: one virtual unit, test by test, with the reason for each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from firmline.cli.diagnosis_options import known_equipment
from firmline.cli.sim_diagnose_text import likely_text, shown_text, step_fields, wrapped
from firmline.cli.style import paint
from firmline.cli.trace_input import name_of, read_trace_file
from firmline.cli.undecided_text import listed, undecided_fields, undecided_sentence
from firmline.cli.unit_choice import load_unit
from firmline.diagnosis.diagnostic_tests import diagnostic_tests, equipment
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.ranking import RankedCause
from firmline.diagnosis.reading import read_incident
from firmline.updater.bench.incidents import Likely, Step, investigate_unit, told
from firmline.updater.bench.work import Investigation


def diagnose_unit(
    name_or_path: str, report: Path | None, *, lacks: tuple[str, ...], as_json: bool
) -> None:
    """Investigate one unit, and print what was done and found.

    Raises:
        InputError: There is no such unit, report or equipment.
    """
    lacks = known_equipment(lacks)
    unit = load_unit(name_or_path)
    incident: Incident | None = None
    if report is not None:
        incident = read_incident(read_trace_file(report), name=name_of(report))
    found = investigate_unit(unit, incident, lacks=lacks)
    if as_json:
        click.echo(json.dumps(_fields(found)))
        return
    if found is None:
        click.echo("The update succeeds, or is for another tool: there is nothing to find out.")
        return
    for line in _lines(found, is_reported=report is not None):
        click.echo(line)


def _lines(found: Investigation, *, is_reported: bool) -> Iterator[str]:
    yield f"By {'the report' if is_reported else 'its trace'}: {_likeliest(found)}"
    for number, done in enumerate(found.steps, 1):
        yield from _step_lines(number, told(done))
    yield ""
    yield from _verdict_lines(found)


def _verdict_lines(found: Investigation) -> Iterator[str]:
    """What it is, or what it can be, with the fix of each."""
    left = found.undecided
    causes = found.last.causes[:1] if left is None else left.causes
    names = listed([likely_text(likely_of(each)) for each in causes], "or")
    yield paint(f"{names}, {found.minutes:g} min ({found.end.value})", bold=True)
    if left is not None:
        yield from wrapped(f"  {undecided_sentence(left)}", behind=2)
    for each in causes:
        if each.cause is not None:
            name = "" if left is None else f"{each.slug}: "
            yield from wrapped(f"  {name}{each.cause.meaning}", behind=2)
            yield from wrapped(f"  fix: {each.cause.fix}", behind=2)


def likely_of(ranked: RankedCause) -> Likely:
    """A cause of a ranking as a plain value."""
    return Likely(cause=ranked.slug, family=ranked.family, probability=ranked.probability)


def _likeliest(found: Investigation) -> str:
    """The first three causes before any test."""
    return ", ".join(likely_text(likely_of(each)) for each in found.first.causes[:3])


def _step_lines(number: int, step: Step) -> Iterator[str]:
    test = diagnostic_tests()[step.test]
    needs = "".join(f", needs {equipment()[each]}" for each in test.needs)
    yield ""
    yield f"{number}. {paint(test.title, bold=True)} ({step.minutes:g} min{needs})"
    yield from wrapped(f"   why    {step.because}")
    yield from wrapped(f"   shows  {shown_text(step)}")
    yield f"   then   {likely_text(step.then)}"


def _fields(found: Investigation | None) -> dict[str, object]:
    if found is None:
        return {"type": "result", "fails": False, "steps": [], "causes": [], "minutes": 0.0}
    return {
        "type": "result",
        "fails": True,
        "steps": [step_fields(told(each)) for each in found.steps],
        "causes": [
            {"cause": each.slug, "family": each.family, "probability": round(each.probability, 6)}
            for each in found.last.causes
        ],
        "minutes": found.minutes,
        "end": found.end.value.replace(" ", "_"),
        "undecided": undecided_fields(found.undecided),
    }
