"""``firmline sim cuts``: the power cut at every flash operation of an update."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import click

from firmline.cli.numbers import Number
from firmline.cli.parameters import OnceCommand
from firmline.cli.sweep_jobs import (
    WORTH_ALL_CORES,
    Job,
    Outcome,
    Piece,
    all_cores,
    pieces_of,
    run_pieces,
)
from firmline.device.cuts.flows import Flow
from firmline.device.profile import PROFILES
from firmline.errors import Code, ExitCode, InputError

IMAGE_SIZE: Final = 8192
MIN_IMAGE_SIZE, MAX_IMAGE_SIZE = 4, 100_000
"""The largest fits twice beside a SoftDevice on every chip that is swept."""
MAX_BOOTLOADER_SIZE: Final = min(profile.bootloader_size for profile in PROFILES.values())
"""What fits into the bootloader's region of every profile: 24 kB (spec section 6)."""
WORD: Final = 4
"""An image is whole words of flash."""
OBJECT: Final = 4096
"""Bytes of a data object (bootloader spec, section 4)."""


@click.command(cls=OnceCommand)
@click.option("--profile", type=click.Choice(sorted(PROFILES)), help="Only this bootloader.")
@click.option("--flow", type=click.Choice([flow.value for flow in Flow]), help="Only this flow.")
@click.option(
    "--image-size",
    metavar="BYTES",
    type=Number(MAX_IMAGE_SIZE, minimum=MIN_IMAGE_SIZE),
    default=IMAGE_SIZE,
    show_default=True,
    help=f"Size of the images, a multiple of {WORD}; with a bootloader among them at most"
    f" {MAX_BOOTLOADER_SIZE:,}.",
)
@click.option(
    "--checkpoints",
    "spacing",
    metavar="BYTES",
    type=Number(MAX_IMAGE_SIZE),
    default=0,
    help="Let the host save the unit's progress every so many bytes, a multiple of"
    f" {OBJECT:,}.  [default: never]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def cuts(
    profile: str | None, flow: str | None, image_size: int, spacing: int, as_json: bool
) -> None:
    """Cut the power at every flash operation of an update, and see what becomes of the unit.

    After each cut, with the operation not begun and half done, the unit boots and is updated again.
    It survives where it ends with the old or the new application, or waits in its bootloader, and
    takes the second update. Random pairs of cuts follow. Places where the real bootloader's own
    rules let a unit be lost are findings; anything else that is lost is an error, exit code 5.
    With --checkpoints the second update goes on where the progress was saved last.
    """
    flows = [Flow(flow)] if flow else list(Flow)
    _check_size(image_size, flows)
    if spacing % OBJECT:
        raise InputError(
            Code.USAGE,
            f"Progress is saved between two objects of {OBJECT:,} bytes, and {spacing:,} bytes are"
            " not a multiple of that.",
            hint=f"Give {OBJECT}, {2 * OBJECT} and so on, or leave --checkpoints out.",
        )
    jobs = [
        Job(name, chosen, image_size, spacing)
        for name in ([profile] if profile else PROFILES)
        for chosen in flows
    ]
    total = Outcome()
    for job, outcome in _run(jobs, progress_shown=not as_json and sys.stdout.isatty()):
        total.add(outcome)
        if not as_json:
            _print_job(job, outcome)
    _print_total(total, as_json=as_json, has_checkpoints=spacing > 0)
    if total.bricked:
        raise click.exceptions.Exit(ExitCode.UNVERIFIED)


def _check_size(size: int, flows: list[Flow]) -> None:
    if size % WORD:
        below = size - size % WORD
        raise InputError(
            Code.USAGE,
            f"Images have whole words of {WORD} bytes, and {size:,} bytes are none.",
            hint=f"Give --image-size {below} or {below + WORD}.",
        )
    if size > MAX_BOOTLOADER_SIZE and any(flow.has_bootloader for flow in flows):
        others = ", ".join(flow.value for flow in Flow if not flow.has_bootloader)
        raise InputError(
            Code.USAGE,
            f"A bootloader has at most {MAX_BOOTLOADER_SIZE:,} bytes, and {size:,} were asked for.",
            hint=f"Give a smaller --image-size, or --flow with one that sends none: {others}.",
        )


def _run(jobs: list[Job], *, progress_shown: bool) -> Iterator[tuple[Job, Outcome]]:
    """All jobs in order, with a progress bar; on all cores where that is worth it."""
    if len(jobs) == 1:
        pieces = pieces_of(jobs[0])
        if max(piece.stop for piece in pieces) <= WORTH_ALL_CORES:
            yield from _follow(pieces, None, progress_shown=progress_shown)
            return
    with all_cores() as pool:
        pieces = [piece for each in pool.map(pieces_of, jobs) for piece in each]
        yield from _follow(pieces, pool, progress_shown=progress_shown)


def _follow(
    pieces: list[Piece], pool: ProcessPoolExecutor | None, *, progress_shown: bool
) -> Iterator[tuple[Job, Outcome]]:
    """Run pieces; each job with its outcome when its last piece, the pairs, is done."""
    outcome = Outcome()
    with _progress(sum(piece.cuts for piece in pieces), shown=progress_shown) as advance:
        for piece, part in run_pieces(pieces, pool):
            outcome.add(part)
            advance(piece.cuts)
            if piece.is_pairs:
                yield piece.job, outcome
                outcome = Outcome()


@contextmanager
def _progress(total: int, *, shown: bool) -> Iterator[Callable[[int], object]]:
    if not shown:
        yield lambda _cuts: None
        return
    from rich.progress import Progress  # noqa: PLC0415 - rich loads for terminals only

    with Progress(transient=True) as progress:
        task = progress.add_task("  cuts", total=total)
        yield lambda cuts: progress.advance(task, cuts)


def _print_job(job: Job, outcome: Outcome) -> None:
    states = ", ".join(f"{count:,} {name}" for name, count in outcome.states.items())
    click.echo(
        f"  {job.profile:<13} {job.flow.value:<24} {outcome.survived:>7,} of {outcome.cuts:>7,}"
        f" survived ({states})"
    )


def _print_total(total: Outcome, *, as_json: bool, has_checkpoints: bool) -> None:
    if as_json:
        result = {
            "type": "result",
            "operations": total.operations,
            "cuts": total.cuts,
            "survived": total.survived,
            "states": total.states,
            "findings": total.findings,
            "bricked": len(total.bricked),
            "bricked_at": total.bricked,
            "resumed": total.resumed,
            "sent_again": total.sent_again,
        }
        click.echo(json.dumps(result))
        return
    click.echo(f"{total.survived:,} of {total.cuts:,} cuts survived.")
    if has_checkpoints and total.resumed:
        click.echo(
            f"After {total.resumed:,} of them the update had to be repeated, and"
            f" {total.sent_again // total.resumed:,} bytes were sent, on average."
        )
    for name in sorted({finding["finding"] for finding in total.findings}):
        places = [finding for finding in total.findings if finding["finding"] == name]
        click.echo(f"finding: {name}, met {len(places)} times. {places[0]['why']}")
        for place in places:
            click.echo(f"  {_where(place)}")
    for place in total.bricked:
        click.echo(f"BRICKED: {_where(place)}, ended {place['ended']}")


def _where(place: dict[str, Any]) -> str:
    half = ", half done" if place["half_done"] else ""
    second = ""
    if place["second_kind"] is not None:
        second = (
            f", then operation {place['second_operation']}, {place['second_kind']} at"
            f" {place['second_address']}"
        )
    return (
        f"{place['profile']}, {place['flow']}: operation {place['operation']}, {place['kind']} at"
        f" {place['address']}{half}{second}"
    )
