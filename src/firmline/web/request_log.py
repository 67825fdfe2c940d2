"""A line for each request, for programs that gather logs.

The query is left out, in which serial numbers stand; so are headers, in which keys and cookies do.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from firmline.web.rooms import Site


class RequestLog:
    """Tells of each request when its answer is complete.

    Args:
        app: What answers.
        site: Who is told.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (ASGI)."""
        if scope["type"] != "http" or self._site.heard is None:
            await self._app(scope, receive, send)
            return
        began_s, at = time.monotonic(), datetime.now(UTC)
        status = 0

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_seen)
        finally:
            visitor = scope.get("state", {}).get("visitor")
            self._site.heard(
                {
                    "type": "request",
                    "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "ms": round(1000 * (time.monotonic() - began_s), 1),
                    "visitor": "" if visitor is None else visitor.name,
                }
            )
