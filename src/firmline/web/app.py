"""The application: rooms behind one guard."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from firmline.errors import FirmlineError
from firmline.web.failures import error_answer, http_error_answer
from firmline.web.guard import Guard
from firmline.web.request_log import RequestLog
from firmline.web.rooms import Room, Site
from firmline.web.static import serve_asset


def build_app(site: Site, rooms: Sequence[Room]) -> Starlette:
    """The application of a site.

    Args:
        site: What the rooms share.
        rooms: What there is; the first with a title is the first page.
    """
    titled = [room for room in rooms if room.title]

    async def first_page(_request: Request) -> Response:
        return RedirectResponse(titled[0].path, status_code=303)

    app = Starlette(
        routes=[
            *([Route("/", first_page)] if titled else []),
            Route("/assets/{name}", serve_asset),
            *(route for room in rooms for route in room.routes),
        ],
        middleware=[Middleware(RequestLog, site=site), Middleware(Guard, site=site)],
        exception_handlers={FirmlineError: error_answer, HTTPException: http_error_answer},
    )
    app.state.site = site
    app.state.rooms = tuple(rooms)
    return app
