"""Who wants to know what is in the air: the units that are looked for, and those who hear everyone.

A radio listens as long as somebody wants to know. How it is told to is its own (``_listen``).
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from firmline.errors import TransportError
from firmline.links.base import Sighting
from firmline.links.failure import Failure
from firmline.links.gatt import parse_advertising
from firmline.values import RadioAddress

MAX_KINDS: Final = 4096
"""Addresses whose kind is remembered; who passes by with a private address is soon another."""
_Kind = TypeVar("_Kind")
Seen = Callable[[Sighting], None]


class Listening(ABC, Generic[_Kind]):
    """Has a radio listen while somebody wants to know, and tells them."""

    def __init__(self) -> None:
        self._sought: dict[RadioAddress, list[asyncio.Future[Sighting | Failure]]] = {}
        self._listeners: list[tuple[Seen, asyncio.Future[Failure]]] = []
        self._kinds: dict[RadioAddress, _Kind] = {}

    @abstractmethod
    def _listen(self) -> None:
        """Have the radio listen as long as somebody wants to know; who wants to has changed."""

    @property
    def _is_wanted(self) -> bool:
        return bool(self._sought or self._listeners)

    def kind_of(self, address: RadioAddress) -> _Kind | None:
        """Whether an address that was heard is random or public; ``None``: it was not heard."""
        return self._kinds.get(address)

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

    def _heard(
        self, address: RadioAddress, kind: _Kind, data: bytes, *, rssi_dbm: int | None
    ) -> None:
        """An advertisement has arrived.

        Args:
            address: Whose.
            kind: Of which kind the address is.
            data: What was advertised.
            rssi_dbm: How strong it was; ``None``: nobody knows.
        """
        if address not in self._kinds and len(self._kinds) >= MAX_KINDS:
            del self._kinds[next(iter(self._kinds))]
        self._kinds[address] = kind
        waiting = self._sought.get(address, [])
        if not waiting and not self._listeners:
            return
        advertised = parse_advertising(data)
        sighting = Sighting(
            address=address,
            name=advertised.name,
            services=advertised.services,
            rssi_dbm=rssi_dbm,
            long_services=advertised.long_services,
        )
        for seen in waiting:
            if not seen.done():
                seen.set_result(sighting)
        for listener, _ in list(self._listeners):
            listener(sighting)
