"""A hundred stations at one PostgreSQL: jobs fetched, begun and told, and records kept.

``PYTHONPATH=tests python -m bench.central [--seconds N]``: every run is what a worker and a sender
ask of the centre; how many runs a second it takes, and how long each one waits.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from datetime import timedelta

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

STATIONS = 100
TARGET = 30.0
"""Runs a second (issue 7, "Speed and load")."""
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


def main() -> None:
    """Measure, and say it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30)
    seconds = parser.parse_args().seconds
    count = int(seconds * TARGET)
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
                time.sleep(max(0.0, begin + number / TARGET - time.perf_counter()))
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
    waits = sorted(centre.waits)
    print(
        f"{STATIONS} stations: {count / took:.1f} runs/s for {took:.0f} s (asked for {TARGET:g});"
        f" a run waits {statistics.median(waits) * 1000:.0f} ms, p95"
        f" {waits[int(len(waits) * 0.95)] * 1000:.0f} ms; {kept} of {count} kept,"
        f" {done[0][0]} units passed"
    )


if __name__ == "__main__":
    main()
