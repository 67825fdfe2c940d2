"""What a question asks for: its parameters, read strictly."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request

from firmline.errors import Code, FirmlineError, InputError, shortened
from firmline.line.records.base import Place, RunFilter
from firmline.line.records.checks import check_name
from firmline.line.records.values import RowKey

MOST_RUNS: Final = 200
"""Runs on a page of the API, each with its phases; ours."""
USUAL_RUNS: Final = 50
MOST_ENTRIES: Final = 1000
"""Entries of the audit trail on a page; ours."""
FILTERS: Final = ("product", "serial", "recipe", "batch", "station", "slot", "since", "until")


def asked(request: Request, known: Iterable[str]) -> dict[str, str]:
    """The parameters of a question.

    Raises:
        InputError: ``REQUEST_MALFORMED``: one is unknown, or there twice.
    """
    given = request.query_params.multi_items()
    names = {*known}
    for name, _ in given:
        if name not in names:
            could = ", ".join(sorted(names)) or "none at all"
            raise malformed(f"{shortened(name)!r} is nothing to ask for here; there is {could}.")
    if len(dict(given)) != len(given):
        raise malformed("A parameter is given twice.")
    return dict(given)


def run_filter(given: dict[str, str]) -> RunFilter:
    """Which runs are asked for.

    Raises:
        InputError: ``REQUEST_MALFORMED``.
    """
    words = {name: _word(name, given) for name in FILTERS[:5]}
    since, until = _time("since", given), _time("until", given)
    slot = number("slot", given, most=10_000, usual=0)
    return RunFilter(**words, slot=slot, since=since, until=until)


def number(name: str, given: dict[str, str], *, most: int, usual: int, least: int = 1) -> int:
    """A whole number, or the usual one.

    Raises:
        InputError: ``REQUEST_MALFORMED``.
    """
    text = given.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 18 and least <= int(text) <= most):
        raise malformed(f"{name} is a whole number from {least} to {most}.")
    return int(text)


def mark_of(place: Place | None) -> str | None:
    """What to ask for the next page with."""
    if place is None:
        return None
    told = [place.began_at.isoformat(), place.key.station, place.key.sequence]
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def place_of_mark(text: str | None) -> Place | None:
    """Where a page begins.

    Raises:
        InputError: ``REQUEST_MALFORMED``: no page has given this mark.
    """
    if text is None:
        return None
    try:
        if len(text) > 2000:
            raise ValueError(text[:10])
        content = base64.b64decode(f"{text}{'=' * (-len(text) % 4)}", altchars=b"-_", validate=True)
        began_at, station, sequence = json.loads(content)
        time = datetime.fromisoformat(began_at).astimezone(UTC)
        return Place(time, RowKey(station=station, sequence=sequence))
    except (
        *(binascii.Error, ValueError, TypeError, AttributeError, OverflowError),
        *(RecursionError, FirmlineError),
    ):
        raise malformed("after is the mark of another page, as it was given.") from None


def malformed(message: str) -> InputError:
    """The error of a question that cannot be understood."""
    return InputError(Code.REQUEST_MALFORMED, message)


def _word(name: str, given: dict[str, str]) -> str:
    text = given.get(name)
    if text is None:
        return ""
    try:
        check_name(name, text)
    except FirmlineError:
        raise malformed(
            f"{name} is a name of 1 to 200 characters, without control characters."
        ) from None
    return text


def _time(name: str, given: dict[str, str]) -> datetime | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
        given_time = None if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        given_time = None
    if given_time is None:
        raise malformed(f"{name} is a time with its zone, such as 2026-11-23T08:00:00Z.")
    return given_time
