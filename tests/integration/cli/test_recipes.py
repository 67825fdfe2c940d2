"""From a package to a recipe that is checked, as a user does it, in processes of their own."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from unit.cli.makers import package
from unit.cli.program import SCRIPT, environment, run_process

pytestmark = pytest.mark.slow
CUSTOM = '\n[[steps]]\nkind = "custom"\ncall = "fixture:check_led"\n'


def begun(folder: Path) -> None:
    (folder / "dfu.zip").write_bytes(package())
    assert run_process("line", "init", "--package", "dfu.zip", cwd=folder).code == 0


def test_init_then_check(folder: Path) -> None:
    begun(folder)
    ran = run_process("line", "check", "recipe.toml", cwd=folder)
    assert (ran.code, ran.err) == (0, "")
    again = run_process("line", "init", cwd=folder)
    assert (again.code, again.out) == (2, "")
    assert run_process("line", "check", "recipe.toml", "--json", cwd=folder).result["pinned"]


def test_a_check_that_is_interrupted_leaves_no_process_of_a_customers_step(folder: Path) -> None:
    begun(folder)
    recipe = folder / "recipe.toml"
    recipe.write_text(recipe.read_text("utf-8") + CUSTOM, "utf-8")
    code = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    (folder / "fixture.py").write_text(code, "utf-8")
    with subprocess.Popen(
        [SCRIPT, "line", "check", "recipe.toml"],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        pid = _number_in(folder / "pid")
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in told
    assert not Path(f"/proc/{pid}").exists()


def _number_in(path: Path) -> int:
    """What a file holds, once there is one."""
    for _ in range(500):
        if path.exists() and path.read_text("utf-8"):
            return int(path.read_text("utf-8"))
        time.sleep(0.02)
    pytest.fail("the customer's step was not imported")
