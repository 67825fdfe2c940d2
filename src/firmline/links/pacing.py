"""A link slowed down to the pace of a real unit, for demonstrations.

A virtual unit without a timing model stores 150 kB in a twentieth of a second; nobody can watch
that. This wrapper lets object data through at a given rate and nothing else changes.
"""

from __future__ import annotations

import asyncio

from firmline.links.base import (
    Connection,
    DeviceInformation,
    Link,
    LinkCapabilities,
    Received,
    RemoteVersion,
    Sighting,
)
from firmline.protocol.channels import Channel
from firmline.values import BleAddress


class PacedLink(Link):
    """Another link whose connections take object data at ``bytes_per_s``."""

    def __init__(self, link: Link, *, bytes_per_s: float) -> None:
        self._link = link
        self._bytes_per_s = bytes_per_s

    @property
    def capabilities(self) -> LinkCapabilities:
        """Those of the link within."""
        return self._link.capabilities

    def now_s(self) -> float:
        """The clock of the link within."""
        return self._link.now_s()

    async def find(self, address: BleAddress, *, timeout_s: float) -> Sighting:
        """As the link within."""
        return await self._link.find(address, timeout_s=timeout_s)

    async def connect(self, address: BleAddress, *, timeout_s: float) -> Connection:
        """As the link within, paced."""
        connection = await self._link.connect(address, timeout_s=timeout_s)
        return PacedConnection(connection, self)

    async def close(self) -> None:
        """As the link within."""
        await self._link.close()

    def duration_s(self, size: int) -> float:
        """How long ``size`` bytes take."""
        return size / self._bytes_per_s


class PacedConnection(Connection):
    """Another connection; each packet waits until the one before it is through."""

    def __init__(self, connection: Connection, link: PacedLink) -> None:
        self._connection = connection
        self._link = link
        self._free_at_s = 0.0

    @property
    def peer(self) -> BleAddress:
        """As the connection within."""
        return self._connection.peer

    @property
    def channels(self) -> frozenset[Channel]:
        """As the connection within."""
        return self._connection.channels

    @property
    def mtu(self) -> int:
        """As the connection within."""
        return self._connection.mtu

    async def write(self, channel: Channel, data: bytes) -> None:
        """As the connection within, at the pace of the link."""
        await self._connection.write(channel, data)
        if channel is Channel.PACKET:
            now_s = self._link.now_s()
            self._free_at_s = max(self._free_at_s, now_s) + self._link.duration_s(len(data))
            await asyncio.sleep(self._free_at_s - now_s)

    async def receive(self, *, timeout_s: float) -> Received:
        """As the connection within."""
        return await self._connection.receive(timeout_s=timeout_s)

    async def device_information(self) -> DeviceInformation:
        """As the connection within."""
        return await self._connection.device_information()

    async def remote_version(self, *, timeout_s: float) -> RemoteVersion:
        """As the connection within."""
        return await self._connection.remote_version(timeout_s=timeout_s)

    async def wait_closed(self, *, timeout_s: float) -> int | None:
        """As the connection within."""
        return await self._connection.wait_closed(timeout_s=timeout_s)

    async def close(self) -> None:
        """As the connection within."""
        await self._connection.close()
