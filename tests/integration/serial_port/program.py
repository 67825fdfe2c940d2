"""The whole program, and the application that its updates send."""

from __future__ import annotations

import json
import subprocess
import zlib
from pathlib import Path
from typing import Any

from integration.serving.served import APPLICATION
from unit.cli.program import PATIENCE_S, SCRIPT, environment

Line = dict[str, Any]
NEW = f"2+{zlib.crc32(APPLICATION):08x}"
"""What the application says of itself that an update sends."""


def firmline(*words: str | Path, cwd: Path) -> tuple[int, list[Line], str]:
    """A whole program; its exit code, its JSON lines, and what it said on standard error."""
    done = subprocess.run(
        [SCRIPT, *map(str, words), "--json"],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S * 2,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr
