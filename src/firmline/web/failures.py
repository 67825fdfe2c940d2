"""What goes wrong, as an answer: one sentence, its code, and what to do; a page, or JSON."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from firmline.data import load_table
from firmline.errors import (
    Code,
    FirmlineError,
    InputError,
    LocalProtocolError,
    StoreError,
    next_thing,
    printable,
)
from firmline.web.pages import page

STATUS: Final = {
    Code.PAGE_UNKNOWN: HTTPStatus.NOT_FOUND,
    Code.REQUEST_FOREIGN: HTTPStatus.FORBIDDEN,
    Code.SIGN_IN_NEEDED: HTTPStatus.UNAUTHORIZED,
    Code.SIGN_IN_REFUSED: HTTPStatus.UNAUTHORIZED,
    Code.SIGN_IN_TOO_OFTEN: HTTPStatus.TOO_MANY_REQUESTS,
    Code.SIGN_IN_BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    Code.NOT_ALLOWED: HTTPStatus.FORBIDDEN,
    Code.TOO_MANY_LISTENERS: HTTPStatus.SERVICE_UNAVAILABLE,
    Code.SLOT_NOT_FREE: HTTPStatus.CONFLICT,
    Code.UNIT_AT_WORK: HTTPStatus.CONFLICT,
    Code.UNIT_HAS_PASSED: HTTPStatus.CONFLICT,
    Code.UNIT_TO_REWORK: HTTPStatus.CONFLICT,
    Code.CAMPAIGN_UNKNOWN: HTTPStatus.NOT_FOUND,
    Code.NO_RUNS: HTTPStatus.NOT_FOUND,
    Code.ATTACHMENT_MISSING: HTTPStatus.NOT_FOUND,
    Code.DEFECT: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""Of codes whose class says less."""


def status_of(error: FirmlineError) -> int:
    """The status of the answer that tells of an error."""
    if (known := STATUS.get(error.code)) is not None:
        return known
    match error:
        case InputError():
            return HTTPStatus.BAD_REQUEST
        case StoreError():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR


def error_fields(error: FirmlineError) -> dict[str, str]:
    """An error for programs."""
    return {
        "code": str(error.code),
        "message": printable(error.message),
        "next": next_thing(error),
    }


def problem_answer(error: FirmlineError, status: int) -> Response:
    """An error for programs that know RFC 9457 ("Problem Details for HTTP APIs")."""
    told = {
        "type": f"urn:firmline:error:{str(error.code).lower()}",
        "title": load_table("errors")[error.code]["title"],
        "status": status,
        "detail": printable(error.message),
        **error_fields(error),
    }
    return JSONResponse(told, status_code=status, media_type="application/problem+json")


def path_of(request: Request) -> str:
    """The address of a request, as it is compared with the routes.

    ``request.url`` is put together with the header Host, in which anybody may write a path.
    """
    return str(request.scope["path"])


def wants_json(request: Request) -> bool:
    """Whether who asks is a program, or a script of a page."""
    accepted = request.headers.get("accept", "")
    return path_of(request).startswith("/api/") or "text/html" not in accepted


def error_answer(request: Request, error: Exception) -> Response:
    """The answer to a request that was not done."""
    assert isinstance(error, FirmlineError)  # noqa: S101 - the type of Starlette's handlers
    status = status_of(error)
    if path_of(request).startswith("/api/"):
        return problem_answer(error, status)
    if wants_json(request):
        return JSONResponse(error_fields(error), status_code=status)
    return page(request, "error.html", status=status, error=error, advice=next_thing(error))


def http_error_answer(request: Request, error: Exception) -> Response:
    """The answer where Starlette finds no page, or not with this method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        ours = InputError(
            Code.REQUEST_MALFORMED, f"{request.method} is nothing that this address takes."
        )
    elif error.status_code == HTTPStatus.NOT_FOUND:
        ours = InputError(Code.PAGE_UNKNOWN, "There is no such page here.")
    else:
        ours = InputError(Code.REQUEST_MALFORMED, "The request cannot be understood.")
    if path_of(request).startswith("/api/"):
        return problem_answer(ours, error.status_code)
    answer = error_answer(request, ours)
    answer.status_code = error.status_code
    return answer


def defect_answer(request: Request) -> Response:
    """The answer where firmline itself has failed."""
    return error_answer(request, LocalProtocolError("firmline itself failed."))
