"""Scripts and styles: named by their digests, so that a browser keeps them until they change."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from firmline.errors import Code, InputError

ASSETS: Final = Path(__file__).parent / "assets"
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
FOR_EVER: Final = "public, max-age=31536000, immutable"
"""A year; longer is not kept (RFC 9111 knows no more, browsers no longer)."""


@cache
def digest_of(name: str) -> str:
    """The beginning of the SHA-256 of an asset."""
    return hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:16]


def asset(name: str) -> str:
    """Where a browser finds an asset as it is now."""
    return f"/assets/{name}?v={digest_of(name)}"


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in ASSETS.iterdir() if path.suffix in TYPES)


async def serve_asset(request: Request) -> Response:
    """An asset.

    Raises:
        InputError: ``PAGE_UNKNOWN``.
    """
    name = request.path_params["name"]
    if name not in _names():
        raise InputError(Code.PAGE_UNKNOWN, "There is no such page here.")
    is_named = request.query_params.get("v") == digest_of(name)
    return FileResponse(
        ASSETS / name,
        media_type=TYPES[Path(name).suffix],
        headers={"cache-control": FOR_EVER if is_named else "no-cache"},
    )
