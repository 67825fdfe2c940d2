"""A line with a server, a campaign and workers on virtual units, for tests."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from integration.cli.line_world import RECIPE
from unit.cli.makers import KEY, START, package
from unit.cli.program import SCRIPT, Ran, environment, run_process
from unit.formats.makers import image
from unit.formats.programs import program

ROAD = "sim:ble-reference?key=line.key&speed=50"
CAMPAIGN = """\
schema = 1
name = "spring"
product = "Tag"
stations = [{stations}]
[recipe]
name = "tag"
version = 1
sha256 = "{sha256}"
[[groups]]
name = "canary"
units = [{canary}]
success_percent = {percent}
{rest}
"""


class PlannedLine:
    """A line.

    Args:
        folder: Where it works.
        url: Of its server.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        (folder / "dfu.zip").write_bytes(package(image(program(20_000, base=START))))
        (folder / "recipe.toml").write_text(RECIPE, "utf-8")
        (folder / "line.key").write_bytes(KEY.format_pem())

    def campaign(self, *said: str, by: str = "ann") -> Ran:
        who = () if said[0] in {"show", "list"} else ("--by", by)
        ran = run_process("line", "campaign", *said, "--db", self.url, *who, cwd=self.folder)
        assert ran.code == 0, ran.err
        return ran

    def plan(
        self, canary: list[str], rest: list[str], *, stations: str = '"north"', percent: int = 50
    ) -> None:
        """Make, release and start a campaign."""
        more = ""
        if rest:
            more = f'[[groups]]\nname = "rest"\nunits = [{quoted(rest)}]\nsuccess_percent = 50\n'
        text = CAMPAIGN.format(
            stations=stations,
            sha256=hashlib.sha256((self.folder / "recipe.toml").read_bytes()).hexdigest(),
            canary=quoted(canary),
            percent=percent,
            rest=more,
        )
        (self.folder / "spring.toml").write_text(text, "utf-8")
        self.campaign("make", "spring.toml")
        self.campaign("release", "spring", by="bob")
        self.campaign("start", "spring")

    def command(self, station: str, *more: str, on: str = ROAD) -> list[str]:
        return [
            *("line", "worker", "recipe.toml", "--on", on, "--db", f"{station}.db"),
            *("--queue", self.url, "--station", station, "--json", *more),
        ]

    def worker(self, station: str, *more: str, on: str = ROAD, stdin: str = "") -> Ran:
        return run_process(*self.command(station, *more, on=on), cwd=self.folder, stdin=stdin)

    def unattended(self, station: str, on: str = ROAD) -> Ran:
        return self.worker(station, "--unattended", "--once", on=on)

    def begun(self, station: str, *more: str, on: str = ROAD) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [SCRIPT, *self.command(station, *more, on=on)],
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def shown(self) -> dict[str, Any]:
        return self.campaign("show", "spring", "--json").json_lines[-1]

    def units(self) -> dict[str, tuple[str, str]]:
        """State and reason of each unit."""
        lines = self.campaign("show", "spring", "--units", "--json").json_lines
        return {
            line["serial"]: (line["state"], line["why"]) for line in lines if line["type"] == "unit"
        }

    def runs(self, station: str) -> Counter[tuple[str, str]]:
        """How often which unit ended how, by the station's own records."""
        ran = run_process("line", "export", "--db", f"{station}.db", "--json", cwd=self.folder)
        return Counter(
            (line["unit"]["serial"], line["outcome"])
            for line in ran.json_lines
            if line["type"] == "run"
        )


def quoted(serials: list[str]) -> str:
    return ",\n".join(f'"{serial}"' for serial in serials)


def kill(process: subprocess.Popen[str]) -> None:
    """As a cut of the power does."""
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
