"""What a station costs this computer: 32 slots at once, in the units' own time."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.run import FIRMLINE, Figure, run
from firmline.cli.demo.making import RECIPE, application_hex, write_units

SLOTS = 32
CORES = 1.0
"""Of one station process with 32 units at work (issue 7, "Speed and load")."""
WORDS = ["pkg", "generate", "--hw-version", "52", "--sd-req", "0x103", "--application-version", "5"]


def prepare(folder: Path) -> None:
    """Write a key, a package, a recipe and a folder of units."""
    run("keys", "generate", folder / "line.key")
    (folder / "app.hex").write_text(application_hex(), "ascii")
    files = ["--application", str(folder / "app.hex"), "--key-file", str(folder / "line.key")]
    run(*WORDS, *files, folder / "dfu.zip")
    (folder / "recipe.toml").write_text(RECIPE, "utf-8")
    write_units(folder / "units", folder / "line.key")


def sound_serials(folder: Path) -> list[str]:
    """Units of the folder that pass, as many as there are slots, numbered anew."""
    sound = (folder / "units" / "SN-0001.toml").read_text("utf-8")
    for number in range(1, SLOTS + 1):
        (folder / "units" / f"SN-{number:04}.toml").write_text(sound, "utf-8")
    return [f"SN-{number:04}" for number in range(1, SLOTS + 1)]


def shift(folder: Path, serials: list[str]) -> tuple[float, float, str]:
    """Seconds of processor time and of the wall for a shift, and its last line."""
    command: list[str | Path] = [
        *(FIRMLINE, "line", "run", "recipe.toml", "--on", f"{SLOTS}xsim:units?speed=1"),
        *("--db", "shift.db", "--unattended"),
    ]
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=output, stderr=output
        )
        assert process.stdin is not None
        process.stdin.write("".join(f"{serial}\n" for serial in serials).encode())
        process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        lines = output.read().decode(errors="replace").strip().splitlines()
    return usage.ru_utime + usage.ru_stime, wall_s, lines[-1] if lines else ""


def measure_stations() -> list[Figure]:
    """32 slots of one station, each with a unit in real time."""
    name = f"station with {SLOTS} units, in their own time"
    if sys.platform == "win32":
        return [Figure(name=name, unit="cores", limit=CORES, values=(), why_not="no wait4 here")]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        prepare(folder)
        processor_s, wall_s, last = shift(folder, sound_serials(folder))
    passed = f"{SLOTS} runs: {SLOTS} pass."
    values = (processor_s / wall_s,) if last == passed else ()
    return [Figure(name=name, unit="cores", limit=CORES, values=values, why_not=last)]
