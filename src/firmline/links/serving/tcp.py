"""A serial unit behind a TCP port: the bytes of its serial line, raw (pyserial's socket://)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from firmline.links.serving.serial_driver import SerialDriver
from firmline.links.serving.sockets import HOST, accepting, listen_on_port
from firmline.links.serving.witness import Witness

READ_SIZE: Final = 1024
MAX_UNREAD: Final = 65_536
"""Bytes of answers that are kept for a client which does not read them."""


@asynccontextmanager
async def serve_on_tcp(driver: SerialDriver, port: int, *, witness: Witness) -> AsyncIterator[str]:
    """Listen on a port, one client at a time, the next after it; ``HOST:PORT``.

    Raises:
        TransportError: NOT_AVAILABLE; the port is taken, or not for everyone.
    """
    turn = asyncio.Lock()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with turn:
            witness.client("connected")
            driver.plug(lambda data: _send(writer, data))
            try:
                while data := await reader.read(READ_SIZE):
                    driver.feed(data)
                    await driver.room()
                # A client that has only ended its own side still waits for answers.
                await driver.quiet()
                await writer.drain()
            finally:
                driver.unplug()
                witness.client("left")

    with listen_on_port(port) as listening:
        chosen = listening.getsockname()[1]
        async with accepting(listening, serve):
            yield f"{HOST}:{chosen}"


def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send what is not too much already; a wire does not wait for its reader."""
    if writer.transport.get_write_buffer_size() < MAX_UNREAD:
        writer.write(data)
