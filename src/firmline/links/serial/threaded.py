"""A port that an event loop cannot wait for: read in a thread of its own.

This is the way on Windows, and everywhere for the URLs of pyserial (``rfc2217://``, ``socket://``,
``loop://``). The code is the same; on Windows itself our suite does not run.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

from firmline.errors import TransportError
from firmline.links.serial.descriptor import PORT_ERRORS, STALLED_S
from firmline.links.serial.options import FlowControl, SerialOptions
from firmline.links.serial.problems import blocked, cannot_open, extra_missing, lost, no_such_speed
from firmline.links.serial.wire import OnData, OnLost

if TYPE_CHECKING:
    import serial

LOOKS_UP_S: Final = 0.05
"""How long the reading thread waits for a byte before it looks whether it is still wanted."""


async def open_threaded(options: SerialOptions) -> ThreadedWire:
    """Open a port or a URL.

    Raises:
        TransportError: NOT_AVAILABLE, with the reason.
    """
    try:
        import serial  # noqa: PLC0415 - an optional part
    except ImportError:
        raise extra_missing() from None

    def open_port() -> serial.Serial:
        # What stands for the port has its methods. Exclusive is the only way that Windows has.
        if options.is_rfc2217:
            from firmline.links.serial.network import open_network_port  # noqa: PLC0415 - likewise

            return cast("serial.Serial", open_network_port(options, timeout_s=LOOKS_UP_S))
        port: serial.Serial = serial.serial_for_url(
            options.port,
            baudrate=options.baud,
            rtscts=options.flow is FlowControl.RTSCTS,
            timeout=LOOKS_UP_S,
            write_timeout=STALLED_S,
        )
        return port

    try:
        port = await asyncio.to_thread(open_port)
    except PORT_ERRORS as problem:
        raise cannot_open(options.port, problem) from None
    return ThreadedWire(port, options.port)


class ThreadedWire:
    """A :class:`~firmline.links.serial.wire.Wire` over a port of pyserial.

    Args:
        port: The open port.
        name: As the user named it.
    """

    def __init__(self, port: serial.Serial, name: str) -> None:
        self._port = port
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._ending = threading.Event()
        self._reader: threading.Thread | None = None
        self._writing: asyncio.Future[int | None] | None = None
        """The last write: a thread goes on with it when nobody waits for it any more."""
        self._on_data: OnData = lambda _data: None
        self._on_lost: OnLost = lambda _error: None

    def listen(self, on_data: OnData, on_lost: OnLost) -> None:
        """Tell what arrives."""
        self._on_data, self._on_lost = on_data, on_lost
        self._reader = threading.Thread(target=self._read, name=self._name, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        """In the thread: one byte is waited for, the others that are there come with it."""
        problem: Exception | None = None
        while not self._ending.is_set() and problem is None:
            data = b""
            try:
                data = self._port.read(1)
                if data:
                    data += self._port.read(self._port.in_waiting)
            # A port that is closed or gone under its reader answers with whatever it stumbles over.
            except Exception as caught:  # noqa: BLE001
                problem = caught  # what had come before is told all the same
            if data:
                self._tell(self._on_data, data)
        if problem is not None and not self._ending.is_set():
            self._tell(self._on_lost, lost(self._name, problem))

    def _tell(self, listener: OnData | OnLost, what: bytes | TransportError) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(listener, what)  # type: ignore[arg-type]

    async def write(self, data: bytes) -> None:
        """Write all of it, in a thread: a port may block."""
        import serial  # noqa: PLC0415 - an optional part; it is there, the port is open

        self._writing = self._loop.run_in_executor(None, self._port.write, data)
        self._writing.add_done_callback(_fetched)
        try:
            await asyncio.shield(self._writing)
        except serial.SerialTimeoutException:
            raise blocked(self._name, STALLED_S) from None
        except PORT_ERRORS as problem:
            if isinstance(problem.__context__, TimeoutError):  # as RFC 2217 has it
                raise blocked(self._name, STALLED_S) from None
            raise lost(self._name, problem) from None
        if self._ending.is_set():
            raise lost(self._name)

    def set_baud(self, baud: int) -> None:
        """Go on at another speed."""
        try:
            self._port.baudrate = baud
        except PORT_ERRORS as problem:
            raise no_such_speed(self._name, baud, problem) from None

    def clear_to_send(self) -> bool | None:
        """The line CTS, where it tells something: URLs make it up."""
        return None

    async def close(self) -> None:
        """End the threads, then close the port: none of them uses one that is closed."""
        if self._ending.is_set():
            return
        self._ending.set()
        await self._end_write()
        with suppress(Exception):  # whatever a port that is gone answers
            await asyncio.to_thread(self._port.reset_output_buffer)  # a server is asked for it
        if self._reader is not None:
            await asyncio.to_thread(self._reader.join)
        with suppress(Exception):
            await asyncio.to_thread(self._port.close)

    async def _end_write(self) -> None:
        """Break off a write that a thread is still at; a URL's has to come to its own end."""
        if self._writing is None or self._writing.done():
            return
        with suppress(Exception):  # ports that are gone, and URLs, which have no such method
            self._port.cancel_write()
        await asyncio.wait([self._writing], timeout=STALLED_S)


def _fetched(writing: asyncio.Future[int | None]) -> None:
    """How a write ended is of no interest where nobody waits for it any more."""
    if not writing.cancelled():
        writing.exception()
