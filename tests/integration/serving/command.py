"""A command of ours as a whole program, which has ended."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from unit.cli.program import PATIENCE_S, SCRIPT, environment


class Run:
    """A command that has ended."""

    def __init__(self, *words: str | Path, cwd: Path) -> None:
        done = subprocess.run(
            [SCRIPT, *words, "--json"],
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=2 * PATIENCE_S,
            check=False,
        )
        self.code = done.returncode
        self.errors = done.stderr.decode()
        self.lines: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]

    @property
    def result(self) -> dict[str, Any]:
        assert self.lines, self.errors
        return self.lines[-1]
