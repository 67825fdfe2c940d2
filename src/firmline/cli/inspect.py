"""``firmline inspect``: what a unit is made of, and how each fact is known."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import click

from firmline.cli.btsnoop_file import btsnoop_option
from firmline.cli.inspection_options import (
    InspectionOptions,
    inspect_unit,
    inspection_options,
)
from firmline.cli.output_options import json_option
from firmline.cli.parameters import KeySource, OnceCommand


@click.command(cls=OnceCommand)
@click.argument("target_text", metavar="URI")
@inspection_options
@btsnoop_option
@json_option
def inspect(
    target_text: str,
    *,
    probes: Path | None,
    key_file: KeySource | None,
    hw_versions: tuple[int, ...] | None,
    enter: bool,
    stay: bool,
    discard_progress: bool,
    trace: Path | None,
    btsnoop: Path | None,
    as_json: bool,
) -> None:
    """Read what is on the unit URI: SoftDevice, versions, chip, and how each is known.

    Without --enter, --probes and --key-file nothing is touched: the SoftDevice's FWID is read from
    the unit's radio, the rest from what its application says. With one of them the unit is taken
    into its bootloader and asked there, which changes nothing on it, and back into its application.
    """
    from firmline.cli.event_output import listener_for  # noqa: PLC0415 - the help stays fast
    from firmline.cli.facts_text import report_lines, result_fields  # noqa: PLC0415
    from firmline.cli.failures import problem_fields, say  # noqa: PLC0415

    options = InspectionOptions(
        probes=probes,
        key_file=key_file,
        hw_versions=hw_versions,
        enter=enter,
        stay=stay,
        discard_progress=discard_progress,
        trace=trace,
        btsnoop=btsnoop,
    )
    options.check()
    inspected = inspect_unit(
        target_text, options, make_listener=lambda: listener_for(as_json=as_json)
    )
    result = inspected.result
    with suppress(BrokenPipeError):  # the exit code still says how it ended
        if as_json:
            fields = {**result_fields(result), "problems": problem_fields(inspected.problems)}
            click.echo(json.dumps(fields))
        else:
            for line in report_lines(result):
                click.echo(line)
    for problem in (result.error, *inspected.problems):
        if problem is not None:
            say(problem)
    raise click.exceptions.Exit(inspected.exit_code)
