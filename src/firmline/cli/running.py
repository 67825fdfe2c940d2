"""Running a command's work in an event loop, where a signal to end cancels it in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from firmline.cli.interruption import interruptions
from firmline.links.open import run_for_target
from firmline.links.target import Target

_T = TypeVar("_T")
_Work = Coroutine[Any, Any, _T]


def run_with(target: Target, work: _Work[_T]) -> _T:
    """Run work that uses a target, in the event loop its road needs.

    Raises:
        KeyboardInterrupt: A signal to end came, and the work has come to its end.
    """
    return run_work(work, runner=partial(run_for_target, target))


def run_work(work: _Work[_T], *, runner: Callable[[_Work[_T]], _T] = asyncio.run) -> _T:
    """Run work in an event loop.

    Args:
        work: What to do.
        runner: Makes the loop: ``asyncio.run``, or something of its kind.

    Raises:
        KeyboardInterrupt: A signal to end came, and the work has come to its end.
    """
    with interruptions.held():
        try:
            return runner(_cancellable(work))
        except asyncio.CancelledError:
            if interruptions.cancelled:
                raise KeyboardInterrupt from None
            raise
        finally:
            work.close()  # it may never have been begun


async def _cancellable(work: _Work[_T]) -> _T:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    if task is None:
        return await work
    with interruptions.cancelling(partial(loop.call_soon_threadsafe, task.cancel)):
        return await work
