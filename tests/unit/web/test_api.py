"""The API: what it answers, that this is what it describes, and what it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Route

from firmline.errors import Code
from firmline.line.accounts.keys import Keys
from firmline.line.accounts.roles import Role
from firmline.line.audit.sql import SqlAudit
from firmline.line.campaigns.plan import plan
from firmline.line.campaigns.reading import read_campaign
from firmline.line.outcomes import StepOutcome
from firmline.line.queue.open import open_campaigns
from firmline.line.records.address import parse_address
from firmline.line.records.base import Place
from firmline.line.records.open import open_records
from firmline.line.records.sql import SqlRecords
from firmline.line.records.values import RowKey, Unit
from firmline.web.api import metrics
from firmline.web.api.endpoints import ENDPOINTS, ROOT
from firmline.web.api.openapi import document
from firmline.web.api.questions import mark_of, place_of_mark
from firmline.web.api.routes import Api
from firmline.web.app import build_app
from firmline.web.rooms import Room, Site
from firmline.web.signing_in.access import SigningIn
from unit.line.audit_world import ANNA, done
from unit.line.audit_world import BEGIN as AUDITED
from unit.line.campaigns_world import WHOLE
from unit.line.records_world import BEGIN, begun, row, whole_run
from unit.web.asking import HOST
from unit.web.json_schema import faults

LATER = BEGIN + timedelta(hours=1)
ODD = Unit(product="tag", serial="a/b ?#%\u00e4'\"<")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlRecords]:
    """Two stations, a retest, an odd name, a unit left half done, and two entries in the trail."""
    address = str(tmp_path / "shift.db")
    if request.param == "postgresql":
        address = request.getfixturevalue("postgresql_url")
    with closing(open_records(parse_address(address), create=True)) as opened:
        opened.write(whole_run("north"))
        opened.write(whole_run("south", at=LATER, outcome=StepOutcome.PASS))
        opened.write(whole_run("south", 5, ODD, at=LATER))
        opened.write([row("north", 5, begun(Unit(product="tag", serial="SN-8"), at=LATER))])
        for subject in ("bert", "cara"):
            SqlAudit(opened.database).append(done(subject))
        yield opened


@pytest.fixture
def spring(request: pytest.FixtureRequest, records: SqlRecords) -> None:
    """A campaign that runs, where the records are on a server."""
    with records.database.reading() as connection:
        if connection.dialect.name == "sqlite":
            return
    address = parse_address(request.getfixturevalue("postgresql_url"))
    with closing(open_campaigns(address)) as book:
        campaign = read_campaign(WHOLE, where="spring.toml")
        book.make(campaign, plan(campaign, {}), document=WHOLE, who="ann")
        book.release("spring", who="bob")
        book.start("spring", who="ann")


@pytest.fixture
def room(records: SqlRecords) -> Room:
    return Api(records).room


@pytest.fixture
async def client(records: SqlRecords, room: Room) -> AsyncIterator[httpx.AsyncClient]:
    """A program with the key of an engineer."""
    doors = SigningIn(records.database, None, is_loopback=True, clock=lambda: AUDITED)
    _, key = Keys(records.database).add("mes", Role.ENGINEER, by=ANNA, at=AUDITED)
    app = build_app(Site(name="north", access=doors), [room])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url=f"http://{HOST}{ROOT}",
        headers={"authorization": f"Bearer {key}"},
    ) as asking:
        yield asking


async def problem(client: httpx.AsyncClient, path: str, **asked: Any) -> dict[str, Any]:
    answer = await client.get(path, **asked)
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == answer.status_code
    assert not faults(told | {"message": None}, PROBLEM, {})
    return told


PROBLEM = document()["components"]["schemas"]["Problem"] | {
    "properties": document()["components"]["schemas"]["Problem"]["properties"]
    | {"message": {"type": ["string", "null"]}}
}

QUESTIONS = {
    "/health": ["/health"],
    "/runs": ["/runs", "/runs?station=south&limit=1", "/runs?since=2026-11-23T08:30:00%2B00:00"],
    "/units/{serial}": ["/units/SN-0007", "/units/SN-8", "/units/SN-0007?product=tag"],
    "/yields": ["/yields", "/yields?by=station", "/yields?by=hour", "/yields?product=nothing"],
    "/stations": ["/stations"],
    "/campaigns": ["/campaigns"],
    "/campaigns/{campaign}": ["/campaigns/spring"],
    "/audit": ["/audit", "/audit?after=1&limit=1"],
}


@pytest.mark.slow
@pytest.mark.usefixtures("spring")
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.path)
async def test_every_answer_is_as_it_is_described(
    client: httpx.AsyncClient, endpoint: Any, tmp_path: Path
) -> None:
    is_file = (tmp_path / "shift.db").exists()
    described = (await client.get("/openapi.json")).json()
    schemas = described["components"]["schemas"]
    operation = described["paths"][endpoint.path]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    for question in QUESTIONS[endpoint.path]:
        answer = await client.get(question)
        if is_file and "spring" in question:  # campaigns need a server
            assert answer.json()["code"] == Code.CAMPAIGN_UNKNOWN
            continue
        assert answer.status_code == 200, answer.text
        assert faults(answer.json(), schema, schemas) == []


@pytest.mark.slow
def test_what_is_served_is_what_is_described(room: Room) -> None:
    served = {
        route.path.replace(":path}", "}").removeprefix(ROOT)
        for route in room.routes
        if isinstance(route, Route) and route.path.startswith(ROOT)
    }
    described = document()
    assert served == {*described["paths"], "/openapi.json"}
    assert described["openapi"] == "3.1.0"
    names = [path["get"]["operationId"] for path in described["paths"].values()]
    assert len(set(names)) == len(names)


def test_a_schema_that_is_not_kept_would_be_seen() -> None:
    schemas = document()["components"]["schemas"]
    share = {"count": 1, "of": 2, "share": 0.5, "low": 0.1, "high": None}
    assert faults(share, schemas["Share"], schemas) == []
    for wrong in ({"count": True}, {"of": "2"}, {"share": "x"}, {"new": 1}):
        assert faults({**share, **wrong}, schemas["Share"], schemas)
    assert faults({"count": 1}, schemas["Share"], schemas)


async def test_pages_follow_each_other_and_miss_nothing(client: httpx.AsyncClient) -> None:
    seen, after = [], None
    while True:
        told = await client.get("/runs", params={"limit": 1, **({"after": after} if after else {})})
        page = told.json()
        seen += [(run["station"], run["run"]) for run in page["runs"]]
        after = page["after"]
        if after is None:
            break
    assert seen == [("north", 1), ("south", 1), ("south", 5)]


async def test_a_unit_is_told_in_full(client: httpx.AsyncClient) -> None:
    told = (await client.get("/units/SN-0007")).json()
    assert [(run["station"], run["attempt"], run["outcome"]) for run in told["runs"]] == [
        ("north", 1, "fail"),
        ("south", 2, "pass"),
    ]
    assert told["runs"][0]["phases"][0]["measurements"][0]["name"] == "rate"
    half = (await client.get("/units/SN-8")).json()
    assert (half["runs"], half["half_done"][0]["station"]) == ([], "north")


async def test_a_serial_number_may_hold_anything(client: httpx.AsyncClient) -> None:
    from urllib.parse import quote  # noqa: PLC0415 - here alone

    told = (await client.get(f"/units/{quote(ODD.serial, safe='')}")).json()
    assert [run["unit"]["serial"] for run in told["runs"]] == [ODD.serial]


@pytest.mark.slow
@pytest.mark.parametrize("serial", ["nobody", "' OR 1=1 --", "%25", "SN-000_", "..", "SN-0007%20x"])
async def test_a_unit_that_is_not_there_is_told(client: httpx.AsyncClient, serial: str) -> None:
    assert (await problem(client, f"/units/{serial}x"))["code"] == Code.NO_RUNS


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    [
        "/runs?serail=SN-1",
        "/runs?serial=a&serial=b",
        "/runs?serial=",
        "/runs?serial=%20a",
        "/runs?serial=%00",
        "/runs?serial=%0d%0aX:%20y",
        f"/runs?serial={'x' * 201}",
        "/runs?limit=0",
        "/runs?limit=201",
        "/runs?limit=-1",
        "/runs?limit=1e3",
        "/runs?limit=\u0661",
        f"/runs?limit={'9' * 5000}",
        "/runs?slot=0",
        "/runs?slot=1;DROP",
        "/runs?since=yesterday",
        "/runs?since=2026-11-23T08:00:00",
        "/runs?until=9999-99-99",
        "/runs?since=0001-01-01T00:00:00%2B14:00",
        "/runs?after=nonsense",
        "/runs?after=WyJ4Il0",
        "/runs?after=bnVsbA",
        f"/runs?after={'W' * 4000}",
        "/yields?by=person",
        "/yields?by=",
        "/stations?x=1",
        "/health?verbose",
        "/audit?after=-1",
        "/audit?limit=1001",
        "/units/SN-0007?serial=SN-8",
        "/units/%0A",
    ],
)
async def test_what_is_not_understood_is_refused(client: httpx.AsyncClient, question: str) -> None:
    told = await problem(client, question)
    assert (told["code"], told["status"]) == (Code.REQUEST_MALFORMED, 400)
    assert "\n" not in told["detail"]
    assert len(told["detail"]) < 500


@pytest.mark.slow
@pytest.mark.parametrize(
    "word", ["' OR '1'='1", "tag' --", "%' UNION SELECT * FROM line_keys --", "\\", "$1", ":x", "*"]
)
@pytest.mark.parametrize("name", ["product", "serial", "recipe", "batch", "station"])
async def test_a_filter_is_a_value_and_no_statement(
    client: httpx.AsyncClient, name: str, word: str
) -> None:
    answer = await client.get("/runs", params={name: word})
    assert (answer.status_code, answer.json()["runs"]) == (200, [])


async def test_what_is_not_there_is_a_problem_too(client: httpx.AsyncClient) -> None:
    assert (await problem(client, "/nothing"))["code"] == Code.PAGE_UNKNOWN
    refused = await client.post("/runs")
    assert refused.status_code == 403
    assert refused.json()["code"] == Code.NOT_ALLOWED


async def test_an_operator_reads_no_trail(records: SqlRecords, client: httpx.AsyncClient) -> None:
    _, key = Keys(records.database).add("op", Role.OPERATOR, by=ANNA, at=AUDITED)
    as_operator = {"authorization": f"Bearer {key}"}
    assert (await client.get("/runs", headers=as_operator)).status_code == 200
    told = await problem(client, "/audit", headers=as_operator)
    assert (told["status"], told["title"]) == (403, "Not allowed in this role")


@pytest.mark.slow
@pytest.mark.usefixtures("spring")
@pytest.mark.parametrize("records", ["postgresql"], indirect=True)
async def test_a_campaign_is_told_with_its_units_and_its_events(client: httpx.AsyncClient) -> None:
    (listed,) = (await client.get("/campaigns")).json()["campaigns"]
    told = (await client.get("/campaigns/spring")).json()
    assert {name: told[name] for name in listed} == listed
    assert (told["state"], told["made_by"], told["released_by"]) == ("running", "ann", "bob")
    assert [(each["name"], each["open"]) for each in told["groups"]] == [
        ("canary", True),
        ("rest", False),
    ]
    assert told["stations"][0]["sentence"] == "north is offline: 2 wait behind it."
    assert [each["serial"] for each in told["units"]][:2] == ["SN-0001", "SN-0002"]
    assert [each["what"] for each in told["events"]][:3] == ["made", "released", "started"]


async def test_a_campaign_that_is_not_there_is_told(client: httpx.AsyncClient) -> None:
    told = await problem(client, "/campaigns/autumn%2F..")
    assert (told["status"], told["code"]) == (404, Code.CAMPAIGN_UNKNOWN)


async def test_the_trail_is_told_with_its_head(client: httpx.AsyncClient) -> None:
    told = (await client.get("/audit?limit=2")).json()
    assert [entry["subject"] for entry in told["entries"]] == ["bert", "cara"]
    assert told["after"] == 2
    rest = (await client.get("/audit?after=2")).json()
    assert rest["entries"][-1]["action"] == "key.add"
    assert rest["entries"][-1]["digest"] == rest["head"]["digest"]
    assert rest["after"] is None


async def test_figures_are_those_of_the_records(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"http://{HOST}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = {
        (sample.name, sample.labels.get("station"), sample.labels.get("outcome")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["firmline_runs_total", "north", "fail"] == 1
    assert found["firmline_runs_total", "south", "pass"] == 1
    assert found["firmline_runs_without_end", "north", None] == 1
    assert found["firmline_audit_entries_total", None, None] == 3


async def test_figures_are_counted_once_for_many_who_ask(
    client: httpx.AsyncClient, records: SqlRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (await client.get(f"http://{HOST}/metrics")).text
    records.write(whole_run("east", at=LATER))
    assert (await client.get(f"http://{HOST}/metrics")).text == first
    monkeypatch.setattr(metrics, "KEPT_S", 0.0)
    assert 'station="east"' in (await client.get(f"http://{HOST}/metrics")).text


async def test_anybody_may_ask_whether_it_lives(client: httpx.AsyncClient) -> None:
    async with httpx.AsyncClient(transport=client._transport, base_url=f"http://{HOST}") as other:
        answer = await other.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.slow
async def test_records_that_are_gone_are_told_in_a_sentence(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    path = tmp_path / "shift.db"
    if not path.exists():
        pytest.skip("a file alone is taken away so")
    path.rename(tmp_path / "elsewhere.db")
    told = (await client.get("/health")).json()
    assert (told["status"], told["code"]) == (503, Code.DATABASE_GONE)


def test_a_mark_leads_back_to_its_place() -> None:
    place = Place(BEGIN, RowKey(station="n\u00f6rd/1", sequence=7))
    assert place_of_mark(mark_of(place)) == place
    assert mark_of(None) is None
    assert place_of_mark(None) is None
