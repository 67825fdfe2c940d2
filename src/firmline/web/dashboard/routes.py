"""The routes of the supervisor's pages."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firmline.line.records.attachments import AttachmentStore
from firmline.line.records.base import Records
from firmline.line.report_values import report_values
from firmline.line.statistics.grouping import By
from firmline.web.dashboard.filters import asked_for, format_place
from firmline.web.dashboard.reading import report_or_none, stations, units
from firmline.web.pages import page
from firmline.web.rooms import Room

REPORT: Final = "/line"
RUNS: Final = "/runs"
UNITS: Final = "/units"
RUNS_ON_A_PAGE: Final = 100
"""Ours."""


class DashboardPages:
    """Answers whoever wants to know how the line does.

    Args:
        records: What is shown.
        attachments: Where traces are; ``None``: not here.
        where: What the records are called.
    """

    def __init__(
        self, records: Records, *, attachments: AttachmentStore | None, where: str
    ) -> None:
        self._records = records
        self._attachments = attachments
        self._where = where

    @property
    def rooms(self) -> list[Room]:
        """The rooms, in the order of the navigation."""
        return [
            Room(title="Line", path=REPORT, routes=(Route(REPORT, self.report),)),
            Room(title="Runs", path=RUNS, routes=(Route(RUNS, self.runs),)),
            Room(title="Units", path=UNITS, routes=(Route(UNITS, self.unit),)),
        ]

    async def report(self, request: Request) -> Response:
        """Yields, what goes wrong, what is measured; and the stations."""
        asked = asked_for(request.query_params)
        told, listed = await asyncio.gather(
            asyncio.to_thread(report_or_none, self._records, asked.runs, asked.by, self._where),
            asyncio.to_thread(stations, self._records),
        )
        return page(
            request,
            "dashboard/report.html",
            asked=asked,
            where=self._where,
            stations=listed,
            choices=[each.value for each in By],
            **(
                {"report": None}
                if told is None
                else report_values(told, unit_address=_unit_address)
            ),
        )

    async def runs(self, request: Request) -> Response:
        """The runs, the newest first, page by page."""
        asked = asked_for(request.query_params)
        found = await asyncio.to_thread(
            lambda: self._records.runs(
                asked.runs, after=asked.after, size=RUNS_ON_A_PAGE, newest_first=True
            )
        )
        return page(
            request,
            "dashboard/runs.html",
            asked=asked,
            runs=found.runs,
            older=""
            if found.after is None
            else asked.address(RUNS, after=format_place(found.after)),
        )

    async def unit(self, request: Request) -> Response:
        """Everything that is known of a unit."""
        asked = asked_for(request.query_params)
        serial = asked.runs.serial
        found = (
            await asyncio.to_thread(units, self._records, self._attachments, serial)
            if serial
            else ()
        )
        return page(request, "dashboard/units.html", asked=asked, serial=serial, units=found)


def _unit_address(serial: str) -> str:
    return f"{UNITS}?{urlencode({'serial': serial})}"
