"""A line of virtual units for the tests of its pages: recipe, package and key in a folder."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unit.cli.makers import KEY, START, package
from unit.cli.program import SCRIPT, environment
from unit.formats.makers import image
from unit.formats.programs import program

STEPS = """
[[steps]]
kind = "scan"
[[steps]]
kind = "find"
by = "name"
advertised = "Tag {serial_number}"
[[steps]]
kind = "inspect"
[[steps]]
kind = "preflight"
[[steps]]
kind = "update"
[[steps]]
kind = "verify"
"""
RECIPE = f"""\
schema = 1
name = "tag"
version = 1
title = "Tag"
[product]
name = "Tag"
serial_number = 'SN-\\d{{4}}'
[[packages]]
name = "application"
file = "dfu.zip"
[retest]
strikes = 2
counted = ["fail"]
{STEPS}"""
PASSES = "sim:ble-reference?key=line.key&speed={speed}"
"""A road to units that take the package."""
FAILS = "sim:ble-reference?speed={speed}"
"""A road to units that trust another key."""
END_S = 30


def make_line(folder: Path, *, size: int = 40_000) -> None:
    """Recipe, package and key."""
    (folder / "dfu.zip").write_bytes(package(image(program(size, base=START))))
    (folder / "recipe.toml").write_text(RECIPE, "utf-8")
    (folder / "line.key").write_bytes(KEY.format_pem())


class Served:
    """A server that runs.

    Attributes:
        process: It.
        url: Of its first page, without the last ``/``.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        self.serving: dict[str, Any] = json.loads(line)
        self.url = self.serving["url"].removesuffix("/")

    def end(self, number: int) -> tuple[int, list[dict[str, Any]]]:
        """End it with a signal; its exit code, and what it had printed."""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        out, err = self.process.stdout.read(), self.process.stderr.read()
        self.process.wait(timeout=END_S)
        assert err == "", err
        return self.process.returncode, [json.loads(line) for line in out.splitlines()]


@contextmanager
def served(folder: Path, *words: str) -> Iterator[Served]:
    """``firmline line serve`` with these words; killed at the end if it lives still."""
    with subprocess.Popen(
        (SCRIPT, "line", "serve", *words, "--json"),
        cwd=folder,
        env=environment(),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield Served(process)
        finally:
            process.kill()
