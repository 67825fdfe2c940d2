"""Who may come in: sessions, keys, roles; and what an attacker tries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from firmline.line.accounts.hashing import Passwords
from firmline.line.accounts.keys import Keys
from firmline.line.accounts.roles import Permission, Role
from firmline.line.accounts.sessions import LASTS, Sessions
from firmline.line.accounts.store import Accounts
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.database import Database
from firmline.web.app import build_app
from firmline.web.rooms import Room, Site
from firmline.web.signing_in.access import SigningIn
from firmline.web.signing_in.pages import SignInPages, local
from firmline.web.signing_in.rules import permission_for
from unit.line.audit_world import ANNA, BEGIN
from unit.web.asking import browser

SECRET = "correct horse battery"  # noqa: S105 - of a test
JSON = {"accept": "application/json"}


async def _who(request: Request) -> Response:
    visitor = request.state.visitor
    role = visitor.holder.role.value if visitor.holder else "nobody"
    return PlainTextResponse(f"{request.method} by {visitor.name or 'nobody'} ({role})")


PATHS = ("/station", "/station/say", "/campaigns", "/campaigns/c/release", "/audit", "/api/v1/runs")
ROOM = Room(
    title="Station",
    path="/station",
    routes=tuple(Route(path, _who, methods=["GET", "POST"]) for path in (*PATHS, "/api/v1/sync")),
)


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    return Passwords()


@pytest.fixture(scope="session")
def kept_hash(passwords: Passwords) -> str:
    return passwords.hash(SECRET)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    path = DatabaseAddress(path=tmp_path / "shift.db")
    with closing(Database.open(path, create=True)) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def doors(database: Database, passwords: Passwords, clock: Clock) -> SigningIn:
    return SigningIn(database, Sessions(database, passwords), is_loopback=True, clock=clock)


@pytest.fixture
async def client(doors: SigningIn) -> AsyncIterator[httpx.AsyncClient]:
    assert doors.sessions is not None
    site = Site(name="north", access=doors)
    async with browser(build_app(site, [ROOM, SignInPages(doors, doors.sessions).room])) as asking:
        yield asking


@pytest.fixture
def bert(database: Database, kept_hash: str) -> None:
    Accounts(database).add("bert", Role.OPERATOR, kept_hash, by=ANNA, at=BEGIN)


async def sign_in(
    client: httpx.AsyncClient, name: str = "bert", password: str = SECRET, **more: str
) -> httpx.Response:
    return await client.post("/sign-in", data={"name": name, "password": password, **more})


def key_of(database: Database, role: Role) -> dict[str, str]:
    _, written = Keys(database).add("mes", role, by=ANNA, at=BEGIN)
    return {"authorization": f"Bearer {written}", **JSON}


async def test_without_accounts_whoever_is_at_this_computer_is_an_operator(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/station")).text == "GET by nobody (operator)"
    assert (await client.post("/station/say")).status_code == 200
    assert (await client.post("/campaigns")).status_code == 403
    assert (await client.get("/audit")).status_code == 403


async def test_without_accounts_nobody_comes_in_from_elsewhere(
    database: Database, passwords: Passwords
) -> None:
    doors = SigningIn(database, Sessions(database, passwords), is_loopback=False)
    async with browser(build_app(Site(name="north", access=doors), [ROOM])) as client:
        assert (await client.get("/station")).status_code == 303
        assert (await client.post("/station/say", headers=JSON)).status_code == 401


async def test_with_the_first_account_everybody_signs_in(
    client: httpx.AsyncClient, database: Database, kept_hash: str
) -> None:
    assert (await client.get("/station")).status_code == 200
    Accounts(database).add("bert", Role.OPERATOR, kept_hash, by=ANNA, at=BEGIN)
    answer = await client.get("/station?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fstation%3Fx%3D1"
    answer = await client.get("/api/v1/runs")
    assert (answer.status_code, answer.json()["code"]) == (401, "DFU-ACC-010")
    assert answer.headers["www-authenticate"] == 'Bearer realm="firmline"'
    assert (await client.post("/station/say")).status_code == 401


@pytest.mark.slow
@pytest.mark.usefixtures("bert")
async def test_whoever_signs_in_comes_to_where_he_wanted(client: httpx.AsyncClient) -> None:
    answer = await sign_in(client, next="/station?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/station?x=1")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("firmline=")
    for word in ("httponly", "samesite=strict", "path=/", "max-age=43200"):
        assert word in cookie
    assert (await client.get("/station")).text == "GET by bert (operator)"


@pytest.mark.slow
@pytest.mark.usefixtures("bert")
async def test_a_session_is_over_after_a_shift_or_when_it_is_ended(
    client: httpx.AsyncClient, clock: Clock
) -> None:
    await sign_in(client)
    token = client.cookies["firmline"]
    clock.now += LASTS - timedelta(seconds=1)
    assert (await client.get("/station")).status_code == 200
    answer = await client.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "firmline" not in client.cookies
    client.cookies["firmline"] = token
    assert (await client.get("/station")).status_code == 303, "also with the cookie kept"
    await sign_in(client)
    clock.now += LASTS
    assert (await client.get("/station")).status_code == 303


@pytest.mark.usefixtures("bert")
async def test_a_wrong_password_is_answered_on_the_page(client: httpx.AsyncClient) -> None:
    answer = await sign_in(client, "<b>bert", "<script>", next="/station")
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert "&lt;b&gt;bert" in answer.text
    assert "<script>" not in answer.text
    assert "set-cookie" not in answer.headers
    assert 'name="next" value="/station"' in answer.text


@pytest.mark.slow
@pytest.mark.usefixtures("bert")
async def test_behind_wrong_passwords_it_takes_time(client: httpx.AsyncClient) -> None:
    for _ in range(5):
        await sign_in(client, "bert", "wrong wrong")
    answer = await sign_in(client)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/station", "/station"),
        ("/a?b=c&d=%0d", "/a?b=c&d=%0d"),
        ("", "/"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example", "/"),
        ("/" + "a" * 2000, "/"),
        ("/\u2215evil", "/"),
    ],
)
def test_nobody_is_sent_to_another_site(asked: str, given: str) -> None:
    assert local(asked) == given


@pytest.mark.slow
@pytest.mark.usefixtures("bert")
async def test_a_cookie_alone_changes_nothing(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    token = client.cookies["firmline"]
    plain = {"cookie": f"firmline={token}", "accept": "text/html"}
    async with httpx.AsyncClient(transport=client._transport, base_url=client.base_url) as other:
        answer = await other.post("/station/say", headers=plain)
        assert answer.status_code == 403
        assert "DFU-WEB-003" in answer.text
        for origin, status in (("http://localhost:8350", 200), ("http://evil.example", 403)):
            headers = {**plain, "origin": origin}
            assert (await other.post("/station/say", headers=headers)).status_code == status
        assert (await other.get("/station", headers=plain)).status_code == 200


@pytest.mark.slow
@pytest.mark.usefixtures("bert")
@pytest.mark.parametrize(
    "host",
    [
        "localhost:8350/assets/",
        "localhost:8350/sign-in?",
        "localhost/sign-in#",
        "localhost:8350/healthz?",
        "localhost\\@sign-in",
    ],
)
@pytest.mark.parametrize("path", ["/station", "/api/v1/runs", "/audit"])
async def test_a_path_in_the_header_host_opens_nothing(
    client: httpx.AsyncClient, host: str, path: str
) -> None:
    answer = await client.get(path, headers={"host": host})
    assert answer.status_code in {303, 401, 403}
    assert "GET by" not in answer.text


@pytest.mark.slow
@pytest.mark.usefixtures("bert")
@pytest.mark.parametrize(
    "path",
    [
        "/sign-in/../station",
        "/sign-in%2F..%2Fstation",
        "//station",
        "/assets/../station",
        "/assets/%2e%2e/station",
        "/assets/..%2fstation",
        "/assets/..%2f..%2fapp.py",
        "/STATION",
        "/station%3Fx",
        "/healthz/../audit",
    ],
)
async def test_no_way_round_leads_in(client: httpx.AsyncClient, path: str) -> None:
    request = client.build_request("GET", client.base_url)
    request.url = httpx.URL(f"http://localhost:8350{path}")
    answer = await client.send(request)
    assert answer.status_code in {303, 401, 403, 404}
    assert "GET by" not in answer.text


async def test_a_key_opens_as_far_as_its_role_goes(
    client: httpx.AsyncClient, database: Database
) -> None:
    operator, engineer = key_of(database, Role.OPERATOR), key_of(database, Role.ENGINEER)
    station = key_of(database, Role.STATION)
    assert (await client.get("/api/v1/runs", headers=operator)).text == "GET by mes (operator)"
    assert (await client.get("/audit", headers=engineer)).status_code == 200
    refused = await client.get("/audit", headers=operator)
    assert (refused.status_code, refused.json()["code"]) == (403, "DFU-ACC-011")
    assert (await client.post("/api/v1/sync", headers=station)).status_code == 200
    assert (await client.get("/api/v1/runs", headers=station)).status_code == 403


@pytest.mark.slow
@pytest.mark.parametrize(
    "shown",
    [
        "Bearer nonsense",
        "Bearer ",
        "Bearer",
        "",
        "Basic YmVydDp4",
        "Bearer firmline_" + "0" * 12 + "_" + "0" * 64,
        "Bearer " + "x" * 5000,
    ],
)
async def test_a_key_that_opens_nothing_is_refused_also_where_all_is_open(
    client: httpx.AsyncClient, shown: str
) -> None:
    answer = await client.get("/station", headers={**JSON, "authorization": shown})
    assert answer.status_code == 401


@pytest.mark.slow
async def test_a_key_in_an_address_opens_nothing(
    client: httpx.AsyncClient, database: Database, kept_hash: str
) -> None:
    Accounts(database).add("bert", Role.OPERATOR, kept_hash, by=ANNA, at=BEGIN)
    key = key_of(database, Role.ENGINEER)["authorization"].removeprefix("Bearer ")
    answer = await client.get(f"/api/v1/runs?key={key}&access_token={key}")
    assert answer.status_code == 401


@pytest.mark.usefixtures("bert")
async def test_an_endless_form_is_not_read(client: httpx.AsyncClient) -> None:
    answer = await sign_in(client, password="x" * 100_000)
    assert (answer.status_code, "set-cookie" in answer.headers) == (400, False)


@pytest.mark.slow
async def test_with_tls_the_cookie_is_sent_in_no_other_way(
    database: Database, passwords: Passwords, kept_hash: str
) -> None:
    Accounts(database).add("bert", Role.OPERATOR, kept_hash, by=ANNA, at=BEGIN)
    sessions = Sessions(database, passwords)
    doors = SigningIn(database, sessions, is_loopback=False, is_encrypted=True)
    room = SignInPages(doors, sessions).room
    async with browser(build_app(Site(name="north", access=doors), [ROOM, room])) as client:
        answer = await sign_in(client)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-firmline=")
    assert "; Secure" in cookie
    assert "; Path=/" in cookie
    assert "domain" not in cookie.lower()


TABLE = {
    ("GET", "/"): Permission.SEE,
    ("HEAD", "/station"): Permission.SEE,
    ("GET", "/station/events"): Permission.SEE,
    ("POST", "/station/say"): Permission.WORK,
    ("POST", "/stationx"): Permission.MANAGE,
    ("POST", "/campaigns"): Permission.PLAN,
    ("POST", "/campaigns/c/release"): Permission.RELEASE,
    ("DELETE", "/campaigns/c"): Permission.PLAN,
    ("GET", "/audit"): Permission.AUDIT,
    ("GET", "/api/v1/audit"): Permission.AUDIT,
    ("GET", "/api/v1/runs"): Permission.SEE,
    ("GET", "/api/v1/webhooks"): Permission.MANAGE,
    ("GET", "/api/v1/sync"): Permission.SYNC,
    ("POST", "/api/v1/sync/rows"): Permission.SYNC,
    ("GET", "/metrics"): Permission.SEE,
    ("POST", "/whatever/comes"): Permission.MANAGE,
    ("PUT", "/"): Permission.MANAGE,
    ("GET", "/healthz"): None,
    ("GET", "/sign-in"): None,
    ("GET", "/sign-in/x"): Permission.SEE,
    ("POST", "/sign-out"): None,
}


@pytest.mark.parametrize(("asked", "takes"), TABLE.items())
def test_what_may_be_done_where(asked: tuple[str, str], takes: Permission | None) -> None:
    assert permission_for(*asked) is takes


async def test_times_are_those_of_the_clock(database: Database) -> None:
    doors = SigningIn(database, None, is_loopback=True)
    assert abs(doors.clock() - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.usefixtures("bert")
async def test_who_is_not_signed_in_sees_no_rooms(client: httpx.AsyncClient) -> None:
    shown = (await client.get("/sign-in")).text
    assert "Password" in shown
    assert 'href="/station"' not in shown
