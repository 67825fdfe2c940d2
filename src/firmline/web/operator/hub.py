"""Telling browsers what has changed: of everything its newest state, and never a backlog."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from firmline.errors import Code, StoreError

MOST: Final = 64
"""Browsers that are told at once; ours."""


class Once:
    """Drawn when somebody wants to see it, and then no more.

    Args:
        draw: Draws it.
    """

    def __init__(self, draw: Callable[[], str]) -> None:
        self._draw: Callable[[], str] | None = draw
        self._drawn = ""

    def __call__(self) -> str:
        """It as it was drawn."""
        if self._draw is not None:
            self._drawn, self._draw = self._draw(), None
        return self._drawn


class Listener:
    """One browser: what it has not been told yet, by topic."""

    def __init__(self) -> None:
        self._waiting: dict[str, Once] = {}
        self._woken = asyncio.Event()
        self._is_over = False

    def tell(self, topic: str, drawn: Once) -> None:
        """A topic has changed; what it was before is forgotten."""
        self._waiting[topic] = drawn
        self._woken.set()

    def close(self) -> None:
        """There will be no more."""
        self._is_over = True
        self._woken.set()

    async def changes(self, *, patience_s: float) -> dict[str, str] | None:
        """What has changed, by topic; nothing after a while; ``None``: there will be no more."""
        try:
            await asyncio.wait_for(self._woken.wait(), patience_s)
        except TimeoutError:
            return {}
        if self._is_over:
            return None
        self._woken.clear()
        waiting, self._waiting = self._waiting, {}
        return {topic: drawn() for topic, drawn in waiting.items()}


class Hub:
    """Tells every browser that listens.

    Args:
        most: How many may listen at once.
    """

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._now: dict[str, Once] = {}
        self._listeners: set[Listener] = set()
        self._is_closed = False

    def tell(self, topic: str, draw: Callable[[], str]) -> None:
        """A topic has changed.

        Args:
            topic: Which.
            draw: Draws it as it is now, should anybody want to see it.
        """
        self._now[topic] = drawn = Once(draw)
        for listener in self._listeners:
            listener.tell(topic, drawn)

    def now(self, topic: str) -> str:
        """A topic as it is; empty: nothing was told of it."""
        drawn = self._now.get(topic)
        return "" if drawn is None else drawn()

    def listen(self) -> Listener:
        """Listen; everything that was ever told comes first. :meth:`leave` ends it.

        Raises:
            StoreError: ``TOO_MANY_LISTENERS``.
        """
        if len(self._listeners) >= self._most or self._is_closed:
            raise StoreError(
                Code.TOO_MANY_LISTENERS,
                f"{self._most} browsers are told of every change already."
                if not self._is_closed
                else "The station is ending.",
            )
        listener = Listener()
        for topic, drawn in self._now.items():
            listener.tell(topic, drawn)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """A browser is gone."""
        self._listeners.discard(listener)

    def close(self) -> None:
        """End the streams of all browsers; nobody is told anything any more."""
        self._is_closed = True
        for listener in self._listeners:
            listener.close()


def nothing() -> str:
    """What is drawn of a topic that has nothing to show."""
    return ""
