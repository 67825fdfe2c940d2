"""The update through a pseudo-terminal, beside nrfutil's, whole processes in turn.

The unit is a process of its own, without physics and byte times: what is measured is the host. Run
as a program, this module is that unit.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.run import Figure

RUNS = 7
LIMIT_S = 1.5
NRFUTIL = Path(__file__).resolve().parents[2] / ".nrfutil" / "bin" / "nrfutil"
NEW = "virtual application 2+"


@contextmanager
def instant_unit(key: Path) -> Iterator[str]:
    """A unit that waits for an update; where."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(key)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
    finally:
        process.communicate()  # the end of its input ends it


def seconds_of(command: list[str], *, codes: tuple[int, ...]) -> float:
    """Wall time of a program that ends with one of these exit codes."""
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode not in codes:
        raise RuntimeError((done.stderr or done.stdout).strip().splitlines()[-1])
    return seconds


def measure_serial(folder: Path) -> list[Figure]:
    """The package of 150 kB: as it comes, with a text that proves it, and by nrfutil."""
    from bench.run import FIRMLINE, Figure  # noqa: PLC0415 - it imports this module

    package, key = str(folder / "app.zip"), folder / "key.pem"
    firmline = [str(FIRMLINE), "update", package, "--to"]
    times: dict[str, list[float]] = {"plain": [], "expect": [], "nrfutil": [], "defaults": []}
    missing = "" if NRFUTIL.exists() else "pc-nrfutil is not here: make nrfutil"
    why = {"nrfutil": missing, "defaults": missing}
    for number in range(RUNS):
        for name, seconds in times.items():
            if why.get(name) or (name == "defaults" and number):  # half a minute: once is enough
                continue
            with instant_unit(key) as pty:
                match name:
                    case "plain":
                        command, codes = [*firmline, f"serial:{pty}"], (5,)
                    case "expect":
                        command, codes = [*firmline, f"serial:{pty}", "--expect", NEW], (0,)
                    case _:
                        words = ["dfu", "serial", "-pkg", package, "-p", pty]
                        waits = [] if name == "defaults" else ["-cd", "0", "-t", "1"]
                        command, codes = [str(NRFUTIL), *words, *waits], (0,)
                try:
                    seconds.append(seconds_of(command, codes=codes))
                except RuntimeError as problem:
                    why[name] = str(problem)
    theirs = statistics.median(times["nrfutil"]) if times["nrfutil"] else 0.0
    titles = {
        "plain": ("update over a pseudo-terminal", LIMIT_S),
        "expect": ("the same with --expect, seen running", theirs),
        "nrfutil": ("the same by nrfutil, -cd 0 -t 1", 0.0),
        "defaults": ("the same by nrfutil with its defaults", 0.0),
    }
    return [
        Figure(
            name=title,
            unit="s",
            limit=round(limit, 3),
            values=tuple(times[name]),
            why_not=why.get(name, ""),
        )
        for name, (title, limit) in titles.items()
    ]


async def serve(pem: bytes) -> None:
    """Be a unit, until the input ends."""
    from firmline.device.description import gallery_unit  # noqa: PLC0415 - for this process only
    from firmline.device.fabrication import fabricate  # noqa: PLC0415
    from firmline.formats.keys import SigningKey  # noqa: PLC0415
    from firmline.links.serving.pseudo_terminal import serve_on_pty  # noqa: PLC0415
    from firmline.links.serving.serial_driver import SerialDriver  # noqa: PLC0415

    trusted = SigningKey.parse_pem(pem, name="key.pem").public_key
    unit = fabricate(replace(gallery_unit("uart-reference"), public_key=trusted), greets=True)
    driver = SerialDriver(unit, baud=None)
    async with serve_on_pty(driver) as path:
        driver.power_on()
        print(path, flush=True)
        await asyncio.to_thread(sys.stdin.read)
    driver.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]).read_bytes()))
