"""The site around the pages: who is let in, what a browser may do, and what goes wrong."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from firmline.errors import Code, InputError, StoreError
from firmline.web.access import Visitor
from firmline.web.app import build_app
from firmline.web.rooms import Room, Site
from firmline.web.static import ASSETS, asset
from unit.web.asking import HOST, browser

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


async def _name(request: Request) -> Response:
    return PlainTextResponse(f"for {request.state.visitor.name or 'nobody'}")


async def _refuse(_request: Request) -> Response:
    raise InputError(Code.SERIAL_FOREIGN, "'<b>x' is no serial number.")


async def _cannot(_request: Request) -> Response:
    raise StoreError(Code.DATABASE_GONE, "The database is gone.")


async def _break(_request: Request) -> Response:
    raise ZeroDivisionError


ROOM = Room(
    title="First",
    path="/first",
    routes=(
        Route("/first", _name, methods=["GET", "POST"]),
        Route("/refuse", _refuse),
        Route("/cannot", _cannot),
        Route("/break", _break),
    ),
)
SITE = Site(name="north", hosts=LOOPBACK)


async def test_the_first_page_is_that_of_the_first_room() -> None:
    async with browser(build_app(SITE, [ROOM])) as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/first")


async def test_no_answer_lets_a_browser_load_or_run_anything_from_elsewhere() -> None:
    async with browser(build_app(SITE, [ROOM])) as client:
        for path in ("/first", "/refuse", "/nothing", "/break", asset("htmx.min.js")):
            headers = (await client.get(path)).headers
            assert headers["content-security-policy"].startswith(
                "default-src 'none'; script-src 'self'"
            )
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/refuse", 400, "DFU-STN-003"),
        ("/cannot", 503, "DFU-REC-003"),
        ("/nothing", 404, "DFU-WEB-002"),
        ("/assets/../app.py", 404, "DFU-WEB-002"),
        ("/assets/VENDORED.toml", 404, "DFU-WEB-002"),
        ("/break", 500, "DFU-BUG-001"),
    ],
)
async def test_what_goes_wrong_is_a_sentence_with_its_code(
    path: str, status: int, code: str
) -> None:
    async with browser(build_app(SITE, [ROOM])) as client:
        page = await client.get(path)
        told = await client.get(path, headers={"accept": "application/json"})
    assert (page.status_code, told.status_code) == (status, status)
    assert code in page.text
    assert told.json()["code"] == code
    assert told.json()["next"]
    assert "<b>" not in page.text
    assert "Traceback" not in page.text


async def test_a_defect_is_heard_of() -> None:
    heard: list[Exception] = []
    site = Site(name="north", defect=heard.append)
    async with browser(build_app(site, [ROOM])) as client:
        await client.get("/break")
    assert [type(each) for each in heard] == [ZeroDivisionError]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin", "origin": f"http://{HOST}"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none", "origin": "http://evil.example"}, 403),
        ({"sec-fetch-site": "none", "origin": "null"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "http://localhost:9"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "http://[x"}, 403),
    ],
)
async def test_only_a_page_of_ours_changes_anything(headers: dict[str, str], status: int) -> None:
    async with browser(build_app(SITE, [ROOM])) as client:
        assert (await client.post("/first", headers=headers)).status_code == status
        assert (await client.get("/first", headers=headers)).status_code == 200


async def test_a_program_without_a_browser_may_ask() -> None:
    async with browser(build_app(SITE, [ROOM])) as client:
        del client.headers["sec-fetch-site"]
        assert (await client.post("/first")).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8350", "", "[", "localhost.evil.example"]
)
async def test_on_loopback_it_answers_to_the_names_of_this_computer_alone(host: str) -> None:
    async with browser(build_app(SITE, [ROOM])) as client:
        assert (await client.get("/first", headers={"host": host})).status_code == 403


async def test_in_a_network_it_answers_to_any_name() -> None:
    async with browser(build_app(Site(name="north"), [ROOM])) as client:
        assert (await client.get("/first", headers={"host": "line.example"})).status_code == 200


class OnlyZoe:
    async def admit(self, request: Request) -> Visitor | Response:
        if request.headers.get("x-name") == "zoe":
            return Visitor(name="Zoe")
        return RedirectResponse("/login", status_code=303)


async def test_who_may_come_in_is_asked_before_anything_but_scripts_and_styles() -> None:
    async with browser(build_app(Site(name="north", access=OnlyZoe()), [ROOM])) as client:
        assert (await client.get("/first")).headers["location"] == "/login"
        assert (await client.get("/first", headers={"x-name": "zoe"})).text == "for Zoe"
        assert (await client.get(asset("firmline.css"))).status_code == 200


async def test_scripts_and_styles_are_kept_until_they_change() -> None:
    async with browser(build_app(SITE, [ROOM])) as client:
        for path in ASSETS.glob("*.[cjs]*s*"):
            kept = await client.get(asset(path.name))
            assert kept.content == path.read_bytes()
            assert "immutable" in kept.headers["cache-control"]
            other = await client.get(f"/assets/{path.name}?v=old")
            assert other.headers["cache-control"] == "no-cache"


async def test_an_asset_of_another_digest_has_another_address() -> None:
    assert asset("htmx.min.js") != asset("htmx-sse.min.js")
    assert asset("htmx.min.js").startswith("/assets/htmx.min.js?v=")


async def test_requests_are_told_of_without_queries_and_headers() -> None:
    heard: list[dict[str, object]] = []
    site = Site(name="north", access=OnlyZoe(), heard=heard.append)
    async with browser(build_app(site, [ROOM])) as client:
        await client.get("/first?serial=SN-1", headers={"x-name": "zoe", "cookie": "a=b"})
        await client.get("/nothing%0d%0aX: y", headers={"x-name": "zoe"})
        await client.get("/first")
    assert [(line["path"], line["status"], line["visitor"]) for line in heard] == [
        ("/first", 200, "Zoe"),
        ("/nothing\r\nX: y", 404, "Zoe"),
        ("/first", 303, ""),
    ]
    assert all("SN-1" not in str(line) and "a=b" not in str(line) for line in heard)
    assert set(heard[0]) == {"type", "at", "method", "path", "status", "ms", "visitor"}
