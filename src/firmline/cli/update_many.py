"""Carrying out many updates at once for a command, and saying how each ended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NoReturn

import click

from firmline.cli.event_output import WhileRead
from firmline.cli.failures import UPDATE_GOES_ON, next_thing, problem_fields, say
from firmline.cli.files import read_file
from firmline.cli.interruption import interruptions
from firmline.cli.many_output import many_listeners
from firmline.cli.running import run_with
from firmline.cli.style import printable
from firmline.cli.trace_file import TraceFile
from firmline.cli.unit_session import prepare_unit
from firmline.cli.update_run import (
    UpdateRequest,
    check_road,
    diagnosis_lines,
    diagnosis_of,
    has_own_time,
    plan_of,
    result_fields,
    summary,
)
from firmline.errors import (
    Code,
    ExitCode,
    FirmlineError,
    InputError,
    StoreError,
    VerifyError,
    shortened,
)
from firmline.events import Event, Outcome, Reporter
from firmline.formats.package import read_package
from firmline.links.open_many import open_targets
from firmline.links.target import Target
from firmline.links.wanted import check_targets
from firmline.updater.many import update_all
from firmline.updater.update import Update, UpdateResult

ALL_UPDATED: Final = "Nothing is left to do: every unit was updated before."


def run_updates(request: UpdateRequest, targets: Sequence[Target]) -> NoReturn:
    """Carry them out; ends the command with the largest of their exit codes.

    Args:
        request: What is the same for all; its target is the first.
        targets: The units, two or more.

    Raises:
        InputError: The package, a target or a trace cannot be used.
        TransportError: The road to a unit is not available: nothing was begun.
        StoreError: A trace cannot be begun.
    """
    if request.btsnoop is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            "--btsnoop keeps the packets of one unit, and several are named.",
            hint="Name one unit, or keep the events of each with --trace.",
        )
    requests = _one_each(request, targets)
    wanted = [prepare_unit(one.target, trace=one.trace, inputs=[one.package]) for one in requests]
    for one, unit in zip(requests, wanted, strict=True):
        check_road(one, unit.unit)
    check_targets(wanted)
    content = read_file(request.package, what="package")
    images = read_package(content, name=str(request.package))
    kept: list[TraceFile] = []
    updates: list[Update] = []
    heard: list[list[Event]] = [[] for _ in requests]

    async def go(stack: ExitStack) -> list[UpdateResult]:
        async with open_targets(wanted) as opened:
            kept.extend(
                stack.enter_context(TraceFile(each.trace)) for each in requests if each.trace
            )
            names = [_name(one.target) for one in requests]
            listeners = many_listeners(names, as_json=request.as_json)
            for listener in listeners:
                stack.enter_context(listener)
            updates.extend(
                Update(
                    plan_of(one, images, content, road),
                    link=road.link,
                    report=_reporter(kept[index] if kept else None, listeners[index], heard[index]),
                )
                for index, (one, road) in enumerate(zip(requests, opened, strict=True))
            )
            return await update_all(updates)

    try:
        with ExitStack() as stack:
            results = run_with(targets[0], go(stack))
    except KeyboardInterrupt:
        interruptions.over()  # it is being told how the updates ended, and that is told once
        _say_broken_off(requests, [update.result for update in updates], kept, heard)
        raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
    with suppress(BrokenPipeError):  # the exit code still says how they ended
        _say_results(requests, results, kept, heard)
    raise click.exceptions.Exit(_exit_code(results, _problems(kept)))


def _one_each(request: UpdateRequest, targets: Sequence[Target]) -> list[UpdateRequest]:
    """The same for every unit, each with a trace of its own."""
    return [
        replace(request, target=target, trace=trace_of(request.trace, number))
        for number, target in enumerate(targets, 1)
    ]


def trace_of(trace: Path | None, number: int) -> Path | None:
    """Where the events of one of several units are kept: ``t.jsonl`` becomes ``t-1.jsonl``.

    Args:
        trace: As the user named it.
        number: Of the unit, counted from 1.

    Raises:
        InputError: ``OPTION_CONFLICT``: it is a device, a pipe or a folder, which has no second.
    """
    if trace is None:
        return None
    if trace.exists() and not trace.is_file():
        raise InputError(
            Code.OPTION_CONFLICT,
            f"Each of several units has a trace of its own, and {shortened(trace)} is no plain"
            " file.",
            hint="Name a file: of t.jsonl there will be t-1.jsonl, t-2.jsonl and so on.",
        )
    return trace.with_name(f"{trace.stem}-{number}{trace.suffix}")


def _name(target: Target) -> str:
    """Of a unit, in lines: without options."""
    return printable(f"{target.scheme}:{target.where}")


def _reporter(trace: TraceFile | None, listener: WhileRead, heard: list[Event]) -> Reporter:
    def report(event: Event) -> None:
        heard.append(event)
        if trace is not None:
            trace.hear(event)
        listener.hear(event)

    return report


def _say_broken_off(
    requests: Sequence[UpdateRequest],
    results: Sequence[UpdateResult | None],
    kept: Sequence[TraceFile],
    heard: Sequence[Sequence[Event]],
) -> None:
    """How each had ended when all were stopped, and that they were."""
    ended = [result for result in results if result is not None]
    told = [result.error for result in ended if result.error is not None]
    # Who has to run the command again has to know it, whatever the other units need.
    told.sort(key=lambda error: (error.code != Code.INTERRUPTED, isinstance(error, VerifyError)))
    error = InputError(
        Code.INTERRUPTED,
        "The command was interrupted.",
        hint=next_thing(told[0]) if told else UPDATE_GOES_ON if not ended else ALL_UPDATED,
    )
    has_all = len(ended) == len(requests)  # else their roads were not open: nothing was begun
    with suppress(BrokenPipeError):
        if requests[0].as_json:
            if has_all:
                _print_units(requests, ended, kept, heard)
            _print_total(ended, kept, units=len(requests), interrupted=error)
        elif has_all:
            _say_results(requests, ended, kept, heard)
    say(error)
    for problem in _problems(kept):
        say(problem)


def _say_results(
    requests: Sequence[UpdateRequest],
    results: Sequence[UpdateResult],
    kept: Sequence[TraceFile],
    heard: Sequence[Sequence[Event]],
) -> None:
    """How each ended, and how many of them were updated."""
    if requests[0].as_json:
        _print_units(requests, results, kept, heard)
        _print_total(results, kept, units=len(requests))
        return
    click.echo("")
    traces: Sequence[TraceFile | None] = kept or [None] * len(results)
    for one, result, trace, told in zip(requests, results, traces, heard, strict=True):
        # What failed is told where one unit's failure is; that all were stopped is told there once.
        failed = result.error is not None and result.error.code is not Code.INTERRUPTED
        for line in (_name(one.target), *_how_it_ended(one, result, trace, told)):
            click.echo(line, err=failed)
    click.echo("")
    click.echo(f"{_updated(results)} of {len(results)} units were updated.")


def _how_it_ended(
    request: UpdateRequest,
    result: UpdateResult,
    trace: TraceFile | None,
    heard: Sequence[Event],
) -> Iterator[str]:
    """Below the name of a unit."""
    if result.error is None:
        yield f"  {summary(result.finished, virtual=has_own_time(request.target))}"
        return
    message, outcome = printable(result.error.message), result.finished.outcome.value
    yield f"  {outcome.capitalize()}: {message} [{result.error.code}]"
    yield f"  next: {next_thing(result.error)}"
    yield from diagnosis_lines(result, heard, trace=None if trace is None else trace.kept)


def _print_units(
    requests: Sequence[UpdateRequest],
    results: Sequence[UpdateResult],
    kept: Sequence[TraceFile],
    heard: Sequence[Sequence[Event]],
) -> None:
    traces: Sequence[TraceFile | None] = kept or [None] * len(results)
    for one, result, trace, told in zip(requests, results, traces, heard, strict=True):
        fields = {
            **result_fields(result),
            "problems": problem_fields(_problems([trace])),
            "diagnosis": diagnosis_of(result, told),
        }
        click.echo(json.dumps({**fields, "type": "unit_result", "unit": _name(one.target)}))


def _print_total(
    results: Sequence[UpdateResult],
    kept: Sequence[TraceFile],
    *,
    units: int,
    interrupted: FirmlineError | None = None,
) -> None:
    """The last line: of all units, of which those without a result were not begun."""
    outcomes = Counter(result.finished.outcome.value for result in results)
    outcomes[Outcome.FAILED.value] += units - len(results)
    fields: dict[str, object] = {
        "type": "result",
        "units": units,
        "updated": _updated(results),
        "outcomes": {outcome.value: outcomes[outcome.value] for outcome in Outcome},
        "next": next((next_thing(r.error) for r in results if r.error), ""),
        "problems": problem_fields(_problems(kept)),
    }
    if interrupted is not None:
        fields |= {
            "outcome": Outcome.FAILED.value,
            "code": str(interrupted.code),
            "message": interrupted.message,
            "next": next_thing(interrupted),
        }
    click.echo(json.dumps(fields))


def _problems(kept: Iterable[TraceFile | None]) -> list[StoreError]:
    """Why traces broke off."""
    return [trace.problem for trace in kept if trace is not None and trace.problem is not None]


def _updated(results: Sequence[UpdateResult]) -> int:
    return sum(result.finished.outcome is Outcome.UPDATED for result in results)


def _exit_code(results: Sequence[UpdateResult], problems: Sequence[StoreError]) -> int:
    for problem in problems:
        say(problem)
    codes = [result.exit_code for result in results]
    return max(codes) or max((problem.exit_code for problem in problems), default=ExitCode.DONE)
