"""What stands before every page: whose request it is, and what a browser may do with the answer.

* A request that changes something comes from a page of ours: browsers say where theirs come from
  (``Sec-Fetch-Site``, ``Origin``), and no page of another site can make them lie. Programs say
  neither, and hold no cookies that somebody else could use.
* On loopback the server answers to the names of this computer alone: a page of a site whose name
  was turned to 127.0.0.1 is a stranger's all the same (DNS rebinding).
* No page loads or runs anything that does not come from here (Content Security Policy, level 3).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from firmline.errors import Code, FirmlineError, InputError, shortened
from firmline.web.failures import defect_answer, error_answer, path_of
from firmline.web.rooms import Site

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, section 9.2.1)."""
ASSETS: Final = "/assets/"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
"""Of every answer."""


class Guard:
    """Lets requests through to the pages, and answers those that it does not.

    Args:
        app: The pages.
        site: What they share.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request (ASGI)."""
        if scope["type"] != "http":
            return
        has_begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        request = Request(scope, receive)
        try:
            instead = await self._instead(request)
            await (instead or self._app)(scope, receive, send_guarded)
        except Exception as defect:  # noqa: BLE001 - the server goes on, and somebody hears of it
            self._site.defect(defect)
            if not has_begun:
                await defect_answer(request)(scope, receive, send_guarded)

    async def _instead(self, request: Request) -> Response | None:
        """The answer that a request gets which is not let through."""
        try:
            check_origin(request.method, request.headers, self._site.hosts)
            if path_of(request).startswith(ASSETS):
                return None
            admitted = await self._site.access.admit(request)
        except FirmlineError as error:
            return error_answer(request, error)
        if isinstance(admitted, Response):
            return admitted
        request.state.visitor = admitted
        return None


def check_origin(method: str, headers: Headers, hosts: frozenset[str]) -> None:
    """See that a request comes from where it may.

    Args:
        method: Of the request.
        headers: Of the request.
        hosts: The names that we are reached under; empty: any.

    Raises:
        InputError: ``REQUEST_FOREIGN``.
    """
    host = headers.get("host", "")
    if hosts and _name_of(f"//{host}") not in hosts:
        raise InputError(
            Code.REQUEST_FOREIGN,
            f"This server is not called {shortened(host)!r}.",
        )
    if method in SAFE:
        return
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    is_foreign = site is not None and site not in {"same-origin", "none"}
    if is_foreign or (origin is not None and _place_of(origin) != host.lower()):
        raise InputError(
            Code.REQUEST_FOREIGN,
            f"A page of another site ({shortened(origin or site)}) wanted to change something"
            " here; nothing was done.",
        )


def _name_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _place_of(origin: str) -> str:
    """Host and port of an origin; empty: it has none (``null``)."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
