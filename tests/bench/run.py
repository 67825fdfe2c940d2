"""Speed and size of firmline beside their targets: ``make bench``.

Every figure is a median over several runs, with the smallest and the largest, measured from
outside: whole processes as a user starts them. A figure that misses its target is shown as such and
fails nothing; machines differ. The only input is made here: 150 kB of random (seeded) bytes.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent.parent
FIRMLINE = Path(sys.executable).with_name("firmline")
UNIT = "ble-reference"
IMAGE_SIZE = 150_000
APPLICATION_START = 0x26000  # behind S132 6.1.1 (shared/spec/secure-dfu-bootloader.md, section 6)
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table.

    Attributes:
        limit: An upper bound, unless ``at_least``; 0: there is no target.
        is_none: Whether the target is that there is none of it, whatever ``limit`` says.
    """

    name: str
    unit: str
    limit: float
    values: tuple[float, ...]
    at_least: bool = False
    is_none: bool = False
    why_not: str = ""

    def row(self) -> str:
        """The line as it is printed."""
        bound = ">=" if self.at_least else "<="
        target = f"{bound} {self.limit:g} {self.unit}" if self.limit else "0" * self.is_none
        if not self.values:
            return f"{self.name:42} {target:>12}   not measured: {self.why_not}"
        middle = statistics.median(self.values)
        runs = f"{len(self.values)} runs" if len(self.values) > 1 else "1 reading"
        spread = f"({min(self.values):.4g} to {max(self.values):.4g}, {runs})"
        figure = f"{self.name:42} {target:>12} {middle:9.4g} {self.unit:5} {spread:34}"
        return f"{figure} {self.verdict(middle)}"

    def verdict(self, middle: float) -> str:
        """How the median stands to its target."""
        if self.is_none:
            return "MISSED" if any(self.values) else "none"
        if not self.limit:
            return ""
        met = middle >= self.limit if self.at_least else middle <= self.limit
        return f"{middle / self.limit:.2f} of target" + ("" if met else ": MISSED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One finished process."""

    seconds: float
    peak_bytes: int
    status: int
    output: str


def run(*arguments: str | Path) -> Run:
    """Run firmline with these arguments, and measure it."""
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        process = subprocess.Popen([FIRMLINE, *arguments], stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    peak = usage.ru_maxrss * unit
    return Run(seconds=seconds, peak_bytes=peak, status=process.returncode, output=text)


def repeat(times: int, once: Callable[[], Run]) -> tuple[list[Run], str]:
    """Runs after one that warms the caches; or none, and why."""
    runs = []
    for _ in range(times + 1):
        result = once()
        if result.status:
            lines = result.output.strip().splitlines()
            return [], lines[-1] if lines else f"exit status {result.status}"
        runs.append(result)
    return runs[1:], ""


def image(folder: Path) -> Path:
    """A HEX file of an application of 150 kB."""
    from bincopy import BinFile  # noqa: PLC0415 - the sizes below are taken without it

    words = random.Random(150).randbytes(IMAGE_SIZE)
    path = folder / "app.hex"
    binary = BinFile()
    binary.add_binary(words, address=APPLICATION_START)
    path.write_text(binary.as_ihex(), encoding="ascii")
    return path


def generate(folder: Path) -> list[str | Path]:
    """The command that makes the package for the virtual unit; the key is made if need be."""
    key = folder / "key.pem"
    if not key.exists():
        run("keys", "generate", key)
    application = ["--application", str(folder / "app.hex"), "--application-version", "2"]
    unit = ["--hw-version", "52", "--sd-req", "0x103"]
    return ["pkg", "generate", *application, *unit, "--key-file", key, folder / "app.zip"]


def measure_version() -> Figure:
    """The start of the program, bytecode on disk."""
    runs, why = repeat(15, lambda: run("--version"))
    milliseconds = tuple(run.seconds * 1000 for run in runs)
    return Figure(name="firmline --version", unit="ms", limit=150, values=milliseconds, why_not=why)


def measure_generate(folder: Path) -> Figure:
    """A package of 150 kB, from HEX file to signed zip."""

    def once() -> Run:
        (folder / "app.zip").unlink(missing_ok=True)
        return run(*generate(folder))

    runs, why = repeat(7, once)
    seconds = tuple(run.seconds for run in runs)
    return Figure(name="pkg generate, 150 kB", unit="s", limit=0.5, values=seconds, why_not=why)


def measure_update(folder: Path) -> list[Figure]:
    """An update over the virtual radio, with time and current and without."""
    package = folder / "app.zip"
    target = f"sim:{UNIT}?key={folder / 'key.pem'}"
    runs, why = repeat(5, lambda: run("update", package, "--to", target, "--json"))
    own_s = [json.loads(each.output.splitlines()[-1])["seconds"] for each in runs]
    bare, why_bare = repeat(
        5, lambda: run("update", package, "--to", f"{target}&physics=off", "--json")
    )
    results = [json.loads(each.output.splitlines()[-1]) for each in bare]
    return [
        Figure(
            name="update over the virtual radio, no physics",
            unit="kB/s",
            limit=100,
            at_least=True,
            values=tuple(result["bytes"] / result["seconds"] / 1000 for result in results),
            why_not=why_bare,
        ),
        Figure(
            name="the same with physics, whole process",
            unit="s",
            limit=0,
            values=tuple(each.seconds for each in runs),
            why_not=why,
        ),
        Figure(
            name="the same, faster than the unit's own time",
            unit="times",
            limit=0,
            values=tuple(own / each.seconds for own, each in zip(own_s, runs, strict=True)),
            why_not=why,
        ),
        Figure(
            name="the same, peak memory",
            unit="MB",
            limit=150,
            values=tuple(each.peak_bytes / MEGABYTE for each in runs),
            why_not=why,
        ),
    ]


def measure_packages(folder: Path) -> list[Figure]:
    """Packages: made beside nrfutil, checked; and a large hex file."""
    from bench.packages import (  # noqa: PLC0415
        measure_beside_nrfutil,
        measure_check,
        measure_hex,
    )

    return [measure_beside_nrfutil(folder), measure_check(folder), measure_hex()]


def measure_diagnoses(folder: Path) -> list[Figure]:
    """Why an update failed."""
    from bench.diagnosis import measure_diagnosis  # noqa: PLC0415

    return measure_diagnosis(folder)


def measure_serial_road(folder: Path) -> list[Figure]:
    """Through a pseudo-terminal, beside nrfutil."""
    from bench.serial_road import measure_serial  # noqa: PLC0415

    return measure_serial(folder)


def measure_limit_shares() -> list[Figure]:
    """How near updates come to what the unit allows, and what they cost this computer."""
    from bench.speed import measure_speed  # noqa: PLC0415 - virtual time is not needed before

    return measure_speed()


def measure_many_units() -> list[Figure]:
    """32 virtual units on the wall clock, in this process."""
    from bench.many import measure_many  # noqa: PLC0415 - as above

    return measure_many()


def measure_records_of_line(folder: Path) -> list[Figure]:
    """Records of a production line, written and read."""
    from bench.records import measure_records  # noqa: PLC0415 - as above

    return measure_records(folder)


def measure_pages_of_line() -> list[Figure]:
    """How late a browser shows what happens in a station."""
    from bench.pages import measure_pages  # noqa: PLC0415 - as above

    return measure_pages()


def measure_reports_of_line(folder: Path) -> list[Figure]:
    """Reports over a million runs."""
    from bench.reports import measure_reports  # noqa: PLC0415 - as above

    return measure_reports(folder)


def measure_station_of_line() -> list[Figure]:
    """A station with all of its slots at work."""
    from bench.stations import measure_stations  # noqa: PLC0415 - as above

    return measure_stations()


def measure_centre_of_line() -> list[Figure]:
    """A centre with a hundred stations."""
    from bench.central import measure_central  # noqa: PLC0415 - as above

    return measure_central(given("CENTRAL_SECONDS", 60))


def measure_kills_of_line() -> list[Figure]:
    """What is lost where everything is killed."""
    from bench.kills import measure_kills  # noqa: PLC0415 - as above

    return measure_kills(given("KILLS", 20))


def given(name: str, usual: int) -> int:
    """How long a long measurement takes, out of the environment."""
    return int(os.environ.get(name) or usual)


def measure_dongle_road() -> list[Figure]:
    """The serial protocol of an nRF Connectivity dongle."""
    from bench.dongle_road import measure_dongle  # noqa: PLC0415 - as above

    return measure_dongle()


def core_distributions() -> set[str]:
    """firmline's own requirements without extras, and theirs."""
    names: set[str] = set()
    todo = ["firmline"]
    while todo:
        for text in distribution(todo.pop()).requires or []:
            requirement = Requirement(text)
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if wanted and requirement.name not in names:
                names.add(requirement.name)
                todo.append(requirement.name)
    return names


def wheel_size(folder: Path) -> int:
    """The unpacked size of firmline's own wheel."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("firmline-*.whl")
    with zipfile.ZipFile(path) as wheel:
        return sum(entry.file_size for entry in wheel.infolist())


def measure_install(folder: Path) -> list[Figure]:
    """What the core takes on disk, from the records of what is installed here."""
    files = [
        Path(str(file.locate()))
        for name in core_distributions()
        for file in distribution(name).files or []
    ]
    sizes = {path: path.stat().st_size for path in files if path.is_file()}
    plain = sum(size for path, size in sizes.items() if path.suffix != ".pyc")
    plain += wheel_size(folder)
    compiled = sum(size for path, size in sizes.items() if path.suffix == ".pyc")
    return [
        Figure(name=name, unit="MB", limit=40, values=(size / MEGABYTE,))
        for name, size in [
            ("core install, without bytecode", plain),
            ("core install, with its bytecode", plain + compiled),
        ]
    ]


def measure_device() -> list[Figure]:
    """The virtual unit without radio and time, in this process."""
    from bench.device import boots_after_cuts, replay_of_all, update_without_radio  # noqa: PLC0415

    updates = tuple(update_without_radio(IMAGE_SIZE) for _ in range(7))
    boots = tuple(boots_after_cuts() for _ in range(3))
    seconds, count = replay_of_all()
    return [
        Figure(name="150 kB without a radio", unit="ms", limit=100, values=updates),
        Figure(
            name="boots after power cuts, one core",
            unit="1/s",
            limit=2000,
            at_least=True,
            values=boots,
        ),
        Figure(
            name=f"replay of {count} recorded sessions",
            unit="s",
            limit=20,
            values=(seconds,) if count else (),
            why_not="the recordings are not here",
        ),
    ]


def main() -> int:
    """Measure everything and print the table."""
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores; median (least to most)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image(folder)
        print(measure_version().row(), flush=True)
        print(measure_generate(folder).row(), flush=True)
        figures = [
            *measure_packages(folder),
            *measure_update(folder),
            *measure_diagnoses(folder),
            *measure_serial_road(folder),
            *measure_dongle_road(),
            *measure_limit_shares(),
            *measure_many_units(),
            *measure_records_of_line(folder),
            *measure_reports_of_line(folder),
            *measure_pages_of_line(),
            *measure_station_of_line(),
            *measure_centre_of_line(),
            *measure_kills_of_line(),
            *measure_device(),
            *measure_install(folder),
        ]
        for figure in figures:
            print(figure.row(), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
