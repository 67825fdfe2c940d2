"""The routes of the API, of the figures, and of the question whether the server is alive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from firmline.line.records.sql import SqlRecords
from firmline.web.api.answers import Line
from firmline.web.api.endpoints import ENDPOINTS, ROOT, Endpoint
from firmline.web.api.metrics import MEDIA_TYPE, Figures
from firmline.web.api.openapi import document
from firmline.web.api.questions import asked
from firmline.web.rooms import Room


class Api:
    """Answers programs.

    Args:
        records: What they ask for.
    """

    def __init__(self, records: SqlRecords) -> None:
        self._line = Line(records)
        self._figures = Figures(records)
        self._records = records

    @property
    def room(self) -> Room:
        """The room; it has no page."""
        return Room(
            routes=(
                *(self._route(each) for each in ENDPOINTS),
                Route(f"{ROOT}/openapi.json", self.describe),
                Route("/metrics", self.figures),
                Route("/healthz", self.is_alive),
            )
        )

    async def describe(self, _request: Request) -> Response:
        """What there is to ask."""
        return JSONResponse(document())

    async def figures(self, _request: Request) -> Response:
        """Figures for Prometheus."""
        page = await run_in_threadpool(self._figures.page)
        return Response(page, headers={"content-type": MEDIA_TYPE})

    async def is_alive(self, _request: Request) -> Response:
        """Whether the records can be read; anybody may ask, so nothing else is told."""
        await run_in_threadpool(self._records.newest, "")
        return JSONResponse({"status": "ok"})

    def _route(self, endpoint: Endpoint) -> Route:
        path = endpoint.path
        if endpoint.in_path:  # a serial number may hold slashes
            path = path.replace(f"{{{endpoint.in_path}}}", f"{{{endpoint.in_path}:path}}")
        return Route(f"{ROOT}{path}", self._answered(endpoint))

    def _answered(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            given = asked(request, endpoint.takes)
            if endpoint.in_path:
                given[endpoint.in_path] = request.path_params[endpoint.in_path]
            told = await run_in_threadpool(partial(endpoint.answer, self._line, given))
            return JSONResponse(told)

        return answer
