"""How fast packages are made and checked, and hex files read."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

from bench.run import FIRMLINE, ROOT, Figure, generate, repeat, run
from firmline.formats.firmware import parse_firmware
from firmline.formats.records import format_intel_hex
from firmline.formats.spans import Span
from firmline.values import ImageKind

NRFUTIL = ROOT / ".nrfutil" / "bin" / "nrfutil"
ROUNDS = 7
HEX_SIZE = 1_000_000
TERMS = "chip=nrf52832-512k,softdevice=s112-7.2.0,app-version=1,hw-version=52"


def seconds_of(program: Path, words: list[str | Path], folder: Path) -> float:
    """One whole process."""
    begin = time.perf_counter()
    subprocess.run([program, *words], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - begin


def measure_beside_nrfutil(folder: Path) -> Figure:
    """The same command line for both tools, in turn, so that both meet the same machine."""
    name, limit = "pkg generate, times as fast as nrfutil", 1.5
    if not NRFUTIL.exists():
        return Figure(
            name=name, unit="times", limit=limit, at_least=True, values=(), why_not="make nrfutil"
        )
    words = generate(folder)
    seconds_of(NRFUTIL, words, folder)
    ratios = []
    for _ in range(ROUNDS):
        ours = seconds_of(FIRMLINE, words, folder)
        ratios.append(seconds_of(NRFUTIL, words, folder) / ours)
    return Figure(name=name, unit="times", limit=limit, at_least=True, values=tuple(ratios))


def measure_check(folder: Path) -> Figure:
    """The question whether a unit would accept 150 kB; the image is sent to a virtual unit."""
    runs, why = repeat(7, lambda: run("pkg", "check", folder / "app.zip", "--for", TERMS))
    seconds = tuple(each.seconds for each in runs)
    return Figure(name="pkg check, 150 kB", unit="s", limit=0.4, values=seconds, why_not=why)


def measure_hex() -> Figure:
    """A hex file of 1 MB of firmware, in this process."""
    data = random.Random(1).randbytes(HEX_SIZE)
    content = format_intel_hex([Span(address=0x1000, data=data)]).encode()
    seconds = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        parse_firmware(content, name="app.hex", kind=ImageKind.APPLICATION)
        seconds.append(time.perf_counter() - begin)
    return Figure(name="hex of 1 MB read", unit="s", limit=0.3, values=tuple(seconds))
