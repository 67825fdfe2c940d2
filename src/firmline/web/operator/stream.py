"""Server-sent events: what has changed, as a browser reads it (HTML standard, section 9.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Final

from firmline.web.operator.hub import Hub

BEAT_S: Final = 3.0
"""At least so often something is said, seconds: who hears nothing for longer has lost us."""
GATHER_S: Final = 0.02
"""What changes meanwhile is told together, seconds; ours: nobody sees fifty states in a second."""
AGAIN_MS: Final = 1000
"""After that a browser that was cut off comes again."""
MEDIA_TYPE: Final = "text/event-stream"


async def stream(hub: Hub, *, epoch: str) -> AsyncIterator[str]:
    """The events for one browser, until it leaves or the hub is closed.

    Args:
        hub: Who tells.
        epoch: Names this start of the server: a page of an earlier one loads anew.
    """
    listener = hub.listen()
    try:
        yield f"retry: {AGAIN_MS}\n\n" + event("beat", epoch)
        while (changes := await listener.changes(patience_s=BEAT_S)) is not None:
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
