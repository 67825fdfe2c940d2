"""Who asks: a session, a key, or somebody at this computer while there are no accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from firmline.errors import Code, InputError
from firmline.line.accounts.keys import Keys
from firmline.line.accounts.roles import Role
from firmline.line.accounts.sessions import Sessions
from firmline.line.accounts.store import Accounts
from firmline.line.accounts.values import Held, Holder
from firmline.line.records.database import Database
from firmline.web.access import Visitor
from firmline.web.failures import error_answer, path_of, wants_json
from firmline.web.guard import SAFE
from firmline.web.signing_in.rules import SIGN_IN, permission_for

AT_THIS_COMPUTER: Final = Holder(name="local", role=Role.OPERATOR, held=Held.NOTHING)
"""Whoever is at this computer while there are no accounts."""
SCHEME: Final = "bearer "


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class SigningIn:
    """Lets in whoever shows a session or a key, as far as his role goes.

    Args:
        database: Where accounts and keys are.
        sessions: Knows sessions; ``None``: passwords cannot be compared here, so nobody has one.
        is_loopback: Whether this computer alone reaches the server.
        is_encrypted: Whether the server speaks TLS: its cookies are sent in no other way then.
        clock: Tells the time in UTC.
    """

    def __init__(
        self,
        database: Database,
        sessions: Sessions | None,
        *,
        is_loopback: bool,
        is_encrypted: bool = False,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._accounts = Accounts(database)
        self._keys = Keys(database)
        self._is_loopback = is_loopback
        self.sessions = sessions
        self.clock = clock
        self.is_encrypted = is_encrypted
        self.cookie = "__Host-firmline" if is_encrypted else "firmline"

    async def admit(self, request: Request) -> Visitor | Response:
        """See :meth:`~firmline.web.access.Access.admit`."""
        permission = permission_for(request.method, path_of(request))
        if permission is None:
            return Visitor()
        holder = await run_in_threadpool(self._holder, request)
        if holder is None:
            return _sign_in_first(request)
        if (refusal := holder.refusal(permission)) is not None:
            return error_answer(request, refusal)
        if self._is_forged(request):
            return error_answer(
                request,
                InputError(
                    Code.REQUEST_FOREIGN,
                    "The request does not say which page it comes from; nothing was done.",
                ),
            )
        return Visitor(name="" if holder is AT_THIS_COMPUTER else holder.name, holder=holder)

    def _holder(self, request: Request) -> Holder | None:
        """Who asks. A key that opens nothing is no reason to look further."""
        shown = request.headers.get("authorization")
        if shown is not None:
            is_key = shown[: len(SCHEME)].lower() == SCHEME
            return self._keys.holder(shown[len(SCHEME) :], now=self.clock()) if is_key else None
        token = request.cookies.get(self.cookie)
        if token and self.sessions is not None:
            holder = self.sessions.holder(token, now=self.clock())
            if holder is not None:
                return holder
        is_open = self._is_loopback and not self._accounts.are_there()
        return AT_THIS_COMPUTER if is_open else None

    def _is_forged(self, request: Request) -> bool:
        """Whether a browser's cookie was sent with a request of which nobody knows the page.

        Every browser that sends cookies names the page of a request that changes something.
        """
        if request.method in SAFE or "authorization" in request.headers:
            return False
        is_known = "origin" in request.headers or "sec-fetch-site" in request.headers
        return self.cookie in request.cookies and not is_known


def _sign_in_first(request: Request) -> Response:
    if request.method in SAFE and not wants_json(request):
        asked = quote(path_of(request)) + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{SIGN_IN}?next={quote(asked, safe='')}", status_code=303)
    answer = error_answer(
        request, InputError(Code.SIGN_IN_NEEDED, "Nobody is signed in, or the key opens nothing.")
    )
    answer.headers["www-authenticate"] = 'Bearer realm="firmline"'
    return answer
