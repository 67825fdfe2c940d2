"""The pages of campaigns: how each stands, and what people do to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from firmline.errors import Code, InputError
from firmline.line.accounts.roles import Permission
from firmline.line.audit.chain import CONSOLE
from firmline.line.campaigns.decision import CampaignState
from firmline.line.queue.campaigns import CampaignBook
from firmline.line.queue.views import (
    CampaignView,
    all_campaigns,
    campaign_view,
    events_of,
    stations_of_line,
    units_of,
)
from firmline.line.records.database import Database
from firmline.web.access import Visitor
from firmline.web.forms import read_form
from firmline.web.pages import page
from firmline.web.rooms import Room

PATH: Final = "/campaigns"
MOST_UNITS: Final = 1_000
"""On a page; ours."""
LONGEST_WHY: Final = 200
"""Characters; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that people do to a campaign.

    Attributes:
        word: In the address.
        label: On the button.
        states: The states in which it can be done.
        do: Does it: to which campaign, who, and why.
        takes: What whoever does it has to be allowed.
        says_why: Whether a reason may be given.
        is_for_good: Whether it cannot be taken back: its button is folded away.
    """

    word: str
    label: str
    states: frozenset[CampaignState]
    do: Callable[[CampaignBook, str, str, str], None]
    takes: Permission = Permission.PLAN
    says_why: bool = False
    is_for_good: bool = False


_NOT_OVER: Final = frozenset(state for state in CampaignState if not state.is_over)
DEEDS: Final = (
    Deed(
        word="release",
        label="Release",
        states=frozenset({CampaignState.MADE}),
        do=lambda book, name, who, _why: book.release(name, who=who),
        takes=Permission.RELEASE,
    ),
    Deed(
        word="start",
        label="Start: open the canary",
        states=frozenset({CampaignState.RELEASED}),
        do=lambda book, name, who, _why: book.start(name, who=who),
    ),
    Deed(
        word="pause",
        label="Pause: begin no unit any more",
        states=frozenset({CampaignState.RUNNING}),
        do=lambda book, name, who, why: book.pause(name, who=who, why=why),
        says_why=True,
    ),
    Deed(
        word="resume",
        label="Go on",
        states=frozenset({CampaignState.PAUSED}),
        do=lambda book, name, who, _why: book.resume(name, who=who),
    ),
    Deed(
        word="abort",
        label="Abort: end it for good",
        states=_NOT_OVER,
        do=lambda book, name, who, why: book.abort(name, who=who, why=why),
        says_why=True,
        is_for_good=True,
    ),
)


def deeds_for(view: CampaignView, visitor: Visitor) -> list[Deed]:
    """What this visitor can do to a campaign now; nothing without a name, which the trail needs."""
    holder = visitor.holder
    if holder is None or not visitor.name:
        return []
    return [
        each
        for each in DEEDS
        if view.state in each.states
        and holder.may(each.takes)
        and not (each.takes is Permission.RELEASE and view.made_by == visitor.name)
    ]


class CampaignPages:
    """Answers whoever plans.

    Args:
        database: Where campaigns are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def room(self) -> Room:
        """The room."""
        return Room(
            title="Campaigns",
            path=PATH,
            routes=(
                Route(PATH, self.list),
                Route(f"{PATH}/{{name}}", self.show),
                Route(f"{PATH}/{{name}}/{{deed}}", self.do, methods=["POST"]),
            ),
        )

    async def list(self, request: Request) -> Response:
        """All campaigns, and the stations that work on them."""
        listed, stations = await asyncio.gather(
            asyncio.to_thread(all_campaigns, self._database),
            asyncio.to_thread(stations_of_line, self._database),
        )
        return page(request, "dashboard/campaigns.html", campaigns=listed, stations=stations)

    async def show(self, request: Request) -> Response:
        """One campaign."""
        name = request.path_params["name"]
        view = await asyncio.to_thread(campaign_view, self._database, name)
        units, events = await asyncio.gather(
            asyncio.to_thread(units_of, self._database, name),
            asyncio.to_thread(events_of, self._database, name),
        )
        visitor: Visitor = request.state.visitor
        return page(
            request,
            "dashboard/campaign.html",
            view=view,
            units=units[:MOST_UNITS],
            more=max(0, len(units) - MOST_UNITS),
            events=events[::-1],
            deeds=deeds_for(view, visitor),
            longest_why=LONGEST_WHY,
        )

    async def do(self, request: Request) -> Response:
        """Somebody does something to it; the page shows what became of it."""
        name, word = request.path_params["name"], request.path_params["deed"]
        deed = next((each for each in DEEDS if each.word == word), None)
        if deed is None:
            raise InputError(Code.REQUEST_MALFORMED, "No such thing is done to a campaign.")
        why = (await read_form(request)).get("why", "").strip()
        if len(why) > LONGEST_WHY or not why.isprintable():
            raise InputError(
                Code.REQUEST_MALFORMED, f"A reason has up to {LONGEST_WHY} plain characters."
            )
        visitor: Visitor = request.state.visitor
        if not visitor.name:
            raise InputError(
                Code.NOT_ALLOWED,
                "Nobody is signed in, and what is done to a campaign is entered with a name.",
            )
        role = CONSOLE if visitor.holder is None else visitor.holder.role.value
        book = CampaignBook(self._database, role=role)
        await asyncio.to_thread(deed.do, book, name, visitor.name, why)
        return RedirectResponse(f"{PATH}/{quote(name, safe='')}", status_code=303)
