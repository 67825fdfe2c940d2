"""``firmline update``: one package, one unit."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import click

from firmline.cli.event_output import Listener, listener_for
from firmline.cli.failures import next_thing, say
from firmline.cli.files import keep_apart, read_file
from firmline.cli.parameters import FilePath, KeySource, OnceCommand, key_source
from firmline.cli.secrets_input import load_public_key
from firmline.cli.style import printable
from firmline.cli.trace_file import TraceFile
from firmline.cli.unit_choice import load_unit
from firmline.events import Event, UpdateFinished
from firmline.formats.package import read_package
from firmline.links.open import open_target, run_for_target
from firmline.links.sim_options import sim_options
from firmline.links.target import Scheme, Target, parse_target
from firmline.updater.update import Update, UpdatePlan, UpdateResult, plan_for

SLOW_KB_PER_S: Final = 10
"""Below it, a rate is printed with one decimal."""


@click.command(cls=OnceCommand)
@click.argument("package", metavar="ZIP", type=FilePath())
@click.option(
    "--to",
    "target_text",
    metavar="URI",
    required=True,
    help="The unit. sim:NAME or sim:FILE.toml is a virtual one (firmline sim units lists them);"
    " written as 'sim:NAME?key=FILE' its bootloader trusts the key in FILE. FIRMLINE_LINK names the"
    " scheme of a URI without one.",
)
@click.option(
    "--trace", metavar="FILE", type=FilePath(), help="Keep every event there, as JSON lines."
)
@click.option("--json", "as_json", is_flag=True, help="Print events and result as JSON lines.")
def update(package: Path, target_text: str, trace: Path | None, as_json: bool) -> None:
    """Send the package ZIP to one unit and see its new application run.

    Says "Updated" only when the unit was seen running another application than before; otherwise
    says what it could not see, and exits with 5.
    """
    target = parse_target(target_text, default_scheme=os.environ.get("FIRMLINE_LINK", ""))
    unit = load_unit(target.where) if target.scheme is Scheme.SIM else None
    key = _key(target)
    if trace is not None:
        keep_apart(trace, package, key)
    trusted_key = load_public_key(key) if key is not None else None
    content = read_file(package, what="package")
    images = read_package(content, name=str(package))
    trace_file: TraceFile | None = None

    async def go(stack: ExitStack) -> UpdateResult:
        nonlocal trace_file
        async with open_target(target, unit=unit, trusted_key=trusted_key) as opened:
            listeners: list[Listener] = []
            if trace is not None:
                trace_file = stack.enter_context(TraceFile(trace))
                listeners.append(trace_file)
            listeners.append(stack.enter_context(listener_for(as_json=as_json)))

            def report(event: Event) -> None:
                for listener in listeners:
                    listener.hear(event)

            plan: UpdatePlan = plan_for(
                images,
                content,
                package_name=printable(package.name),
                unit_name=printable(target.text),
                address=opened.address,
                pacing=opened.pacing,
            )
            return await Update(plan, link=opened.link, report=report).run()

    with ExitStack() as stack:
        result = run_for_target(target, go(stack))
    with suppress(BrokenPipeError):  # the exit code still says how it ended
        _say_result(result, as_json=as_json, is_virtual=_has_own_time(target))
    problem = trace_file.problem if trace_file is not None else None
    if problem is not None:
        say(problem)
    raise click.exceptions.Exit(result.exit_code or (problem.exit_code if problem else 0))


def _has_own_time(target: Target) -> bool:
    """Whether the seconds of an update are a virtual unit's, not ours."""
    return target.scheme is Scheme.SIM and sim_options(target).physics


def _key(target: Target) -> KeySource | None:
    """The key that a virtual unit is told to trust."""
    if target.scheme is not Scheme.SIM or "key" not in target.options:
        return None
    return key_source(target.options["key"])


def _say_result(result: UpdateResult, *, as_json: bool, is_virtual: bool) -> None:
    if as_json:
        click.echo(json.dumps(result_fields(result)))
    elif result.error is None:
        click.echo(summary(result.finished, virtual=is_virtual))
    if result.error is not None:
        say(result.error)


def result_fields(result: UpdateResult) -> dict[str, object]:
    """The result line of the contract (``design/command-line.md``).

    ``limit_share`` needs the limit of this unit and this link, which nobody computes yet: null.
    """
    finished = result.finished
    return {
        "type": "result",
        "outcome": finished.outcome.value,
        "code": str(finished.code),
        "message": printable(finished.message),
        "next": next_thing(result.error) if result.error else "",
        "bytes": finished.size,
        "seconds": round(finished.duration_s, 3),
        "transfer_seconds": round(finished.transfer_s, 3),
        "limit_share": None,
    }


def summary(finished: UpdateFinished, *, virtual: bool = False) -> str:
    """The last line of a successful update; a virtual unit's seconds are not ours."""
    rate = finished.size / finished.transfer_s / 1000 if finished.transfer_s else 0.0
    decimals = 0 if rate >= SLOW_KB_PER_S else 1
    own = " of its own time" if virtual else ""
    return (
        f"Updated in {finished.duration_s:.1f} s{own}: {finished.size:,} bytes sent in"
        f" {finished.transfer_s:.1f} s ({rate:,.{decimals}f} kB/s), new application seen running."
    )
