"""A port at another computer, by RFC 2217 (Telnet's COM port option), as pyserial speaks it.

pyserial gives up where no such server answers, and forgets what it has heard until then: here that
is kept, as nothing tells better what listens there instead.
"""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, Queue
from typing import Final

from serial import rfc2217
from serial.serialutil import SerialException

from firmline.errors import Code, TransportError, TransportReason, shortened
from firmline.links.serial.options import FlowControl, SerialOptions
from firmline.links.serial.problems import CHECK_HOST, cannot_open
from firmline.links.serial.text import said

_NO_SUCH_SERVER: Final = (
    f"{CHECK_HOST} A server that passes the bytes on as they are is serial:socket://HOST:PORT."
)

MAX_UNREAD: Final = 1024
"""Pieces, mostly bytes, that are kept of it; ours: more than a message shows."""


class NetworkPort(rfc2217.Serial):
    """A port of a server that speaks RFC 2217.

    Attributes:
        unread: What came besides the protocol and nobody has read; known when it is closed.
        is_left: Whether the server had closed the connection by then.
    """

    unread = b""
    is_left = False

    def _telnet_read_loop(self) -> None:
        """In pyserial's thread: what makes no sense ends it, without a traceback."""
        with suppress(TypeError, ValueError):
            super()._telnet_read_loop()  # type: ignore[misc] # its stubs have no private names

    def close(self) -> None:
        """Close the port, and keep what nobody has read."""
        arrived: Queue[bytes | None] = getattr(self, "_read_buffer", None) or Queue()
        with suppress(Empty):
            for _ in range(MAX_UNREAD):  # what sends all the time would never be read to its end
                piece = arrived.get_nowait()
                self.is_left |= piece is None
                self.unread += piece or b""
        super().close()


def open_network_port(options: SerialOptions, *, timeout_s: float) -> NetworkPort:
    """Open a port of a server.

    Args:
        options: The port.
        timeout_s: How long a read waits for a byte.

    Raises:
        TransportError: NOT_AVAILABLE, with the reason.
    """
    # pyserial refuses a longest time for a write; its socket has one, 5 s.
    port = NetworkPort(
        baudrate=options.baud, rtscts=options.flow is FlowControl.RTSCTS, timeout=timeout_s
    )
    port.port = options.port
    try:
        port.open()
    except (OSError, ValueError) as problem:
        if problem.__context__ is not None:  # there is no connection
            raise cannot_open(options.port, problem) from None
        raise _no_such_port(port, options, problem) from None
    return port


def _no_such_port(port: NetworkPort, options: SerialOptions, problem: Exception) -> TransportError:
    """The error of a server that was reached and gives us no port, in pyserial's words."""
    name, words = shortened(options.port), str(problem)
    code, hint = Code.PORT_FAILED, ""
    if isinstance(problem, ValueError):
        if "baudrate" in words:
            says = f"The server of {name} refuses {options.baud} bits per second."
            hint = "Give the speed of the unit's bootloader with baud=; if it is that, the port"
            hint += " there cannot go at it."
        else:
            says = f"The server of {name} refuses what its port is to be set to ({words})."
            hint = "Write flow=none where RTS and CTS are not wired there."
    elif isinstance(problem, SerialException) and words.startswith("timeout while waiting"):
        does = "closes the connection" if port.is_left else "gives no answer"
        says = f"The server of {name} {does} when its port is set ({words})."
    else:
        code, hint = Code.PORT_NONSENSE, _NO_SUCH_SERVER
        says = f"What listens at {name} does not speak RFC 2217{_instead(port, problem)}."
    return TransportError(code, says, reason=TransportReason.NOT_AVAILABLE, hint=hint)


def _instead(port: NetworkPort, problem: Exception) -> str:
    """What it does instead, behind "does not speak RFC 2217"."""
    does = [said(port.unread)] if port.unread else []
    if port.is_left or isinstance(problem, ConnectionError):
        does.append("closes the connection")
    return f": it {' and '.join(does)}" if does else ""
