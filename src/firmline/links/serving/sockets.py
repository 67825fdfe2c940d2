"""Listening sockets, on 127.0.0.1 or at a path, and the clients that come to them."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

from firmline.errors import Code, InputError, TransportError, TransportReason, shortened

HOST: Final = "127.0.0.1"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Serves one client until it leaves."""


@contextmanager
def listen_on_port(port: int) -> Iterator[socket.socket]:
    """A socket on this computer's own address.

    Args:
        port: 0: any that is free.

    Raises:
        TransportError: NOT_AVAILABLE; the port is taken, or not for everyone.
    """
    try:
        listening = socket.create_server((HOST, port))
    except OSError as problem:
        # Python's own text names the address once more.
        why = os.strerror(problem.errno).lower() if problem.errno else str(problem)
        raise TransportError(
            Code.LINK_NOT_AVAILABLE,
            f"TCP port {port} cannot be served: {why}.",
            reason=TransportReason.NOT_AVAILABLE,
            hint="Give another port, or 0 for one that is free.",
        ) from None
    with listening:
        yield listening


@contextmanager
def listen_at_path(path: str) -> Iterator[socket.socket]:
    """A unix socket that its owner alone can use; its file is removed at the end.

    A socket file that a dead server has left is replaced.

    Raises:
        InputError: ``FILE_EXISTS`` or ``FILE_NOT_WRITABLE``.
        TransportError: NOT_AVAILABLE; no unix sockets here, or another server is there.
    """
    if not _has_unix_sockets():
        raise TransportError(
            Code.LINK_NOT_AVAILABLE,
            "This computer has no unix sockets.",
            reason=TransportReason.NOT_AVAILABLE,
            hint="Serve the unit with --on hci-tcp:0.",
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        _remove_stale(path)
        _bind(listening, path)
        made = _identity(path)
        try:
            listening.listen()
            yield listening
        finally:
            # Another server may have put its own there in the meantime.
            if _identity(path) == made:
                Path(path).unlink(missing_ok=True)


def _has_unix_sockets() -> bool:
    """Python for Windows has none."""
    return hasattr(socket, "AF_UNIX")


def _bind(listening: socket.socket, path: str) -> None:
    # The mode a socket gets from bind() is what the mask leaves: no moment with a wider one.
    mask = os.umask(0o177)
    try:
        listening.bind(path)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise _exists(path) from None
        raise _not_writable(path, problem) from None
    except ValueError as problem:
        raise _not_writable(path, problem) from None
    finally:
        os.umask(mask)


def _remove_stale(path: str) -> None:
    """Remove the socket of a server that is dead; anything else is left as it is."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as problem:
        raise _not_writable(path, problem) from None
    if not stat.S_ISSOCK(mode):
        raise _exists(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as question:
        try:
            question.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink(missing_ok=True)
            return
        except OSError as problem:
            raise _not_writable(path, problem) from None
    raise TransportError(
        Code.LINK_NOT_AVAILABLE,
        f"Another program is listening at {shortened(path)}.",
        reason=TransportReason.NOT_AVAILABLE,
        hint="End it, or give another path.",
    )


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _exists(path: str) -> InputError:
    return InputError(
        Code.FILE_EXISTS,
        f"{shortened(path)} is already there, is no socket, and was left as it is.",
        hint="Give a path where nothing is.",
    )


def _not_writable(path: str, problem: OSError | ValueError) -> InputError:
    why = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return InputError(
        Code.FILE_NOT_WRITABLE,
        f"No socket can be made at {shortened(path)}: {why.lower()}.",
        hint="Give a path in a folder that is there and yours to write to; the whole of it has at"
        " most about 100 characters.",
    )


@asynccontextmanager
async def accepting(listening: socket.socket, serve: Serve) -> AsyncIterator[None]:
    """Serve every client that comes; at the end, all of them are sent away.

    Args:
        listening: Where; closed at the end.
        serve: Serves one client. That its connection breaks ends it without an error.
    """
    clients: set[asyncio.Task[None]] = set()

    def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_serve(reader, writer, serve))
        clients.add(task)
        task.add_done_callback(clients.discard)

    server = await asyncio.start_server(greet, sock=listening)
    try:
        yield
    finally:
        server.close()
        leaving = list(clients)
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        await server.wait_closed()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, serve: Serve) -> None:
    taken = writer.get_extra_info("socket")
    if taken.family == socket.AF_INET:
        # asyncio leaves it out where a listening socket does not name its protocol: each answer
        # would wait 40 ms for the client's next acknowledgement.
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with suppress(ConnectionError):  # it has gone, without taking leave
            await serve(reader, writer)
            writer.close()
            await writer.wait_closed()
    finally:
        # For whoever is sent away: one that does not read would hold up the end of everything.
        writer.transport.abort()
