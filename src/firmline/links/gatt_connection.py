"""The part of a connection over GATT in which no stack has a share: what arrives, and what is read.

A backend adopts what it has discovered, hands over what arrives, and says when the link is gone;
whoever waits is woken by any of them.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

from firmline.errors import Code, RemoteProtocolError, TransportError
from firmline.links.base import Connection, DeviceInformation, Received
from firmline.links.gatt import (
    BATTERY_LEVEL,
    BATTERY_SERVICE,
    DEVICE_INFORMATION_SERVICE,
    INFORMATION_FIELDS,
    battery_percent,
    information_from,
    timed_out,
)
from firmline.protocol.channels import Channel
from firmline.values import RadioAddress

_Place = TypeVar("_Place")
"""What a backend reads a value by: a handle, or an object of its stack."""
Loss = Callable[[], TransportError]
"""Makes the error of a lost link, anew for everyone who meets it."""
MAX_UNHEARD: Final = 1024
"""Notifications that may wait to be received. Ours: a unit says one for each request, and one for
each eight packets at the most; so many come in a second from one that says nothing else."""
_INFORMATION: Final = f"{DEVICE_INFORMATION_SERVICE:04X}"
_BATTERY: Final = f"{BATTERY_SERVICE:04X}"


class GattConnection(Connection, Generic[_Place]):
    """What the backends of :class:`firmline.links.base.Connection` have in common.

    Args:
        peer: The unit.
    """

    def __init__(self, peer: RadioAddress) -> None:
        self._peer = peer
        self._services: frozenset[str] = frozenset()
        self._information: dict[int, _Place] = {}
        self._battery: _Place | None = None
        self._inbox: deque[Received] = deque()
        self._is_flooded = False
        self._changed = asyncio.Event()
        self._loss: Loss | None = None
        self._reason: int | None = None

    # What it is.

    @property
    def peer(self) -> RadioAddress:
        """What the unit is connected under."""
        return self._peer

    @property
    def services(self) -> frozenset[str]:
        """UUIDs of all services the unit offers."""
        return self._services

    @property
    def lost(self) -> bool:
        """Whether the connection is gone."""
        return self._loss is not None

    def _adopt_values(self, service: str, found: Mapping[str, _Place]) -> None:
        """Remember where what a service tells can be read; others than the two known are left.

        Args:
            service: Its UUID, as upper-case text.
            found: Its characteristics, by their UUIDs likewise.
        """
        if service == _INFORMATION:
            self._information = {
                number: found[f"{number:04X}"]
                for number in INFORMATION_FIELDS
                if f"{number:04X}" in found
            }
        elif service == _BATTERY:
            self._battery = found.get(f"{BATTERY_LEVEL:04X}")

    # What it says.

    async def receive(self, *, timeout_s: float) -> Received:
        """The next notification or indication; see the contract in ``links.base``.

        Raises:
            TransportError: TIMEOUT or LOST.
            RemoteProtocolError: The unit has said more than anybody asked; what it says is not
                whole any more.
        """
        if self._is_flooded:
            raise RemoteProtocolError(
                Code.ANSWER_UNEXPECTED,
                f"{self._peer} sent more than {MAX_UNHEARD} notifications that nobody asked for.",
            )
        try:
            async with asyncio.timeout(timeout_s):
                while not self._inbox:
                    await self._change()
        except TimeoutError:
            raise timed_out(self._peer, "say anything", timeout_s) from None
        return self._inbox.popleft()

    async def device_information(self) -> DeviceInformation:
        """Read the Device Information Service; all ``None`` where the unit has none.

        A string that is listed but not readable is not offered either.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT.
        """
        values: dict[int, bytes] = {}
        for uuid, place in self._information.items():
            name = INFORMATION_FIELDS[uuid].replace("_", " ")
            value = await self._read(place, f"a read of its {name}")
            if value is not None:
                values[uuid] = value
        return information_from(values)

    async def battery_level(self) -> int | None:
        """Read the Battery Service, percent; ``None`` where the unit has none.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT.
        """
        if self._battery is None:
            return None
        value = await self._read(self._battery, "a read of its battery level")
        return None if value is None else battery_percent(value)

    @abstractmethod
    async def _read(self, place: _Place, what: str) -> bytes | None:
        """Read a value; ``None`` where the unit does not offer it after all.

        Args:
            place: Where it is.
            what: What is read, for messages.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT.
        """

    # The end.

    async def wait_closed(self, *, timeout_s: float) -> int | None:
        """Wait until the unit has dropped the link; the HCI reason, where the stack tells it."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.until_lost()
        except TimeoutError:
            raise timed_out(self._peer, "drop the link", timeout_s) from None
        return self._reason

    async def until_lost(self) -> None:
        """Wait until the connection is gone, however long that takes."""
        while self._loss is None:
            self._changed.clear()
            await self._changed.wait()

    # What a backend hands over, and waits with.

    def _arrived(self, channel: Channel, data: bytes) -> None:
        """Bytes came on a channel; those of a unit that does not stop are not kept."""
        if len(self._inbox) >= MAX_UNHEARD:
            self._is_flooded = True
            return
        self._inbox.append(Received(channel=channel, data=data))
        self._changed.set()

    def _lose(self, loss: Loss, reason: int | None) -> None:
        """The link is gone: whoever waits is told, after what has arrived is handed out."""
        if self._loss is None:
            self._loss, self._reason = loss, reason
            self._changed.set()

    def _check(self) -> None:
        """Raise LOST if the link is gone."""
        if self._loss is not None:
            raise self._loss()

    async def _change(self) -> None:
        """Wait until anything has changed; LOST if the link is gone."""
        self._check()
        self._changed.clear()
        await self._changed.wait()
