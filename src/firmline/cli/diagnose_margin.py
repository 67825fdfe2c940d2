"""``firmline diagnose margin``: where an update stops working, as a voltage or a resistance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from firmline.cli.comparison_text import current_line
from firmline.cli.experiment_bench import Bench
from firmline.cli.experiment_command import Equipment, carry_out, no_file, runs_kept
from firmline.cli.experiment_conditions import BENCH_V
from firmline.cli.experiment_conduct import Conducted, Stopped
from firmline.cli.experiment_file import RunsFile
from firmline.cli.experiment_options import experiment_options, write_results
from firmline.cli.experiment_records import run_fields
from firmline.cli.margin_svg import margin_svg
from firmline.cli.margin_text import (
    Swept,
    heading,
    hints,
    margin_csv,
    margin_fields,
    margin_sentence,
    run_line,
)
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.style import paint, printable
from firmline.diagnosis.margin_search import FINEST, Sweep
from firmline.errors import Code, FirmlineError, InputError, shortened
from firmline.links.supplies.uri import parse_amount, parse_range
from firmline.updater.experiments.runs import Run
from firmline.updater.experiments.sweeping import MarginRuns

RUNS = 40
"""Runs at most where nobody says; ours: an afternoon."""
USUAL_STEPS: Final = 20
"""Parts of the sweep that are told apart where nobody says; ours."""
LEAST_STEPS: Final = 2
MOST_OHM: Final = 100_000.0
"""Largest series resistance; ours: nothing starts behind more."""


@click.command("margin", cls=OnceCommand)
@click.option(
    "--voltage",
    metavar="V|LOW..HIGH",
    default=f"{BENCH_V:g}",
    show_default=True,
    help="Of the supply; as a range, it is swept.",
)
@click.option(
    "--resistance",
    metavar="OHM|LOW..HIGH",
    default="0",
    show_default=True,
    help="In series with the supply; as a range, it is swept.",
)
@click.option(
    "--resolution",
    metavar="NUMBER",
    help="How narrow the interval has to be, in volts or ohms.  [default: a 20th of the range]",
)
@click.option("--svg", metavar="FILE", type=FilePath(), help="Draw it there.")
@click.option("--csv", metavar="FILE", type=FilePath(), help="Write every run there, as a table.")
@experiment_options(runs=RUNS)
def margin(**options: Any) -> None:  # noqa: ANN401 - what click gives
    """Sweep voltage or series resistance, and find where an update stops working.

    One of --voltage and --resistance is a range: --voltage 1.8..3.0, or --resistance 0..150. Each
    run is at the value that is expected to tell most; runs that fail by chance move the answer a
    little, and do not lead it astray. The end is a number with the interval in which it is with
    95 %.
    """
    swept = read_sweep(options["voltage"], options["resistance"], options["resolution"])
    outputs = Outputs(svg=options["svg"], csv=options["csv"])
    equipment = Equipment.of(options, most_targets=1, outputs=[outputs.svg, outputs.csv])
    ends = [swept.setting(end) for end in (swept.good, swept.bad)]
    equipment.supply_options.check(ends, equipment.supply)
    header = {
        "experiment": "margin",
        "swept": swept.axis,
        "good": swept.good,
        "bad": swept.bad,
        "resolution": swept.resolution,
        **equipment.header(),
    }
    with runs_kept(equipment.log, header, is_condition=swept.has) as log:
        _run(swept, equipment, outputs, log, as_json=options["as_json"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What is written at the end.

    Attributes:
        svg: The picture.
        csv: The table.
    """

    svg: Path | None
    csv: Path | None


def read_sweep(voltage: str, resistance: str, resolution: str | None) -> Swept:
    """What is swept.

    Raises:
        InputError: Not exactly one of the two is a range, or the resolution does not fit it.
    """
    is_voltage, is_resistance = ".." in voltage, ".." in resistance
    if is_voltage is is_resistance:
        if not is_voltage:  # what is no number says more than what is no range
            parse_amount(voltage, what="--voltage", most=1000)
            parse_amount(resistance, what="--resistance", most=MOST_OHM)
        both = "both are" if is_voltage else "neither is"
        raise InputError(
            Code.OPTION_CONFLICT,
            f"One of --voltage and --resistance is swept, and {both} a range.",
            hint="Write --voltage 1.8..3.0, or --resistance 0..150 with a single voltage.",
        )
    if is_voltage:
        low, high = sorted(parse_range(voltage, what="--voltage"))
        good, bad = high, low  # it works at the higher voltage, if at all
        fixed = parse_amount(resistance, what="--resistance", most=MOST_OHM)
    else:
        low, high = sorted(parse_range(resistance, what="--resistance"))
        good, bad = low, high
        fixed = parse_amount(voltage, what="--voltage", most=1000)
    if high > MOST_OHM:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE, f"The sweep goes up to {high:g}, and ends at {MOST_OHM:g}."
        )
    return Swept(
        is_voltage=is_voltage,
        good=good,
        bad=bad,
        fixed=fixed,
        resolution=_resolution(resolution, high - low),
    )


def _resolution(text: str | None, span: float) -> float:
    if text is None:
        return round(span / USUAL_STEPS, 9)
    value = parse_amount(text, what="--resolution", most=span)
    if not span / FINEST <= value * 1.000001 <= span / LEAST_STEPS * 1.000002:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE,
            f"--resolution {shortened(text)} is not between {span / FINEST:.4g} and"
            f" {span / LEAST_STEPS:.4g}, a {FINEST}th and a half of the range.",
            hint="Sweep a narrower range for a finer answer.",
        )
    return value


def _run(
    swept: Swept, equipment: Equipment, outputs: Outputs, log: RunsFile | None, *, as_json: bool
) -> NoReturn:
    supply, wanted = equipment.supply, equipment.wanted

    def bring(value: str | float) -> None:
        supply.apply(swept.setting(float(value)))

    experiment = MarginRuns(
        Sweep(good=swept.good, bad=swept.bad, resolution=swept.resolution),
        most_runs=equipment.most_runs,
        attempt=Bench(
            equipment.attempts,
            supply=supply,
            log=log,
            unit_of=lambda _value: wanted[0] if wanted else None,
            bring=bring,
        ),
        keep=no_file if log is None else log.keep,
        runs=() if log is None else log.runs,
    )

    def tell(run: Run) -> None:
        if as_json:
            click.echo(json.dumps(run_fields(run)))
            return
        tried = experiment.tried()
        margin = experiment.margin() if tried else None
        click.echo(run_line(run, swept, margin, tried))
        if run.current is not None:
            click.echo(current_line(run))

    def tell_result(ended: Conducted, left: Sequence[str]) -> FirmlineError | None:
        unwritten = _write(experiment, swept, equipment, outputs)
        _tell_result(experiment, swept, ended, left, as_json=as_json)
        return unwritten

    carry_out(
        experiment,
        equipment,
        loses_power=True,
        heading="" if as_json else heading(swept, most_runs=equipment.most_runs),
        tell=tell,
        is_decided=lambda: experiment.margin().is_found,
        tell_result=tell_result,
    )


def _write(
    experiment: MarginRuns, swept: Swept, equipment: Equipment, outputs: Outputs
) -> FirmlineError | None:
    """Draw and write it; why that cannot be done."""
    units = ", ".join(equipment.units)
    title = f"Where an update stops working: {units}" if units else "Where it stops working"
    picture = margin_svg(
        experiment.margin(), experiment.tried(), title=title, unit=swept.unit, axis=swept.axis
    )
    table = margin_csv(experiment.runs, swept)
    return write_results([(outputs.svg, picture.encode()), (outputs.csv, table)])


def _tell_result(
    experiment: MarginRuns, swept: Swept, ended: Conducted, left: Sequence[str], *, as_json: bool
) -> None:
    found = experiment.margin()
    sentence = margin_sentence(
        found, swept, tried=experiment.tried(), is_at_bound=ended.stopped is Stopped.BOUND
    )
    if as_json:
        fields = margin_fields(
            found, swept, experiment.runs, sentence=sentence, stopped=ended.stopped
        )
        click.echo(json.dumps({**fields, "supply_left": " ".join(left)}))
        return
    click.echo(paint(printable(sentence), bold=True))
    for line in hints(found, experiment.runs):
        click.echo(line)
