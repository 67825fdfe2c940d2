"""Serving an application in the event loop that runs already, until somebody ends it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from starlette.applications import Starlette
from uvicorn import Config, Server

from firmline.web.rooms import Room
from firmline.web.tls import Tls

END_S: Final = 2
"""How long answers that are under way are waited for at the end, seconds; ours."""
KEEP_ALIVE_S: Final = 75
"""How long a browser may keep a connection that it does not use, seconds; ours: in the time of
virtual units it is shorter."""
MOST_AT_ONCE: Final = 512
"""Connections; ours. More are answered with 503."""


class _Server(Server):
    """Uvicorn without its signal handlers: the program has its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


@asynccontextmanager
async def serving(
    app: Starlette, listener: socket.socket, *, tls: Tls | None = None
) -> AsyncIterator[None]:
    """Serve on a socket that listens; at the end, answers are brought to theirs.

    Args:
        app: What is served.
        listener: Where; it is closed at the end.
        tls: How it is encrypted; ``None``: it passes in the clear.
    """
    logging.getLogger("uvicorn.error").propagate = False
    server = _Server(
        Config(
            app,
            access_log=False,
            http="h11",
            lifespan="off",
            limit_concurrency=MOST_AT_ONCE,
            log_config=None,
            log_level=logging.CRITICAL,
            proxy_headers=False,
            server_header=False,
            ssl_certfile=None if tls is None else tls.certificate,
            ssl_keyfile=None if tls is None else tls.key,
            timeout_graceful_shutdown=END_S,
            timeout_keep_alive=KEEP_ALIVE_S,
            ws="none",
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        rooms: tuple[Room, ...] = app.state.rooms
        for room in rooms:
            room.close()
        server.should_exit = True
        await asyncio.wait([task])
        listener.close()
