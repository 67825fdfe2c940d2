"""``python -m firmline`` is the same program."""

from __future__ import annotations

import subprocess
import sys

from firmline import __version__


def test_the_module_is_the_program() -> None:
    command = [sys.executable, "-m", "firmline", "--version"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert __version__ in ran.stdout
