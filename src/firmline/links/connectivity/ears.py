"""Listening: for one address, or to everyone, as long as somebody wants to know.

A SoftDevice listens or connects: it does one of the two, and connecting comes first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from firmline.errors import TransportError
from firmline.links.base import Sighting
from firmline.links.bumble.failure import Failure
from firmline.links.connectivity import problems
from firmline.links.connectivity.addresses import address_of
from firmline.links.connectivity.dongle import Dongle
from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.connectivity.wire.layouts import Response
from firmline.links.gatt import parse_advertising
from firmline.values import RadioAddress

ALWAYS: Final = says.ScanParameters(is_active=1, interval=0xA0, window=0xA0, timeout_s=0)
"""100 ms in units of 0.625 ms, for interval and window alike: always listening, with no end. Names
may be in scan responses only."""
MAX_KINDS: Final = 4096
"""Addresses whose kind is remembered; who passes by with a private address is soon another."""

Seen = Callable[[Sighting], None]


class Ears:
    """Has a dongle listen while somebody wants to know, and tells them.

    Args:
        dongle: The dongle.
    """

    def __init__(self, dongle: Dongle) -> None:
        self._dongle = dongle
        self._listens = False
        self._is_paused = False
        self._sought: dict[RadioAddress, list[asyncio.Future[Sighting | Failure]]] = {}
        self._listeners: list[tuple[Seen, asyncio.Future[Failure]]] = []
        self._kinds: dict[RadioAddress, int] = {}

    def kind_of(self, address: RadioAddress) -> int | None:
        """Whether an address that was heard is public (0) or random (1); ``None``: it was not."""
        return self._kinds.get(address)

    def pause(self) -> None:
        """Listen to nobody until :meth:`go_on`: the dongle connects."""
        self._is_paused = True
        self._listen()

    def go_on(self) -> None:
        """Listen again, if somebody wants to know."""
        self._is_paused = False
        self._listen()

    async def find(self, address: RadioAddress) -> Sighting:
        """Wait until exactly this address is heard.

        Raises:
            TransportError: NOT_AVAILABLE.
        """
        seen: asyncio.Future[Sighting | Failure] = asyncio.get_running_loop().create_future()
        self._sought.setdefault(address, []).append(seen)
        self._listen()
        try:
            outcome = await seen
        finally:
            waiting = self._sought[address]
            waiting.remove(seen)
            if not waiting:
                del self._sought[address]
            self._listen()
        if isinstance(outcome, Failure):
            raise outcome.error()
        return outcome

    async def listen(self, seen: Seen) -> TransportError:
        """Tell of everyone until cancelled; what ended it otherwise."""
        over: asyncio.Future[Failure] = asyncio.get_running_loop().create_future()
        listener = (seen, over)
        self._listeners.append(listener)
        self._listen()
        try:
            return (await over).error()
        finally:
            self._listeners.remove(listener)
            self._listen()

    def stop(self, failure: Failure) -> None:
        """Tell everyone who waits why nothing will be heard any more."""
        for seen in [seen for waiting in self._sought.values() for seen in waiting]:
            if not seen.done():
                seen.set_result(failure)
        for _, over in self._listeners:
            if not over.done():
                over.set_result(failure)

    def _listen(self) -> None:
        """Have the dongle listen as long as somebody wants to know."""
        wanted = bool(self._sought or self._listeners) and not self._is_paused
        if wanted == self._listens:
            return
        self._listens = wanted
        if wanted:
            self._dongle.post(says.StartScan(parameters=ALWAYS), self._on_answer)
        else:
            self._dongle.post(says.StopScan())

    def _on_answer(self, response: Response) -> None:
        if response.error and self._listens:
            error = problems.refused(self._dongle.port, "to listen", response.error)
            self.stop(Failure(code=error.code, message=error.message))

    def hear(self, event: told.Heard) -> None:
        """Take an advertisement."""
        address = address_of(event.peer)
        if address not in self._kinds and len(self._kinds) >= MAX_KINDS:
            del self._kinds[next(iter(self._kinds))]
        self._kinds[address] = event.peer.kind
        waiting = self._sought.get(address, [])
        if not waiting and not self._listeners:
            return
        advertised = parse_advertising(event.data)
        sighting = Sighting(
            address=address,
            name=advertised.name,
            services=advertised.services,
            rssi_dbm=event.rssi_dbm,
            long_services=advertised.long_services,
        )
        for seen in waiting:
            if not seen.done():
                seen.set_result(sighting)
        for listener, _ in list(self._listeners):
            listener(sighting)
