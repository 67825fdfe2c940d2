"""Worker, sender and PostgreSQL are killed at random under load; what was lost or doubled is told.

``PYTHONPATH=tests python -m bench.kills [--times N] [--seed N]``: a campaign on virtual units that
live fifty times faster than we do, a station that does it, and a sender that sends its records.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from integration.cli.planned_line import ROAD, PlannedLine
from postgresql_server import Server
from unit.cli.program import SCRIPT, environment, run_process

UNITS_A_KILL = 4
"""So many units that there is work whenever something is killed; ours."""
END_S = 600
"""The longest that the rest of the work may take, seconds; ours."""


class Line:
    """A line under load.

    Args:
        folder: Where it works.
        server: Its PostgreSQL.
        units: How many units are planned.
    """

    def __init__(self, folder: Path, server: Server, units: int) -> None:
        self.server = server
        self.plan = PlannedLine(folder, server.new_place())
        self.serials = [f"SN-{number:04}" for number in range(1, units + 1)]
        self.plan.plan(self.serials, [])
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def keep_alive(self) -> None:
        """Start what does not run."""
        commands = {
            "worker": self.plan.command("north", "--unattended", on=f"4x{ROAD}"),
            "sender": [
                *("line", "sync", "--db", "north.db", "--station", "north", "--to", self.plan.url)
            ],
        }
        for name, command in commands.items():
            process = self.processes.get(name)
            if process is None or process.poll() is not None:
                self.processes[name] = subprocess.Popen(
                    [SCRIPT, *command],
                    cwd=self.plan.folder,
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )

    def kill(self, what: str) -> None:
        """As a cut of the power does."""
        if what == "server":
            self.server.stop("immediate")
            self.server.start()
            return
        process = self.processes[what]
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        """Let everything come to its end."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait()
        subprocess.run(
            [SCRIPT, *self.plan.command("north", "--unattended", "--once", on=f"4x{ROAD}")],
            cwd=self.plan.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=END_S,
            check=True,
        )
        run_process(
            *("line", "sync", "--db", "north.db", "--station", "north", "--once"),
            *("--to", self.plan.url),
            cwd=self.plan.folder,
        )

    def count(self) -> tuple[int, int]:
        """Units or runs that were lost, and ones that are there twice."""
        states = Counter(state for state, _ in self.plan.units().values())
        mine = self.plan.runs("north")
        ran = run_process("line", "export", "--db", self.plan.url, "--json", cwd=self.plan.folder)
        theirs = Counter(
            (line["unit"]["serial"], line["outcome"])
            for line in ran.json_lines
            if line["type"] == "run"
        )
        passed = [mine[serial, "pass"] for serial in self.serials]
        lost = len(self.serials) - states["passed"]
        lost += sum(count == 0 for count in passed) + (mine - theirs).total()
        doubled = sum(count - 1 for count in passed if count > 1) + (theirs - mine).total()
        print(
            f"units: {dict(states)}; runs at the station {mine.total()}, at the centre"
            f" {theirs.total()}, of them cut off {mine.total() - sum(passed)}"
        )
        return lost, doubled


def main() -> int:
    """Kill, count, and say it; the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    given = parser.parse_args()
    luck = random.Random(given.seed)
    server = Server(is_durable=True)
    killed: Counter[str] = Counter()
    try:
        with tempfile.TemporaryDirectory() as folder:
            line = Line(Path(folder), server, given.times * UNITS_A_KILL)
            for _ in range(given.times):
                line.keep_alive()
                time.sleep(luck.uniform(1.0, 6.0))
                what = luck.choice(["worker", "worker", "sender", "server"])
                killed[what] += 1
                line.kill(what)
            line.end()
            lost, doubled = line.count()
    finally:
        server.remove()
    print(
        f"seed {given.seed}, killed {given.times} times ({dict(killed)}): {lost} lost, {doubled}"
        " doubled"
    )
    return int(bool(lost or doubled))


if __name__ == "__main__":
    sys.exit(main())
