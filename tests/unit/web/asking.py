"""Asking an application as a browser does, without a socket: HTTPX speaks to it directly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette

HOST = "localhost:8350"


@asynccontextmanager
async def browser(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that takes pages."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport,
        base_url=f"http://{HOST}",
        headers={"accept": "text/html", "sec-fetch-site": "same-origin"},
    ) as client:
        yield client
