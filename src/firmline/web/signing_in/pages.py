"""The page on which somebody signs in, and the way out."""

from __future__ import annotations

from functools import partial
from typing import Final

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from firmline.errors import Code, InputError
from firmline.line.accounts.sessions import LASTS, Session, Sessions
from firmline.web.failures import error_answer, status_of
from firmline.web.forms import read_form
from firmline.web.pages import page
from firmline.web.rooms import Room
from firmline.web.signing_in.access import SigningIn
from firmline.web.signing_in.rules import SIGN_IN, SIGN_OUT

AT_ONCE: Final = 4
"""Sign-ins that have a thread, so that a flood of them leaves the others to the pages; ours."""


class SignInPages:
    """Begins and ends sessions.

    Args:
        access: Whose sessions.
        sessions: Begins them.
    """

    def __init__(self, access: SigningIn, sessions: Sessions) -> None:
        self._access = access
        self._sessions = sessions
        self._turns = CapacityLimiter(AT_ONCE)

    @property
    def room(self) -> Room:
        """The room; nobody goes there from the navigation."""
        return Room(
            routes=(
                Route(SIGN_IN, self.show),
                Route(SIGN_IN, self.sign_in, methods=["POST"]),
                Route(SIGN_OUT, self.sign_out, methods=["POST"]),
            )
        )

    async def show(self, request: Request) -> Response:
        """The page."""
        return _page(request, following=local(request.query_params.get("next", "")))

    async def sign_in(self, request: Request) -> Response:
        """A name and a password."""
        try:
            fields = await read_form(request)
        except InputError as error:
            return error_answer(request, error)
        name, following = fields.get("name", ""), local(fields.get("next", ""))
        begin = partial(
            self._sessions.sign_in, name, fields.get("password", ""), now=self._access.clock()
        )
        try:
            session = await run_sync(begin, limiter=self._turns)
        except InputError as error:
            return _page(request, following=following, name=name[:64], error=error)
        answer = RedirectResponse(following, status_code=303)
        self._hand_over(answer, session)
        return answer

    async def sign_out(self, request: Request) -> Response:
        """End the session; and forget the cookie, also where it is none any more."""
        token = request.cookies.get(self._access.cookie)
        if token:
            await run_sync(partial(self._sessions.end, token, now=self._access.clock()))
        answer = RedirectResponse(SIGN_IN, status_code=303)
        answer.delete_cookie(
            self._access.cookie,
            secure=self._access.is_encrypted,
            httponly=True,
            samesite="strict",
        )
        return answer

    def _hand_over(self, answer: Response, session: Session) -> None:
        answer.set_cookie(
            self._access.cookie,
            session.token,
            max_age=int(LASTS.total_seconds()),
            secure=self._access.is_encrypted,
            httponly=True,
            samesite="strict",
        )


def local(address: str) -> str:
    """An address of this site; whatever else it is, the first page.

    Browsers take two slashes for another site, and a backslash for a slash.
    """
    is_ours = address.startswith("/") and not address.startswith("//")
    is_plain = address.isascii() and address.isprintable() and "\\" not in address
    return address if is_ours and is_plain and len(address) <= 2000 else "/"


def _page(
    request: Request, *, following: str, name: str = "", error: InputError | None = None
) -> Response:
    answer = page(
        request,
        "signing_in.html",
        status=200 if error is None else status_of(error),
        following=following,
        typed=name,
        error=error,
    )
    if error is not None and error.code is Code.SIGN_IN_TOO_OFTEN:
        answer.headers["retry-after"] = str(error.context["wait_s"])
    return answer
