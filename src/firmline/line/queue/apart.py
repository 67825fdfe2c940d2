"""What waits for a server, in a thread of its own that no end of the program waits for.

A server may be silent for as long as it likes: stopped, or behind a cable that was pulled. The
threads of :func:`asyncio.to_thread` are waited for by the loop and by Python itself when they end,
and a station would not end before its server answers.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

_T = TypeVar("_T")


async def apart(ask: Callable[..., _T], *args: object, **more: object) -> _T:
    """What a function returns or raises that may take long; whoever waits may be cancelled.

    The function goes on then, and nobody hears what comes of it.

    Args:
        ask: The function.
        args: Its arguments.
        more: Likewise, by name.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[_T] = loop.create_future()

    def settle(problem: Exception | None, result: _T | None) -> None:
        if answer.done():  # cancelled
            return
        if problem is None:
            answer.set_result(result)  # type: ignore[arg-type] # there is one where no problem is
        else:
            answer.set_exception(problem)

    def work() -> None:
        problem, result = None, None
        try:
            result = ask(*args, **more)
        except Exception as raised:  # noqa: BLE001 - it is raised where somebody waits
            problem = raised
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(partial(settle, problem, result))

    threading.Thread(target=work, daemon=True, name="apart").start()
    return await answer
