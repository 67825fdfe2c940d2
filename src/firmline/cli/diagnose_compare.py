"""``firmline diagnose compare``: two conditions against one another, until it is no chance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click

from firmline.cli.comparison_evidence import Found, found_by
from firmline.cli.comparison_text import (
    current_line,
    heading,
    result_fields,
    run_line,
    summary_lines,
    verdict_sentence,
)
from firmline.cli.experiment_bench import Bench
from firmline.cli.experiment_command import Equipment, carry_out, no_file, runs_kept
from firmline.cli.experiment_conditions import (
    BENCH_V,
    Conditions,
    Factor,
    Switch,
    conditions_of,
)
from firmline.cli.experiment_conduct import Conducted, Stopped
from firmline.cli.experiment_file import RunsFile
from firmline.cli.experiment_options import experiment_options, write_results
from firmline.cli.experiment_person import say
from firmline.cli.experiment_records import run_fields
from firmline.cli.numbers import Amount
from firmline.cli.parameters import FilePath, OnceCommand
from firmline.cli.style import paint, printable
from firmline.diagnosis.comparison import ALPHA, LEAST_DIFFERENCE, Side, Verdict, least_runs
from firmline.diagnosis.comparison_evidence import is_provoked
from firmline.errors import Code, FirmlineError, InputError, shortened
from firmline.links.supplies.base import Setting
from firmline.links.wanted import WantedTarget
from firmline.updater.experiments.comparing import Comparison, ComparisonPlan
from firmline.updater.experiments.runs import Run

RUNS = 40
"""Runs at most where nobody says; ours: an afternoon."""


@click.command("compare", cls=OnceCommand)
@click.option(
    "--factor",
    type=click.Choice([each.value for each in Factor]),
    required=True,
    help="What differs between the two.",
)
@click.option("--a", metavar="NAME", help="The one condition: how the unit is now.")
@click.option(
    "--b",
    metavar="NAME",
    help="The other: what may make a difference. Voltages are set: 3.0V,20ohm.",
)
@click.option(
    "--voltage",
    "voltage_v",
    type=Amount(0.1, 60),
    default=BENCH_V,
    show_default=True,
    help="Of a programmable supply whose power is cycled.",
)
@click.option(
    "--alpha",
    type=Amount(0.0001, 0.5),
    default=ALPHA,
    show_default=True,
    help="Chance below which a difference is called none of chance.",
)
@click.option(
    "--least-difference",
    metavar="POINTS",
    type=Amount(1, 99),
    default=LEAST_DIFFERENCE * 100,
    show_default=True,
    help="Percentage points of failures; where the two are known to be closer, it stops.",
)
@click.option(
    "--evidence",
    metavar="FILE",
    type=FilePath(),
    help="Write what it says of the failure there, for firmline diagnose.",
)
@experiment_options(runs=RUNS)
def compare(**options: Any) -> None:  # noqa: ANN401 - what click gives
    """Run A and B in turn, and say after each run how likely the difference is chance.

    --factor supply compares cell and bench supply (or two voltages), power-cycle the unit as it is
    with it power-cycled, host one unit over two --to targets, unit two units, other anything that a
    person switches. What firmline can switch it does; for the rest it says what to do, and waits.

    It may be looked at after every run, and stops when it is known: the test is made for that. The
    order is A B, B A, so that what drifts meets both alike.
    """
    asked = _Asked.of(options)
    with runs_kept(asked.equipment.log, asked.header(), is_condition=is_side) as log:
        _run(asked, log, as_json=options["as_json"])


def is_side(condition: str | float) -> bool:
    """Whether it is one of the two conditions."""
    return condition in set(Side)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked for, with its files read; nothing was switched yet."""

    plan: ComparisonPlan
    conditions: Conditions
    setting: Setting
    equipment: Equipment
    evidence: Path | None

    @classmethod
    def of(cls, options: dict[str, Any]) -> _Asked:
        """Read everything that the command line names.

        Raises:
            InputError: Something cannot be used.
        """
        plan = ComparisonPlan(
            most_runs=options["most_runs"],
            alpha=options["alpha"],
            least_difference=options["least_difference"] / 100,
        )
        _check_runs(plan)
        equipment = Equipment.of(options, most_targets=2, outputs=[options["evidence"]])
        supply = equipment.supply
        conditions = conditions_of(
            Factor(options["factor"]),
            options["a"],
            options["b"],
            targets=equipment.targets,
            supply=supply,
        )
        setting = Setting(voltage_v=options["voltage_v"])
        settings = [setting, *filter(None, conditions.settings)]
        equipment.supply_options.check(settings, supply)
        return cls(
            plan=plan,
            conditions=conditions,
            setting=setting,
            equipment=equipment,
            evidence=options["evidence"],
        )

    def unit_of(self, side: str | float) -> WantedTarget | None:
        """The unit, or the road to it, that a condition means."""
        wanted = self.equipment.wanted
        if not wanted:
            return None
        return wanted[self.conditions.index(side) if len(wanted) == 2 else 0]

    def header(self) -> dict[str, object]:
        """What the experiment is: has to be the same when it is taken up again."""
        return {
            "experiment": "compare",
            "factor": self.conditions.factor.value,
            "a": self.conditions.labels[0],
            "b": self.conditions.labels[1],
            "alpha": self.plan.alpha,
            "least_difference": self.plan.least_difference,
            **self.equipment.header(),
        }


def _check_runs(plan: ComparisonPlan) -> None:
    least = least_runs(plan.alpha)
    if plan.most_runs < least:
        raise InputError(
            Code.TOO_FEW_RUNS,
            f"In {plan.most_runs} runs no difference can be told from chance: it takes at least"
            f" {least} where one condition always fails and the other never does.",
            hint=f"Give --runs {least} or more; they are not all needed where the difference is"
            " plain.",
        )


def _run(asked: _Asked, log: RunsFile | None, *, as_json: bool) -> NoReturn:
    conditions, equipment = asked.conditions, asked.equipment
    experiment = Comparison(
        asked.plan,
        attempt=Bench(
            equipment.attempts,
            supply=equipment.supply,
            log=log,
            unit_of=asked.unit_of,
            bring=Switch(
                conditions,
                equipment.supply,
                asked.setting,
                is_taken_up=log is not None and bool(log.runs),
            ),
        ),
        keep=no_file if log is None else log.keep,
        runs=() if log is None else log.runs,
    )

    def tell(run: Run) -> None:
        standing = experiment.standing()
        if as_json:
            click.echo(json.dumps({**run_fields(run), "chance": standing.chance}))
            return
        click.echo(run_line(run, conditions, standing))
        if run.current is not None:
            click.echo(current_line(run))

    carry_out(
        experiment,
        equipment,
        loses_power=conditions.loses_power(),
        heading="" if as_json else heading(conditions, most_runs=asked.plan.most_runs),
        tell=tell,
        is_decided=lambda: experiment.standing().verdict is not Verdict.OPEN,
        tell_result=lambda ended, left: _tell_result(
            asked, experiment, ended, left, as_json=as_json
        ),
    )


def _is_held_back(asked: _Asked, experiment: Comparison, ended: Conducted, found: Found) -> bool:
    """Whether no evidence is written yet, which is told: its continuation would find it there.

    What was broken off and is not known writes none where it has none, or where it can go on.
    """
    is_over = ended.stopped in (Stopped.DECIDED, Stopped.BOUND)
    if is_over or experiment.standing().verdict is not Verdict.OPEN:
        return False
    if found.evidence and asked.equipment.log is None:
        return False
    if asked.evidence is not None:
        again = " Run the same command again: it goes on." if asked.equipment.log else ""
        say(
            f"{printable(shortened(asked.evidence))} was not written: the comparison was broken off"
            f" before anything was known.{again}"
        )
    return True


def _tell_result(
    asked: _Asked,
    experiment: Comparison,
    ended: Conducted,
    left: Sequence[str],
    *,
    as_json: bool,
) -> FirmlineError | None:
    """Tell it, and write it; why it could not be written."""
    standing, conditions = experiment.standing(), asked.conditions
    sentence = verdict_sentence(standing, conditions, least_difference=asked.plan.least_difference)
    found = found_by(experiment, conditions, log=asked.equipment.log)
    report = {**found.fields(), "from": printable(sentence)}
    place = None if _is_held_back(asked, experiment, ended, found) else asked.evidence
    unwritten = write_results([(place, json.dumps(report, indent=1).encode() + b"\n")])
    if as_json:
        fields = result_fields(
            standing, conditions, experiment.runs, sentence=sentence, stopped=ended.stopped
        )
        click.echo(json.dumps({**fields, **found.fields(), "supply_left": " ".join(left)}))
        return unwritten
    click.echo(paint(printable(sentence), bold=True))
    for line in summary_lines(standing, conditions):
        click.echo(printable(line))
    for field, values in found.seen.items():
        click.echo(f"  evidence: {field} = {', '.join(values)}")
    for field, values in found.ruled_out.items():
        click.echo(f"  ruled out: {field} = {', '.join(values)}")
    if is_provoked(conditions.factor.value, conditions.labels):
        click.echo(
            f"  No evidence: '{conditions.labels[0]}' is a setting of a bench supply, where a"
            " healthy unit may fail as well, and not the unit as it is."
        )
    return unwritten
