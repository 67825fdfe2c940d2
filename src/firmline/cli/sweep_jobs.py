"""What a sweep of power cuts consists of, in pieces for all cores, and how the pieces are run.

The pieces depend on the flow alone, never on the number of cores, and each draws its random numbers
from a seed of its own: the same version of firmline comes to the same result on every machine.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeVar

from firmline.cli.interruption import ENDING
from firmline.device.cuts.findings import weak_spot
from firmline.device.cuts.flows import Flow, set_up, sweep_key
from firmline.device.cuts.recording import Recording, record
from firmline.device.cuts.sweep import State, Sweep, Tally, Verdict
from firmline.device.profile import PROFILES
from firmline.protocol.checkpoints import EverySoManyBytes

_T = TypeVar("_T")
PAIRS: Final = 50
"""Random pairs of cuts in each flow."""
SEED: Final = 1
PIECE: Final = 1000
"""Operations that are cut in one piece of work: a fraction of a second."""
WORTH_ALL_CORES: Final = 4000
"""Operations; fewer are done sooner than other processes have started."""


@dataclass(frozen=True, slots=True)
class Job:
    """One flow on one profile; progress is saved every ``spacing`` bytes, 0: never."""

    profile: str
    flow: Flow
    image_size: int
    spacing: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a job: single cuts from one operation up to another, or all pairs of cuts."""

    job: Job
    first: int = 0
    stop: int = 0

    @property
    def is_pairs(self) -> bool:
        """Whether it is the pairs."""
        return self.stop == 0

    @property
    def cuts(self) -> int:
        """How many cuts it has."""
        return PAIRS if self.is_pairs else 2 * (self.stop - self.first)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a piece came to, or several together."""

    operations: int = 0
    cuts: int = 0
    survived: int = 0
    resumed: int = 0
    sent_again: int = 0
    states: dict[str, int] = field(default_factory=lambda: {"old": 0, "new": 0, "dfu": 0})
    findings: list[dict[str, Any]] = field(default_factory=list)
    bricked: list[dict[str, Any]] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Take another outcome in."""
        self.operations += other.operations
        self.cuts += other.cuts
        self.survived += other.survived
        self.resumed += other.resumed
        self.sent_again += other.sent_again
        for name in self.states:
            self.states[name] += other.states[name]
        self.findings += other.findings
        self.bricked += other.bricked


def pieces_of(job: Job) -> list[Piece]:
    """The whole of a job in pieces, in order."""
    total = len(_recording(job).operations)
    singles = [Piece(job, at, min(at + PIECE, total)) for at in range(0, total, PIECE)]
    return [*singles, Piece(job)]


def run_piece(piece: Piece) -> Outcome:
    """The same piece always comes to the same outcome."""
    recording = _recording(piece.job)
    sweep = Sweep(recording, random.Random(f"{SEED} {piece.first}"))  # noqa: S311 - no secret
    verdicts = sweep.pairs(PAIRS) if piece.is_pairs else sweep.single_cuts(piece.first, piece.stop)
    tally = Tally()
    for verdict in verdicts:
        tally.count(verdict)
    outcome = Outcome(
        operations=piece.stop - piece.first,
        cuts=tally.cuts,
        survived=tally.survived,
        resumed=tally.resumed,
        sent_again=tally.sent_again,
    )
    for state in (State.OLD, State.NEW, State.DFU):
        outcome.states[state.value] = tally.states[state]
    for verdict in tally.harmed:
        spot = weak_spot(verdict, sweep.memory)
        place = _place(piece.job, verdict)
        if spot is None:
            outcome.bricked.append(place)
        else:
            outcome.findings.append({"finding": spot.name, "why": spot.why, **place})
    return outcome


def run_pieces(
    pieces: Sequence[Piece], pool: ProcessPoolExecutor | None
) -> Iterator[tuple[Piece, Outcome]]:
    """Run all pieces, on the pool's processes if there is one; the outcomes in order."""
    if pool is None:
        yield from ((piece, run_piece(piece)) for piece in pieces)
        return
    futures = [pool.submit(run_piece, piece) for piece in pieces]
    yield from zip(pieces, map(result_of, futures), strict=True)


@contextmanager
def all_cores() -> Iterator[ProcessPoolExecutor]:
    """Processes for every core; what they still do when the block is left early is given up."""
    pool = ProcessPoolExecutor(max_workers=os.cpu_count(), initializer=_ignore_interrupts)
    try:
        # Started at once: a fork should not copy the thread that draws the progress bar.
        pool.submit(os.getpid).result()
        yield pool
    except BaseException:
        for process in multiprocessing.active_children():
            process.kill()  # a signal that can be handled may be, in a process just forked
        # The pool notices, and is waited for until it has seen all of them end.
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def result_of(future: Future[_T]) -> _T:
    """Wait in short steps, so that Ctrl-C is heard."""
    while not wait([future], timeout=0.2, return_when=FIRST_COMPLETED).done:
        pass
    return future.result()


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal: the one that the user started answers it."""
    for name in ENDING:
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_DFL if name == "SIGTERM" else signal.SIG_IGN)


@lru_cache(maxsize=2)
def _recording(job: Job) -> Recording:
    """A job's flow; made anew in every process, where pieces of a job follow one another."""
    profile = PROFILES[job.profile]
    setup = set_up(
        job.flow,
        profile=profile,
        image_size=job.image_size,
        key=sweep_key(),
        checkpoints=EverySoManyBytes(job.spacing),
    )
    return record(setup)


def _place(job: Job, verdict: Verdict) -> dict[str, Any]:
    cut, second = verdict.cut, verdict.second
    return {
        "profile": job.profile,
        "flow": job.flow.value,
        "operation": cut.number,
        "second_operation": cut.second_number,
        "kind": cut.operation.kind.value,
        "address": f"0x{cut.operation.address:05X}",
        "second_kind": None if second is None else second.kind.value,
        "second_address": None if second is None else f"0x{second.address:05X}",
        "half_done": cut.half_done,
        "booted": verdict.booted.value,
        "ended": verdict.ended.value,
    }
