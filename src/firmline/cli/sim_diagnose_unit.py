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
from firmline.cli.unit_choice import load_unit
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.next_test import diagnostic_tests, equipment
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
    last = Likely.of(found.last)
    yield ""
    yield paint(f"{likely_text(last)}, {found.minutes:g} min ({found.end.value})", bold=True)
    cause = found.last.causes[0].cause
    if cause is not None:
        yield from wrapped(f"  {cause.meaning}", behind=2)
        yield from wrapped(f"  fix: {cause.fix}", behind=2)


def _likeliest(found: Investigation) -> str:
    """The first three causes before any test."""
    first = found.first.causes[:3]
    return ", ".join(
        likely_text(Likely(cause=each.slug, family=each.family, probability=each.probability))
        for each in first
    )


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
    }
