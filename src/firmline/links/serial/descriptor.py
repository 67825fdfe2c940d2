"""A device of a POSIX system: read and written in the event loop, without threads."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from firmline.links.serial.options import FlowControl, SerialOptions
from firmline.links.serial.problems import blocked, cannot_open, extra_missing, lost, no_such_speed
from firmline.links.serial.wire import READ_SIZE, OnData, OnLost

if TYPE_CHECKING:
    import serial


def _terminal_errors() -> tuple[type[Exception], ...]:
    """What pyserial lets through of the system's terminals, where there are such."""
    try:
        import termios  # noqa: PLC0415 - not on Windows, where this module is read and never used
    except ImportError:
        return ()
    return (termios.error,)


PORT_ERRORS: Final[tuple[type[Exception], ...]] = (
    OSError,
    ValueError,
    NotImplementedError,
    *_terminal_errors(),
)
"""What pyserial raises of a port that is not there, not willing or not there any more; its own
errors are OSErrors."""
STALLED_S: Final = 5.0
"""A port that takes no byte for so long is blocked. Ours: a unit lets nothing in while it erases a
page (90 ms), and at 1200 baud a full port has room again after milliseconds."""


def open_descriptor(options: SerialOptions) -> DescriptorWire:
    """Open a device, for us alone and with nothing heard yet.

    Raises:
        TransportError: NOT_AVAILABLE, with the reason.
    """
    try:
        import serial  # noqa: PLC0415 - an optional part
    except ImportError:
        raise extra_missing() from None
    try:
        port = serial.Serial(
            options.port,
            baudrate=options.baud,
            rtscts=options.flow is FlowControl.RTSCTS,
            timeout=0,
            write_timeout=0,
            exclusive=True,
        )
    except PORT_ERRORS as problem:
        raise cannot_open(options.port, problem) from None
    return DescriptorWire(port)


class DescriptorWire:
    """A :class:`~firmline.links.serial.wire.Wire` over a file descriptor.

    pyserial opens the device and sets its speed; the bytes pass it by, many at a time.

    Args:
        port: The open port.
    """

    def __init__(self, port: serial.Serial) -> None:
        self._port = port
        self._name = str(port.port)
        self._descriptor = port.fileno()
        os.set_blocking(self._descriptor, False)
        self._loop = asyncio.get_running_loop()
        self._on_data: OnData = lambda _data: None
        self._on_lost: OnLost = lambda _error: None
        self._is_open = True

    def listen(self, on_data: OnData, on_lost: OnLost) -> None:
        """Tell what arrives."""
        self._on_data, self._on_lost = on_data, on_lost
        self._loop.add_reader(self._descriptor, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, READ_SIZE)
        except BlockingIOError:
            return
        except OSError as problem:
            self._end(problem)
            return
        if data:
            self._on_data(data)
        else:
            self._end(None)

    def _end(self, problem: OSError | None) -> None:
        """The device is gone."""
        self._loop.remove_reader(self._descriptor)
        self._on_lost(lost(self._name, problem))

    async def write(self, data: bytes) -> None:
        """Write all of it, waiting where the system's buffer is full."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                await self._writable()
            except OSError as problem:
                raise lost(self._name, problem) from None

    async def _writable(self) -> None:
        ready = asyncio.Event()
        self._loop.add_writer(self._descriptor, ready.set)
        try:
            async with asyncio.timeout(STALLED_S):
                await ready.wait()
        except TimeoutError:
            raise blocked(self._name, STALLED_S) from None
        finally:
            self._loop.remove_writer(self._descriptor)

    def set_baud(self, baud: int) -> None:
        """Go on at another speed."""
        try:
            self._port.baudrate = baud
        except PORT_ERRORS as problem:
            raise no_such_speed(self._name, baud, problem) from None

    def clear_to_send(self) -> bool | None:
        """The line CTS; pseudo-terminals have none."""
        try:
            return bool(self._port.cts)
        except PORT_ERRORS:
            return None

    async def close(self) -> None:
        """Close the device; a close would wait for what its flow control holds back."""
        if not self._is_open:
            return
        self._is_open = False
        self._loop.remove_reader(self._descriptor)
        with suppress(*PORT_ERRORS):
            self._port.reset_output_buffer()
        with suppress(*PORT_ERRORS):
            self._port.close()
