"""Whatever a test wants to listen at a port of this computer, RFC 2217 servers among it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import serial
from serial.rfc2217 import PortManager

from unit.cli.program import PATIENCE_S

Serve = Callable[[socket.socket], None]
"""Carries out one connection; it is closed behind that."""


@contextmanager
def listening(serve: Serve) -> Iterator[int]:
    """A server of one client at a time; the number of its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        is_ended = threading.Event()

        def accept() -> None:
            while True:
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    if is_ended.is_set():
                        return
                    connection.settimeout(PATIENCE_S)
                    serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        where = server.getsockname()
        try:
            yield where[1]
        finally:
            is_ended.set()
            socket.create_connection(where).close()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def says(first: bytes = b"", then: bytes = b"") -> Serve:
    """Says something, hears something, says something else, and closes."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(first)
        connection.recv(4096)
        connection.sendall(then)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):  # what is closed unread would take with it what was said
            pass

    return serve


def hears(first: bytes = b"") -> Serve:
    """Says something when it is spoken to, and nothing more to whatever it hears."""

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(first)
        while connection.recv(4096):
            pass

    return serve


def echoes(connection: socket.socket) -> None:
    """Says what it hears."""
    while data := connection.recv(4096):
        connection.sendall(data)


def floods(connection: socket.socket) -> None:
    """Says more and more, whatever it hears."""
    while True:
        connection.sendall(bytes(65_536))


def closes(_connection: socket.socket) -> None:
    """Closes at once."""


class _Terminal(serial.Serial):
    """A pseudo-terminal as a port; it has no modem lines, and every speed."""

    cts = dsr = cd = dtr = rts = True
    ri = False
    fastest = 10_000_000

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "baudrate" and value > self.fastest:
            raise ValueError("this port is not as fast")
        super().__setattr__(name, value)


class _Network:
    """The connection as pyserial's server of RFC 2217 writes to it."""

    def __init__(self, connection: socket.socket) -> None:
        self.write = connection.sendall


def shares(
    pty: str,
    *,
    fastest: int = _Terminal.fastest,
    hangs_up_after: int | None = None,
    greets_late: bool = False,
) -> Serve:
    """Serves a pseudo-terminal by RFC 2217, as the example of pyserial does.

    Args:
        pty: Its path.
        fastest: The highest speed that it agrees to.
        hangs_up_after: Closes the connection after so many bytes from its client.
        greets_late: Begins to negotiate when the client has said something.
    """

    def serve(connection: socket.socket) -> None:
        if greets_late:
            connection.recv(1, socket.MSG_PEEK)
        with _Terminal(pty, timeout=0.02) as port:
            port.fastest = fastest
            manager = PortManager(port, _Network(connection))  # type: ignore[arg-type]
            is_ended = threading.Event()

            def read() -> None:
                with suppress(OSError):
                    while not is_ended.is_set():
                        data = port.read(port.in_waiting or 1)
                        connection.sendall(b"".join(manager.escape(data)))

            reader = threading.Thread(target=read)
            reader.start()
            size = 0
            try:
                while data := connection.recv(4096):
                    size += len(data)
                    if hangs_up_after is not None and size > hangs_up_after:
                        break
                    with suppress(TypeError):  # Telnet's commands, by one who does not speak it
                        port.write(b"".join(manager.filter(data)))
            finally:
                is_ended.set()
                reader.join(PATIENCE_S)

    return serve
