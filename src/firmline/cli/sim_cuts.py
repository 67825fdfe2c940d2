"""``firmline sim cuts``: the power cut at every flash operation of an update."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import click

from firmline.cli.parameters import OnceCommand
from firmline.device.cuts.findings import weak_spot
from firmline.device.cuts.flows import Flow, set_up
from firmline.device.cuts.recording import record
from firmline.device.cuts.sweep import State, Sweep, Tally, Verdict
from firmline.device.profile import PROFILES
from firmline.errors import ExitCode
from firmline.formats.keys import SigningKey

IMAGE_SIZE: Final = 8192
MIN_IMAGE_SIZE, MAX_IMAGE_SIZE = 4, 24_576
"""A bootloader has at most 24 kB (spec section 6)."""
PAIRS: Final = 50
"""Random pairs of cuts in each flow."""
SEED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One flow on one profile."""

    profile: str
    flow: Flow
    image_size: int
    pem: bytes


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a job came to, or several together."""

    operations: int = 0
    cuts: int = 0
    survived: int = 0
    states: dict[str, int] = field(default_factory=lambda: {"old": 0, "new": 0, "dfu": 0})
    findings: list[dict[str, Any]] = field(default_factory=list)
    bricked: list[dict[str, Any]] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Take another outcome in."""
        self.operations += other.operations
        self.cuts += other.cuts
        self.survived += other.survived
        for name in self.states:
            self.states[name] += other.states[name]
        self.findings += other.findings
        self.bricked += other.bricked


@click.command(cls=OnceCommand)
@click.option("--profile", type=click.Choice(sorted(PROFILES)), help="Only this bootloader.")
@click.option("--flow", type=click.Choice([flow.value for flow in Flow]), help="Only this flow.")
@click.option(
    "--image-size",
    metavar="BYTES",
    type=click.IntRange(MIN_IMAGE_SIZE, MAX_IMAGE_SIZE),
    default=IMAGE_SIZE,
    show_default=True,
    help="Size of the images.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def cuts(profile: str | None, flow: str | None, image_size: int, as_json: bool) -> None:
    """Cut the power at every flash operation of an update, and see what becomes of the unit.

    After each cut, with the operation not begun and half done, the unit boots and is updated again.
    It survives where it ends with the old or the new application, or waits in its bootloader, and
    takes the second update. Random pairs of cuts follow. Places where the real bootloader's own
    rules let a unit be lost are findings; anything else that is lost is an error, exit code 5.
    """
    pem = SigningKey.generate().format_pem()
    jobs = [
        Job(profile=name, flow=chosen, image_size=image_size & ~3, pem=pem)
        for name in ([profile] if profile else PROFILES)
        for chosen in ([Flow(flow)] if flow else Flow)
    ]
    total = Outcome()
    with _progress(len(jobs), shown=not as_json and sys.stdout.isatty()) as advance:
        for job, outcome in _run(jobs):
            total.add(outcome)
            advance()
            if not as_json:
                _print_job(job, outcome)
    _print_total(total, as_json=as_json)
    if total.bricked:
        raise click.exceptions.Exit(ExitCode.UNVERIFIED)


def _run(jobs: list[Job]) -> Iterator[tuple[Job, Outcome]]:
    """All jobs on all cores; the results in the order of the jobs."""
    if len(jobs) == 1:
        yield jobs[0], run_job(jobs[0])
        return
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        futures = [pool.submit(run_job, job) for job in jobs]
        try:
            yield from zip(jobs, map(_result, futures), strict=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _result(future: Future[Outcome]) -> Outcome:
    """Wait in short steps, so that Ctrl-C is heard."""
    while not wait([future], timeout=0.2, return_when=FIRST_COMPLETED).done:
        pass
    return future.result()


def run_job(job: Job) -> Outcome:
    """Sweep one flow on one profile; the same job always comes to the same outcome."""
    key = SigningKey.parse_pem(job.pem, name="the sweep's key")
    profile = PROFILES[job.profile]
    recording = record(set_up(job.flow, profile=profile, image_size=job.image_size, key=key))
    sweep = Sweep(recording, random.Random(SEED))  # noqa: S311 - a sweep, not a secret
    tally = Tally()
    for verdicts in (sweep.single_cuts(), sweep.pairs(PAIRS)):
        for verdict in verdicts:
            tally.count(verdict)
    outcome = Outcome(
        operations=len(recording.operations), cuts=tally.cuts, survived=tally.survived
    )
    for state in (State.OLD, State.NEW, State.DFU):
        outcome.states[state.value] = tally.states[state]
    memory = sweep.memory
    for verdict in tally.harmed:
        spot = weak_spot(verdict, memory)
        if spot is None:
            outcome.bricked.append(_place(job, verdict))
        else:
            outcome.findings.append({"finding": spot.name, "why": spot.why, **_place(job, verdict)})
    return outcome


def _place(job: Job, verdict: Verdict) -> dict[str, Any]:
    cut = verdict.cut
    return {
        "profile": job.profile,
        "flow": job.flow.value,
        "operation": cut.number,
        "second_operation": cut.second_number,
        "kind": cut.operation.kind.value,
        "address": f"0x{cut.operation.address:05X}",
        "half_done": cut.half_done,
        "booted": verdict.booted.value,
        "ended": verdict.ended.value,
    }


@contextmanager
def _progress(total: int, *, shown: bool) -> Iterator[Any]:
    if not shown:
        yield lambda: None
        return
    from rich.progress import Progress  # noqa: PLC0415 - rich loads for terminals only

    with Progress(transient=True) as progress:
        task = progress.add_task("  flows", total=total)
        yield lambda: progress.advance(task)


def _print_job(job: Job, outcome: Outcome) -> None:
    states = ", ".join(f"{count:,} {name}" for name, count in outcome.states.items())
    click.echo(
        f"  {job.profile:<13} {job.flow.value:<24} {outcome.survived:>7,} of {outcome.cuts:>7,}"
        f" survived ({states})"
    )


def _print_total(total: Outcome, *, as_json: bool) -> None:
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
        }
        click.echo(json.dumps(result))
        return
    click.echo(f"{total.survived:,} of {total.cuts:,} cuts survived.")
    for name in sorted({finding["finding"] for finding in total.findings}):
        places = [finding for finding in total.findings if finding["finding"] == name]
        click.echo(f"finding: {name}, met {len(places)} times. {places[0]['why']}")
        for place in places:
            click.echo(f"  {_where(place)}")
    for place in total.bricked:
        click.echo(f"BRICKED: {_where(place)}, ended {place['ended']}")


def _where(place: dict[str, Any]) -> str:
    half = ", half done" if place["half_done"] else ""
    return (
        f"{place['profile']}, {place['flow']}: operation {place['operation']}, {place['kind']} at"
        f" {place['address']}{half}"
    )
