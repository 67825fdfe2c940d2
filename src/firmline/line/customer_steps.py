"""A customer's steps, looked at before a shift relies on them: in processes of their own.

What is imported there may hang, crash or end its process; here that is an answer. Nothing of it is
called but the module's own import, and no process of it outlives the look. How one is called in a
run is a matter of :mod:`firmline.line.station.steps.custom`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from firmline.line.recipe.steps import Custom

PATIENCE_S: Final = 10.0
"""How long an import may take, seconds; ours: that of a laboratory's heaviest libraries."""
CHILD: Final = "firmline.line.customer_child"


def trouble_with(step: Custom, *, folder: Path, patience_s: float = PATIENCE_S) -> str:
    """Why a customer's function could not be called, as the end of a sentence; empty: it could.

    Args:
        step: Which.
        folder: The recipe's, where its module is looked for first.
        patience_s: How long importing it may take.
    """
    # -P: what lies in the folder, or where we were started, must not take the place of our modules.
    # -B: a look leaves nothing in the folder.
    place = str(folder.resolve())
    command = [sys.executable, "-B", "-P", "-m", CHILD, place, step.module, step.function]
    with subprocess.Popen(  # noqa: S603 - our own module, with words that were checked
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=place,
        start_new_session=True,
    ) as process:
        try:
            answer, _ = process.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            return f"importing {step.module} did not end within {patience_s:.12g} s"
        finally:
            end_process_group(process.pid, process.kill)
    return _trouble(answer, step.module, process.returncode)


def end_process_group(pid: int, kill: Callable[[], object]) -> None:
    """End a process that leads a group of its own, with all that it has started.

    Args:
        pid: Of the process.
        kill: Ends it alone, where the system has no groups.
    """
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)
        else:
            kill()


def _trouble(answer: bytes, module: str, status: int) -> str:
    try:
        return str(json.loads(answer)["trouble"])
    except (ValueError, TypeError, KeyError):
        how = f"signal {-status}" if status < 0 else f"exit code {status}"
        return f"importing {module} ended its process ({how})"
