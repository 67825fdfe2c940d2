"""A port whose bytes are handed out no further than to the end of a frame at a time.

A session ends with the answer to the last EXECUTE, and whatever stands behind that answer is
somebody else's: the new application may print in the same breath.
"""

from __future__ import annotations

from firmline.links.base import PortConnection, Received
from firmline.protocol.channels import Channel
from firmline.protocol.slip import END


class FrameWisePort(PortConnection):
    """A :class:`~firmline.links.base.PortConnection` over another one.

    Args:
        port: The open port.
    """

    def __init__(self, port: PortConnection) -> None:
        self._port = port
        self._rest = b""

    async def write(self, channel: Channel, data: bytes) -> None:
        """As the port does."""
        await self._port.write(channel, data)

    async def receive(self, *, timeout_s: float) -> Received:
        """What comes next, up to the end of a frame where there is one."""
        if not self._rest:
            self._rest = (await self._port.receive(timeout_s=timeout_s)).data
        else:
            await self._port.flush()
        size = self._rest.find(END) + 1 or len(self._rest)
        data, self._rest = self._rest[:size], self._rest[size:]
        return Received(channel=Channel.SERIAL, data=data)

    async def flush(self) -> None:
        """As the port does."""
        await self._port.flush()

    def discard_input(self) -> None:
        """Throw away what is left here, and what is there."""
        self._rest = b""
        self._port.discard_input()

    def set_baud(self, baud: int) -> None:
        """As the port does."""
        self._port.set_baud(baud)

    def clear_to_send(self) -> bool | None:
        """As the port does."""
        return self._port.clear_to_send()

    async def close(self) -> None:
        """As the port does."""
        await self._port.close()
