"""Where pc-nrfutil 6.1.7 is, which was not written by us, and how it is called."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from unit.cli.program import PATIENCE_S

VARIABLE = "FIRMLINE_NRFUTIL"
VERSION = "nrfutil version 6.1.7"
INSTALLED = Path(__file__).resolve().parents[3] / ".nrfutil" / "bin" / "nrfutil"
"""Where ``make nrfutil`` puts it."""
TIME_S = 180
"""Until a run that hangs fails its test: with its own defaults it looks for a USB port for 30 s."""


def find_nrfutil() -> str:
    """Its path; without it the test is skipped."""
    named = os.environ.get(VARIABLE) or (str(INSTALLED) if INSTALLED.exists() else None)
    found = named or shutil.which("nrfutil")
    if found is None:
        pytest.skip("pc-nrfutil 6.1.7 is not installed: make nrfutil does it, with a Python 3.10")
    says = _run(found, "version", cwd=Path.cwd(), timeout_s=PATIENCE_S).stdout.strip()
    if says == VERSION:
        return found
    assert named is None, f"{named} says {says[:80]!r}"
    pytest.skip(f"the nrfutil on PATH is another one: it says {says[:80]!r}")


def send(nrfutil: str, package: Path, pty: str, *options: str) -> str:
    """``nrfutil dfu serial``, which has to end with 0; what it prints."""
    words = ("dfu", "serial", "-pkg", str(package), "-p", pty, "-b", "115200", *options)
    done = _run(nrfutil, *words, cwd=package.parent, timeout_s=TIME_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_nrfutil(nrfutil: str, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Any command that needs no device."""
    return _run(nrfutil, *words, cwd=cwd, timeout_s=PATIENCE_S)


def _run(
    program: str, *words: str, cwd: Path, timeout_s: float
) -> subprocess.CompletedProcess[str]:
    # It runs under a Python of its own, which must not see ours.
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [program, *words],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
