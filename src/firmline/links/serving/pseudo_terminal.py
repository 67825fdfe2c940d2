"""What has a port, behind a pseudo-terminal: programs open it as they open a serial port."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from typing import Final, Protocol

from firmline.errors import Code, TransportError, TransportReason

READ_SIZE: Final = 1024


class PortDriver(Protocol):
    """What has a port: a serial unit, or a dongle."""

    def plug(self, send: Callable[[bytes], None]) -> None:
        """From now on its bytes go there."""

    def unplug(self) -> None:
        """From now on nobody hears it."""

    def feed(self, data: bytes) -> None:
        """The client sends."""

    async def room(self) -> None:
        """Wait until the client may send more."""


@asynccontextmanager
async def serve_on_pty(driver: PortDriver) -> AsyncIterator[str]:
    """Open a pseudo-terminal in raw mode; the path that clients open.

    Our own end of their side stays open, so that clients can come and go; none of this can be seen.

    Raises:
        TransportError: NOT_AVAILABLE; this computer has none (Windows), or none is left.
    """
    ours, theirs = _open()
    try:
        os.set_blocking(ours, False)
        driver.plug(_Sender(ours).send)
        reading = asyncio.create_task(_read(ours, driver))
        try:
            yield os.ttyname(theirs)
        finally:
            driver.unplug()
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
    finally:
        os.close(ours)
        os.close(theirs)


def _open() -> tuple[int, int]:
    """Both ends, without echo and translation of line ends."""
    if find_spec("termios") is None:
        raise _not_available("This computer has no pseudo-terminals.")
    import tty  # noqa: PLC0415 - not on Windows

    try:
        ours, theirs = os.openpty()
    except OSError as problem:
        raise _not_available(f"No pseudo-terminal can be opened: {problem.strerror}.") from None
    tty.setraw(theirs)
    return ours, theirs


class _Sender:
    """Writes to the pseudo-terminal; what nobody reads is lost, as on a wire."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, data: bytes) -> None:
        """Write what there is room for."""
        with suppress(BlockingIOError):
            os.write(self._descriptor, data)


async def _read(descriptor: int, driver: PortDriver) -> None:
    """Hand over what clients write, no faster than the unit's line takes it."""
    while True:
        await driver.room()
        await _readable(descriptor)
        with suppress(BlockingIOError):
            driver.feed(os.read(descriptor, READ_SIZE))


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)


def _not_available(message: str) -> TransportError:
    return TransportError(
        Code.LINK_NOT_AVAILABLE,
        message,
        reason=TransportReason.NOT_AVAILABLE,
        hint="Serve the unit with --on tcp:0, to which pyserial connects as socket://HOST:PORT.",
    )
