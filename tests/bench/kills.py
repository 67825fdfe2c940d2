"""Everything of a line is killed at random under load; what was lost or doubled is told.

``PYTHONPATH=tests python -m bench.kills [--times N] [--seed N]``: a campaign on virtual units that
live fifty times faster than we do, and a station that does it (the worker); a sender that sends its
records to ``firmline line serve`` (the pages), which keeps them in PostgreSQL (the server); and a
program that asks the pages for runs and yields all the time. Killed are worker, sender, pages and
server. What ends by itself is told: nothing has to.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from integration.cli.planned_line import ROAD, PlannedLine
from postgresql_server import Server
from unit.cli.program import SCRIPT, environment, run_process

if TYPE_CHECKING:
    from bench.run import Figure

UNITS_A_KILL = 4
"""So many units that there is work whenever something is killed; ours."""
END_S = 1800
"""The longest that the rest of the work may take, seconds; ours: with nothing else at work it takes
two minutes, and at a load of ten ten.
"""
CLOSE_S = 120
"""The longest that a process may take to end when it is asked to, seconds; ours."""
VICTIMS = ("worker", "worker", "sender", "pages", "server")
"""What is killed, the worker twice as often: it does the most."""
ASKED = ("/api/v1/runs", "/api/v1/yields?by=hour", "/api/v1/stations", "/metrics", "/healthz")
ANSWERED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """What came of it.

    Attributes:
        seed: Of the draws.
        killed: How often each was killed.
        lost: Units without a good end, and runs that the centre has not.
        doubled: Units that were updated twice, and runs that the centre has twice.
        ended: Processes that ended by themselves, and were started again.
        closed_s: How long the slowest took to end when it was asked to.
        told: All of it in words.
    """

    seed: int
    killed: Counter[str]
    lost: int
    doubled: int
    ended: Counter[str]
    closed_s: float
    told: str


class Reader:
    """Asks the pages all the time, as a factory's own programs do.

    Args:
        url: Of the pages.
        key: Of a program that may see everything.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key
        self.answers: Counter[str] = Counter()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        headers = {"Authorization": f"Bearer {self._key}"}
        with httpx.Client(headers=headers, timeout=10, trust_env=False) as client:
            while not self._is_over.wait(0.1):
                for path in ASKED:
                    try:
                        status = client.get(self._url + path).status_code
                        self.answers["answered" if status == ANSWERED else str(status)] += 1
                    except httpx.HTTPError:
                        self.answers["nobody there"] += 1

    def end(self) -> None:
        """Ask nothing more."""
        self._is_over.set()
        self._thread.join()


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
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.listen = f"127.0.0.1:{free.getsockname()[1]}"
        (folder / "north.key").write_text(self._key("north", "station"), "utf-8")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ended: Counter[str] = Counter()
        self.closed_s = 0.0
        self.reader = Reader(f"http://{self.listen}", self._key("mes", "operator"))

    def _key(self, name: str, role: str) -> str:
        ran = run_process(
            *("line", "accounts", "key", "add", name, "--role", role, "--db", self.plan.url),
            "--json",
            cwd=self.plan.folder,
        )
        assert ran.code == 0, ran.err
        return str(next(line["key"] for line in ran.json_lines if "key" in line))

    def _sender(self, *more: str) -> list[str]:
        return [
            *("line", "sync", "--db", "north.db", "--station", "north", "--key-file", "north.key"),
            *("--to", f"http://{self.listen}", *more),
        ]

    def keep_alive(self) -> None:
        """Start what does not run."""
        commands = {
            "pages": ["line", "serve", "--db", self.plan.url, "--listen", self.listen, "--json"],
            "worker": self.plan.command("north", "--unattended", on=f"4x{ROAD}"),
            "sender": self._sender(),
        }
        for name, command in commands.items():
            process = self.processes.get(name)
            if process is not None and process.poll() is None:
                continue
            if process is not None and process.returncode != -signal.SIGKILL:
                self.ended[f"{name} ({process.returncode}: {self._last_words(name)})"] += 1
            if name != "sender" or (self.plan.folder / "north.db").exists():
                self.processes[name] = self._begun(name, command)

    def _begun(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        with self._log(name).open("wb") as log:
            return subprocess.Popen(
                [SCRIPT, *command],
                cwd=self.plan.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def _log(self, name: str) -> Path:
        return self.plan.folder / f"{name}.log"

    def _last_words(self, name: str) -> str:
        lines = self._log(name).read_text("utf-8", "replace").splitlines()
        return lines[-1] if lines else "nothing said"

    def kill(self, what: str) -> None:
        """As a cut of the power does."""
        if what == "server":
            self.server.stop("immediate")
            self.server.start()
            return
        process = self.processes.get(what)
        if process is None:
            return
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def _close(self, name: str) -> None:
        """Ask one to end, and see how long that takes."""
        process = self.processes.get(name)
        if process is None:  # there was nothing to send yet
            return
        begin = time.perf_counter()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=CLOSE_S)
        self.closed_s = max(self.closed_s, time.perf_counter() - begin)

    def end(self) -> None:
        """Let everything come to its end."""
        self.keep_alive()
        for name in ("worker", "sender"):
            self._close(name)
        for command in (
            self.plan.command("north", "--unattended", "--once", on=f"4x{ROAD}"),
            self._sender("--once"),
        ):
            subprocess.run(
                [SCRIPT, *command],
                cwd=self.plan.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                timeout=END_S,
                check=True,
            )
        self.reader.end()
        self._close("pages")

    def count(self) -> tuple[int, int, str]:
        """Units or runs that were lost, ones that are there twice, and both in words."""
        states = Counter(state for state, _ in self.plan.units().values())
        mine = self.plan.runs("north")
        ran = subprocess.run(
            [SCRIPT, "line", "export", "--db", self.plan.url, "--json"],
            cwd=self.plan.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=END_S,
            check=True,
        )
        lines = [json.loads(line) for line in ran.stdout.splitlines()]
        theirs = Counter(
            (line["unit"]["serial"], line["outcome"]) for line in lines if line["type"] == "run"
        )
        passed = [mine[serial, "pass"] for serial in self.serials]
        lost = len(self.serials) - states["passed"]
        lost += sum(count == 0 for count in passed) + (mine - theirs).total()
        doubled = sum(count - 1 for count in passed if count > 1) + (theirs - mine).total()
        told = (
            f"units: {dict(states)}; runs at the station {mine.total()}, at the centre"
            f" {theirs.total()}, of them cut off {mine.total() - sum(passed)};"
            f" the pages were asked {self.reader.answers.total()} times:"
            f" {dict(self.reader.answers)}"
        )
        return lost, doubled, told


def kill_at_random(times: int, seed: int) -> Killed:
    """Kill so many times, bring everything to its end, and count."""
    luck = random.Random(seed)
    server = Server(is_durable=True)
    killed: Counter[str] = Counter()
    try:
        with tempfile.TemporaryDirectory() as folder:
            line = Line(Path(folder), server, times * UNITS_A_KILL)
            try:
                for _ in range(times):
                    line.keep_alive()
                    time.sleep(luck.uniform(1.0, 6.0))
                    what = luck.choice(VICTIMS)
                    killed[what] += 1
                    line.kill(what)
                line.end()
                lost, doubled, told = line.count()
            finally:
                for name in line.processes:
                    line.kill(name)
    finally:
        server.remove()
    return Killed(
        seed=seed,
        killed=killed,
        lost=lost,
        doubled=doubled,
        ended=line.ended,
        closed_s=line.closed_s,
        told=told,
    )


def measure_kills(times: int) -> list[Figure]:
    """Rows of ``make bench``: what was lost, what was doubled, and how long an end takes."""
    from bench.run import Figure  # noqa: PLC0415 - it imports this module

    seed = time.time_ns() % 2**32
    name = f"{times} kills of a line"
    try:
        found = kill_at_random(times, seed)
    except pytest.skip.Exception as missing:
        return [Figure(name=name, unit="", limit=0, values=(), why_not=str(missing))]
    lost = Figure(
        name=f"{name} (seed {seed}): lost", unit="", limit=0, is_none=True, values=(found.lost,)
    )
    return [
        lost,
        replace(lost, name=f"{name}: doubled", values=(found.doubled,)),
        Figure(name="slowest end behind them", unit="s", limit=0, values=(found.closed_s,)),
    ]


def main() -> int:
    """Kill, count, and say it; the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    given = parser.parse_args()
    found = kill_at_random(given.times, given.seed)
    print(found.told)
    print(f"ended by themselves: {dict(found.ended) or 'none'}; slowest end {found.closed_s:.1f} s")
    print(
        f"seed {found.seed}, killed {given.times} times ({dict(found.killed)}): {found.lost} lost,"
        f" {found.doubled} doubled"
    )
    return int(bool(found.lost or found.doubled))


if __name__ == "__main__":
    sys.exit(main())
