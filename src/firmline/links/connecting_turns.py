"""Turns at a radio's connecting: it makes one connection at a time, and many may want one.

Rules of this module:

* A connection's time is its own. Waiting for others is none of it, so that nobody is taken for gone
  who was never called.
* Who is not reached soon gives the turn back while others wait, and is listened for before it has
  another one: a unit that has vanished holds nobody up for longer than :data:`FIRST_TURN_S`.
* Whoever waits longest is next.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from firmline.links.gatt import radio_busy
from firmline.values import RadioAddress

FIRST_TURN_S: Final = 4.0
"""How long a unit is called for while others wait, before it has to be heard again. Ours: a unit in
its bootloader advertises every 25 ms (bootloader spec, section 11) and an application every second
or so; a system whose connecting includes the discovery of services needs 1 to 3 s for that."""
PATIENCE_S: Final = 300.0
"""How long a turn is waited for. Ours: as long as 75 units take that have all vanished; it ends
what a stack that hangs would hold up for ever."""


class TurnOverError(Exception):
    """The first turn is over, and others wait: who was called is to be listened for."""


class ConnectingTurns:
    """Who may have a radio connect.

    Args:
        first_turn_s: How long a first turn is while others wait.
        patience_s: How long a turn is waited for.
    """

    def __init__(
        self, *, first_turn_s: float = FIRST_TURN_S, patience_s: float = PATIENCE_S
    ) -> None:
        self._first_turn_s = first_turn_s
        self._patience_s = patience_s
        self._taken = asyncio.Lock()
        self._waiting = 0
        self._first: tuple[asyncio.Timeout, float] | None = None
        """The scope of a first turn that is under way, and when it may be ended."""

    @asynccontextmanager
    async def taken(
        self, address: RadioAddress, *, limit: asyncio.Timeout, was_heard: bool
    ) -> AsyncIterator[None]:
        """Have the turn until the end of the block.

        Args:
            address: Who is to be connected to, for messages.
            limit: The time of the whole connection; it stands still while the turn is waited for.
            was_heard: Whether the unit was heard since its first turn: then this one is as long as
                the limit leaves it.

        Raises:
            TransportError: TIMEOUT: the turn did not come.
            TurnOverError: It was a first turn, it was long enough, and others wait.
        """
        await self._wait(address, limit)
        try:
            async with asyncio.timeout(None) as scope:
                if not was_heard:
                    self._first = (scope, asyncio.get_running_loop().time() + self._first_turn_s)
                    self._end_in_time()
                yield
        except TimeoutError:
            if scope.expired():
                raise TurnOverError from None
            raise
        finally:
            self._first = None
            self._taken.release()

    async def _wait(self, address: RadioAddress, limit: asyncio.Timeout) -> None:
        """Wait for the turn, with the limit's clock stopped."""
        now_s = asyncio.get_running_loop().time
        ends_s = limit.when()
        began_s = now_s()
        limit.reschedule(None)
        self._waiting += 1
        try:
            if self._taken.locked():
                self._end_in_time()
            async with asyncio.timeout(self._patience_s):
                await self._taken.acquire()
        except TimeoutError:
            raise radio_busy(address, self._patience_s) from None
        finally:
            self._waiting -= 1
        if ends_s is not None:
            limit.reschedule(ends_s + now_s() - began_s)

    def _end_in_time(self) -> None:
        """Have a first turn end when it is long enough, once somebody else waits."""
        if self._first is None or not self._waiting:
            return
        scope, over_s = self._first
        if not scope.expired():
            scope.reschedule(over_s)
