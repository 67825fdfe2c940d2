"""The pages of campaigns, on a real server: how they stand, and what people do to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from firmline.errors import Code
from firmline.line.accounts.roles import Role
from firmline.line.accounts.values import Held, Holder
from firmline.line.audit.base import every_entry
from firmline.line.audit.sql import SqlAudit
from firmline.line.campaigns.decision import CampaignState
from firmline.line.queue.campaigns import CampaignBook
from firmline.line.queue.open import open_campaigns
from firmline.line.queue.views import campaign_view, events_of
from firmline.line.records.address import parse_address
from firmline.web.access import Visitor
from firmline.web.app import build_app
from firmline.web.dashboard.campaigns import DEEDS, LONGEST_WHY, CampaignPages, deeds_for
from firmline.web.rooms import Site
from unit.line.campaigns_world import WHOLE
from unit.line.queue.conftest import make
from unit.web.asking import browser

pytestmark = pytest.mark.slow


class Doors:
    """Lets in whoever the test says."""

    def __init__(self) -> None:
        self.visitor = visitor("bob", Role.RELEASE_MANAGER)

    async def admit(self, _request: Request) -> Visitor | Response:
        return self.visitor


def visitor(name: str, role: Role) -> Visitor:
    return Visitor(name=name, holder=Holder(name=name, role=role, held=Held.ACCOUNT))


@pytest.fixture
def book(postgresql_url: str) -> Iterator[CampaignBook]:
    with closing(open_campaigns(parse_address(postgresql_url))) as opened:
        yield opened


@pytest.fixture
def doors() -> Doors:
    return Doors()


@pytest.fixture
async def client(book: CampaignBook, doors: Doors) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(Site(name="line", access=doors), [CampaignPages(book.database).room])
    async with browser(app) as asking:
        yield asking


def state(book: CampaignBook) -> CampaignState:
    return campaign_view(book.database, "spring").state


async def test_without_campaigns_the_page_says_how_one_is_planned(
    client: httpx.AsyncClient,
) -> None:
    text = (await client.get("/campaigns")).text
    assert "There is no campaign." in text
    assert "No station has taken planned work yet." in text


async def test_a_campaign_is_shown_with_its_groups_units_and_events(
    book: CampaignBook, client: httpx.AsyncClient
) -> None:
    make(book)
    listed = (await client.get("/campaigns")).text
    assert 'href="/campaigns/spring"' in listed
    text = (await client.get("/campaigns/spring")).text
    for said in ("spring is made.", "<td>canary</td>", "SN-0005", "made by ann", "60 %"):
        assert said in text, said


async def test_it_is_released_started_paused_and_ended_by_whoever_is_signed_in(
    book: CampaignBook, client: httpx.AsyncClient
) -> None:
    make(book)
    for deed, then in (
        ("release", CampaignState.RELEASED),
        ("start", CampaignState.RUNNING),
        ("pause", CampaignState.PAUSED),
        ("resume", CampaignState.RUNNING),
        ("abort", CampaignState.ABORTED),
    ):
        shown = (await client.get("/campaigns/spring")).text
        assert f'action="/campaigns/spring/{deed}"' in shown, deed
        answer = await client.post(f"/campaigns/spring/{deed}", data={"why": "because <b>"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/campaigns/spring")
        assert state(book) is then
    text = (await client.get("/campaigns/spring")).text
    assert "because &lt;b&gt;" in text
    assert "What you can do now" not in text
    told = [entry.deed for entry in every_entry(SqlAudit(book.database))]
    assert {(each.actor.name, each.actor.role) for each in told[1:]} == {("bob", "release manager")}


async def test_who_made_it_is_not_asked_to_release_it_and_may_not(
    book: CampaignBook, client: httpx.AsyncClient, doors: Doors
) -> None:
    make(book)
    doors.visitor = visitor("ann", Role.RELEASE_MANAGER)
    assert "/spring/release" not in (await client.get("/campaigns/spring")).text
    answer = await client.post("/campaigns/spring/release")
    assert answer.status_code == 400
    assert Code.CAMPAIGN_RELEASE in answer.text
    assert state(book) is CampaignState.MADE


async def test_whoever_has_no_name_does_nothing(
    book: CampaignBook, client: httpx.AsyncClient, doors: Doors
) -> None:
    make(book)
    doors.visitor = Visitor()
    assert "Whoever is signed in" in (await client.get("/campaigns/spring")).text
    answer = await client.post("/campaigns/spring/abort")
    assert (answer.status_code, Code.NOT_ALLOWED in answer.text) == (403, True)
    assert state(book) is CampaignState.MADE


@pytest.mark.parametrize(
    ("path", "why", "status"),
    [
        ("/campaigns/autumn", "", 404),
        ("/campaigns/spring/burn", "", 400),
        ("/campaigns/spring/start", "", 400),
        ("/campaigns/spring/abort", "x" * (LONGEST_WHY + 1), 400),
        ("/campaigns/spring/abort", "a\nb", 400),
    ],
)
async def test_what_cannot_be_is_a_page_with_its_code(
    path: str, why: str, status: int, book: CampaignBook, client: httpx.AsyncClient
) -> None:
    make(book)
    is_deed = path.count("/") > 2
    answer = await (client.post(path, data={"why": why}) if is_deed else client.get(path))
    assert answer.status_code == status
    assert "DFU-" in answer.text
    assert state(book) is CampaignState.MADE
    assert len(events_of(book.database, "spring")) == 1


def test_each_state_offers_what_can_be_done_in_it(book: CampaignBook) -> None:
    make(book, WHOLE)
    view = campaign_view(book.database, "spring")
    assert [each.word for each in deeds_for(view, visitor("bob", Role.RELEASE_MANAGER))] == [
        "release",
        "abort",
    ]
    assert [each.word for each in deeds_for(view, visitor("eve", Role.ENGINEER))] == ["abort"]
    assert deeds_for(view, visitor("bert", Role.OPERATOR)) == []
    assert {each.word for each in DEEDS} == {"release", "start", "pause", "resume", "abort"}
