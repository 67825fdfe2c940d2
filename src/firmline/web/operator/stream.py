"""Server-sent events: what has changed, as a browser reads it (HTML standard, section 9.2)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

from firmline.web.operator.hub import Hub

BEAT_S: Final = 3.0
"""At least so often something is said, seconds: who hears nothing for longer has lost us."""
GATHER_S: Final = 0.02
"""What changes meanwhile is told together, seconds; ours: nobody sees fifty states in a second."""
AGAIN_MS: Final = 1000
"""After that a browser that was cut off comes again."""
ASK_S: Final = 3.0
"""How often it is asked whether a browser may still listen, seconds; ours."""
MEDIA_TYPE: Final = "text/event-stream"


async def _always() -> bool:
    return True


async def stream(
    hub: Hub,
    *,
    epoch: str,
    may_listen: Callable[[], Awaitable[bool]] = _always,
    ask_s: float = ASK_S,
) -> AsyncIterator[str]:
    """The events for one browser, until it leaves, the hub is closed, or it may listen no more.

    Args:
        hub: Who tells.
        epoch: Names this start of the server: a page of an earlier one loads anew.
        may_listen: Whether whoever listens still may: accounts are disabled and sessions end.
        ask_s: How often that is asked, seconds of the wall, also where virtual units live faster.
    """
    listener = hub.listen()
    asked_s = time.monotonic()
    try:
        yield f"retry: {AGAIN_MS}\n\n" + event("beat", epoch)
        while (changes := await listener.changes(patience_s=BEAT_S)) is not None:
            if time.monotonic() - asked_s >= ask_s:
                if not await may_listen():
                    yield event("beat", "")  # no epoch of ours: the page loads anew, and is refused
                    return
                asked_s = time.monotonic()
            yield events(changes) or event("beat", epoch)
            await asyncio.sleep(GATHER_S)
    finally:
        hub.leave(listener)


def events(changes: Mapping[str, str]) -> str:
    """Several events."""
    return "".join(event(topic, content) for topic, content in changes.items())


def event(name: str, content: str) -> str:
    """One event; its content may have several lines."""
    lines = "".join(f"data: {line}\n" for line in (content.splitlines() or [""]))
    return f"event: {name}\n{lines}\n"
