"""A hundred stations at one PostgreSQL: jobs fetched, begun and told, and records kept.

``PYTHONPATH=tests python -m bench.central [--seconds N]``: every run is what a worker and a sender
ask of the centre; how many runs a second it takes, and how long each one waits.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from firmline.line.campaigns.decision import AttemptTold, UnitState
from firmline.line.campaigns.plan import Planned
from firmline.line.campaigns.reading import read_campaign
from firmline.line.outcomes import StepOutcome
from firmline.line.queue.campaigns import CampaignBook
from firmline.line.queue.desk import Desk
from firmline.line.queue.told import RunTold
from firmline.line.records.address import parse_address
from firmline.line.records.sql import SqlRecords
from firmline.line.records.values import Unit
from postgresql_server import Server
from unit.line.campaigns_world import HEAD, RECIPE
from unit.line.queue.desk_world import ask, fetch
from unit.line.records_world import BEGIN, whole_run

if TYPE_CHECKING:
    from bench.run import Figure

STATIONS = 100
TARGET = 30.0
"""Runs a second (issue 7, "Speed and load")."""
MORE = 1.1
"""So much more than the target is asked for in ``make bench``, so that it can be reached; ours."""
THREADS = 8
ATTEMPT = AttemptTold(outcome=StepOutcome.PASS)


class Centre:
    """A centre, and what its stations do.

    Args:
        url: Of its PostgreSQL.
        runs: How many units are planned.
    """

    def __init__(self, url: str, runs: int) -> None:
        self.book = CampaignBook.open(parse_address(url))
        self.records = SqlRecords(self.book.database)
        text = HEAD + '[[groups]]\nname = "all"\nunits = ["A"]\nsuccess_percent = 100\n'
        planned = [
            Planned(serial=f"SN-{each:06}", group=0, station=f"station-{each % STATIONS}")
            for each in range(runs)
        ]
        self.book.make(read_campaign(text, where="bench"), planned, document=text, who="ann")
        self.book.release("spring", who="bob")
        self.book.start("spring", who="ann")
        self.waits: list[float] = []

    def one(self, number: int) -> None:
        """One run at one station, from its job to its records at the centre."""
        station = f"station-{number % STATIONS}"
        begin = time.perf_counter()
        job = fetch(self.book.database, station)
        assert job is not None
        desk = Desk(self.book.database, station)
        assert desk.begin(job, after=0) is not None
        at = BEGIN + timedelta(seconds=number)
        first = 1 + 4 * (number // STATIONS)
        unit = Unit(product="Tag", serial=job.serial)
        rows = whole_run(station, first, unit, at=at, outcome=StepOutcome.PASS)
        self.records.write(rows)
        desk.report(job, [RunTold(run=first, at=at, attempt=ATTEMPT)], state=UnitState.PASSED)
        ask(
            self.book.database,
            "SELECT procrastinate_finish_job_v1(:job, 'succeeded', true)",
            job=job.number,
        )
        if number % 15 == 0:  # a hundred stations beat every two seconds
            for each in range(25):
                Desk(self.book.database, f"station-{each}").beat(recipe=RECIPE, slots=8)
        self.waits.append(time.perf_counter() - begin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What a centre has taken.

    Attributes:
        runs: Runs that were asked for.
        kept: Runs whose records it has.
        passed: Units that their campaign knows to have passed.
        seconds: How long that took.
        waits_ms: How long each run waited for the centre, the shortest first.
    """

    runs: int
    kept: int
    passed: int
    seconds: float
    waits_ms: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Runs a second that were kept and told."""
        return min(self.kept, self.passed) / self.seconds

    @property
    def p95_ms(self) -> float:
        """What 95 of a hundred runs wait at most."""
        return self.waits_ms[int(len(self.waits_ms) * 0.95)]


def take(seconds: float, rate: float) -> Took:
    """Let the stations work for so long, at so many runs a second."""
    count = int(seconds * rate)
    server = Server(is_durable=True)
    try:
        centre = Centre(server.new_place(), count)
        numbers = iter(range(count))
        guard = threading.Lock()
        begin = time.perf_counter()

        def work() -> None:
            while True:
                with guard:
                    number = next(numbers, None)
                if number is None:
                    return
                time.sleep(max(0.0, begin + number / rate - time.perf_counter()))
                centre.one(number)

        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - begin
        kept = ask(centre.book.database, "SELECT count(*) FROM runs")[0][0]
        done = ask(centre.book.database, "SELECT count(*) FROM campaign_units WHERE state='passed'")
        centre.book.close()
    finally:
        server.remove()
    return Took(
        runs=count,
        kept=kept,
        passed=done[0][0],
        seconds=took,
        waits_ms=tuple(sorted(wait * 1000 for wait in centre.waits)),
    )


def measure_central(seconds: float) -> list[Figure]:
    """Rows of ``make bench``: runs a second, where a tenth more is asked for, and how they wait."""
    from bench.run import Figure  # noqa: PLC0415 - it imports this module

    name = f"{STATIONS} stations at PostgreSQL, {seconds:g} s"
    try:
        found = take(seconds, TARGET * MORE)
    except pytest.skip.Exception as missing:
        return [Figure(name=name, unit="", limit=0, values=(), why_not=str(missing))]
    return [
        Figure(name=name, unit="run/s", limit=TARGET, at_least=True, values=(found.rate,)),
        Figure(name="a run waits for the centre", unit="ms", limit=0, values=found.waits_ms),
        Figure(name="95 % of runs wait at most", unit="ms", limit=0, values=(found.p95_ms,)),
        Figure(
            name="of these runs lost or doubled",
            unit="",
            limit=0,
            is_none=True,
            values=(abs(found.runs - found.kept) + abs(found.runs - found.passed),),
        ),
    ]


def main() -> None:
    """Measure, and say it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30)
    found = take(parser.parse_args().seconds, TARGET)
    print(
        f"{STATIONS} stations: {found.runs / found.seconds:.1f} runs/s for {found.seconds:.0f} s"
        f" (asked for {TARGET:g}); a run waits {statistics.median(found.waits_ms):.0f} ms, p95"
        f" {found.p95_ms:.0f} ms; {found.kept} of {found.runs} kept, {found.passed} units passed"
    )


if __name__ == "__main__":
    main()
