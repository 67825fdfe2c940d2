"""Listening: for one address, or to everyone, as long as somebody wants to know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bumble import hci

from firmline.errors import TransportError
from firmline.links.base import Sighting
from firmline.links.bumble import commands
from firmline.links.bumble.address import from_bumble, kind_of
from firmline.links.bumble.failure import Failure, refused
from firmline.links.bumble.host import QuietHost
from firmline.links.gatt import parse_advertising
from firmline.values import RadioAddress

NO_RSSI = 127
"""A controller's word for a strength that it did not measure (Core spec, Vol 4, E, 7.7.65.2)."""
MAX_KINDS = 4096
"""Addresses whose kind is remembered; who passes by with a private address is soon another."""

Seen = Callable[[Sighting], None]


class Scanner:
    """Has the controller listen while somebody wants to know, and tells them.

    Args:
        host: The host of the controller; it was reset.
    """

    def __init__(self, host: QuietHost) -> None:
        self._host = host
        self._listens = False
        self._extended = False
        self._sought: dict[RadioAddress, list[asyncio.Future[Sighting | Failure]]] = {}
        self._listeners: list[tuple[Seen, asyncio.Future[Failure]]] = []
        self._kinds: dict[RadioAddress, hci.AddressType] = {}
        host.on("advertising_report", self._on_report)

    async def prepare(self) -> None:
        """Tell the controller how to listen.

        Raises:
            TransportError: NOT_AVAILABLE: it cannot.
        """
        self._extended = commands.is_extended(self._host)
        await self._host.ask(commands.scan_parameters(extended=self._extended), "to listen")

    def kind_of(self, address: RadioAddress) -> hci.AddressType | None:
        """Whether an address that was heard is random or public; ``None``: it was not."""
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

    async def hear(self, seen: Seen) -> TransportError:
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
        """Have the controller listen as long as somebody wants to know."""
        wanted = bool(self._sought or self._listeners)
        if wanted != self._listens:
            self._listens = wanted
            command = commands.scan_enable(on=wanted, extended=self._extended)
            self._host.post(command, self._on_answer if wanted else None)

    def _on_answer(self, status: int) -> None:
        if status:
            self.stop(refused(self._host.name, "to listen", status))

    def _on_report(
        self,
        report: hci.HCI_LE_Advertising_Report_Event.Report
        | hci.HCI_LE_Extended_Advertising_Report_Event.Report,
    ) -> None:
        address = from_bumble(report.address)
        if address not in self._kinds and len(self._kinds) >= MAX_KINDS:
            del self._kinds[next(iter(self._kinds))]
        self._kinds[address] = kind_of(report.address)
        waiting = self._sought.get(address, [])
        if not waiting and not self._listeners:
            return
        advertised = parse_advertising(report.data)
        sighting = Sighting(
            address=address,
            name=advertised.name,
            services=advertised.services,
            rssi_dbm=None if report.rssi == NO_RSSI else report.rssi,
            long_services=advertised.long_services,
        )
        for seen in waiting:
            if not seen.done():
                seen.set_result(sighting)
        for listener, _ in list(self._listeners):
            listener(sighting)
