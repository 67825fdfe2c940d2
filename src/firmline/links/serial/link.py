"""A serial port as the updater sees it: a road to whatever is at its other end."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from firmline.errors import (
    Code,
    LocalProtocolError,
    RemoteProtocolError,
    TransportError,
    TransportReason,
)
from firmline.links.base import Received, SerialCapabilities
from firmline.links.serial.descriptor import open_descriptor
from firmline.links.serial.options import FlowControl, SerialOptions
from firmline.links.serial.threaded import open_threaded
from firmline.links.serial.wire import Wire
from firmline.protocol.channels import Channel

BLOCK_SIZE: Final = 4096
"""Frames are gathered up to so many bytes before they are written; what is gathered is written
before an answer is waited for. Ours: as many as a serial port of Linux keeps."""
MAX_UNHEARD: Final = 1 << 20
"""Bytes that may wait to be received. Ours: a unit answers what it is asked with some bytes; so
many come in 10 s from one that says nothing else, at 1 Mbit/s."""
BITS_PER_BYTE: Final = 10
"""8N1 (bootloader spec, section 13)."""

OpenWire = Callable[[], Awaitable[Wire]]


class SerialLink:
    """A :class:`~firmline.links.base.PortLink`.

    Args:
        name: Of the port, as the user named it.
        open_wire: Opens what carries the bytes.
        capabilities: What the port can do.
    """

    def __init__(self, *, name: str, open_wire: OpenWire, capabilities: SerialCapabilities) -> None:
        self._name = name
        self._open_wire = open_wire
        self._capabilities = capabilities
        self._loop = asyncio.get_running_loop()

    @property
    def name(self) -> str:
        """The port, as the user named it."""
        return self._name

    @property
    def capabilities(self) -> SerialCapabilities:
        """What this port can do."""
        return self._capabilities

    def now_s(self) -> float:
        """The event loop's clock."""
        return self._loop.time()

    async def open(self) -> SerialConnection:
        """Open the port, for us alone where the system can do that; nothing is heard yet.

        Raises:
            TransportError: NOT_AVAILABLE.
        """
        wire = await self._open_wire()
        return SerialConnection(wire, name=self._name, baud=self._capabilities.baud)


class SerialConnection:
    """A :class:`~firmline.links.base.PortConnection`.

    Args:
        wire: What carries the bytes.
        name: Of the port.
        baud: Bits per second; ``None``: the road has no byte times.
    """

    def __init__(self, wire: Wire, *, name: str, baud: int | None) -> None:
        self._wire = wire
        self._name = name
        self._baud = baud
        self._loop = asyncio.get_running_loop()
        self._gathered = bytearray()
        self._heard: deque[bytes] = deque()
        self._heard_size = 0
        self._is_flooded = False
        self._lost: TransportError | None = None
        self._something = asyncio.Event()
        self._sent_by_s = self._loop.time()
        """When all that was written has left, at the port's speed. It has when an answer comes: a
        port of a network or a pseudo-terminal is faster than it says."""
        wire.listen(self._hear, self._end)

    async def write(self, channel: Channel, data: bytes) -> None:
        """Gather frames, and write them many at a time."""
        if channel is not Channel.SERIAL:
            raise LocalProtocolError(f"A serial port has no channel {channel}.")
        self._gathered += data
        if len(self._gathered) >= BLOCK_SIZE:
            await self.flush()

    async def flush(self) -> None:
        """Write what is gathered."""
        if not self._gathered:
            return
        data = bytes(self._gathered)
        self._gathered.clear()
        if self._lost is not None and not self._heard:
            raise self._lost
        byte_s = BITS_PER_BYTE / self._baud if self._baud else 0.0
        self._sent_by_s = max(self._sent_by_s, self._loop.time()) + len(data) * byte_s
        try:
            await self._wire.write(data)
        except TransportError as error:
            self._lost = self._lost or error
            raise

    async def receive(self, *, timeout_s: float) -> Received:
        """What the unit sends next, in the pieces in which it comes.

        The time counts from when what was written has left, as far as the port's speed tells that.

        Raises:
            TransportError: TIMEOUT or LOST.
            RemoteProtocolError: More came than anybody asked for; what came is not whole any more.
        """
        await self.flush()
        if self._is_flooded:
            raise RemoteProtocolError(
                Code.ANSWER_UNEXPECTED,
                f"What is at {self._name} sent more than {MAX_UNHEARD >> 20} MiB that nobody asked"
                " for.",
            )
        if not self._heard and self._lost is None:
            await self._wait(timeout_s)
        if self._heard:
            data = self._heard.popleft()
            self._heard_size -= len(data)
            return Received(channel=Channel.SERIAL, data=data)
        if self._lost is None:
            raise LocalProtocolError("A wait ended with nothing heard and nothing lost.")
        raise self._lost

    def discard_input(self) -> None:
        """Throw away what was heard and what was not yet written."""
        self._heard.clear()
        self._heard_size = 0
        self._is_flooded = False
        self._gathered.clear()

    def set_baud(self, baud: int) -> None:
        """Go on at another speed; a road without byte times keeps none."""
        if self._baud is not None and baud != self._baud:
            self._wire.set_baud(baud)
            self._baud = baud

    def clear_to_send(self) -> bool | None:
        """Whether the other side lets us send (CTS); ``None``: the port does not tell."""
        return self._wire.clear_to_send()

    async def close(self) -> None:
        """Give the port back; harmless when done before."""
        await self._wire.close()

    async def _wait(self, timeout_s: float) -> None:
        self._something.clear()
        until_s = max(self._sent_by_s, self._loop.time()) + timeout_s
        try:
            async with asyncio.timeout_at(until_s):
                await self._something.wait()
        except TimeoutError:
            raise TransportError(
                Code.LINK_TIMEOUT,
                f"The unit at {self._name} did not answer within {timeout_s:g} s.",
                reason=TransportReason.TIMEOUT,
            ) from None

    def _hear(self, data: bytes) -> None:
        if self._heard_size + len(data) > MAX_UNHEARD:
            self._is_flooded = True
        else:
            self._heard.append(data)
            self._heard_size += len(data)
        self._sent_by_s = min(self._sent_by_s, self._loop.time())
        self._something.set()

    def _end(self, error: TransportError) -> None:
        self._lost = error
        self._something.set()


def serial_link(options: SerialOptions, *, over_usb: bool = False) -> SerialLink:
    """The link over a port of this computer, or over a URL; nothing is opened yet.

    Args:
        options: How the port is opened.
        over_usb: The port is the unit's own USB: its bytes have no times, and USB itself holds
            back what the unit cannot take.
    """
    in_loop = sys.platform != "win32" and not options.is_url
    has_byte_times = not over_usb and (not options.is_url or options.is_rfc2217)

    async def open_wire() -> Wire:
        return open_descriptor(options) if in_loop else await open_threaded(options)

    capabilities = SerialCapabilities(
        baud=options.baud if has_byte_times else None,
        flow_control=over_usb or options.flow is FlowControl.RTSCTS,
        exclusive=not options.is_url,
    )
    return SerialLink(name=options.port, open_wire=open_wire, capabilities=capabilities)
