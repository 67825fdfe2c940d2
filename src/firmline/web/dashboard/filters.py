"""Which runs a page is about, as its address says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from firmline.errors import Code, FirmlineError, InputError, shortened
from firmline.line.records.base import Place, RunFilter
from firmline.line.records.values import RowKey
from firmline.line.statistics.grouping import By
from firmline.web.forms import whole_number

NAMES: Final = ("product", "recipe", "batch", "station", "serial")
"""Fields of a filter that are names."""
LONGEST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for.

    Attributes:
        runs: Which runs.
        by: What their yields are divided by; ``None``: by nothing.
        after: Where the page before ended; ``None``: it is the first.
        fields: It as the form of the page shows it.
    """

    runs: RunFilter
    by: By | None
    after: Place | None
    fields: Mapping[str, str]

    def address(self, path: str, **more: str) -> str:
        """The address of another page about the same runs."""
        fields = {**self.fields, **more}
        told = urlencode({name: value for name, value in fields.items() if value})
        return f"{path}?{told}" if told else path


def asked_for(query: Mapping[str, str]) -> Asked:
    """Understand the address of a page.

    Raises:
        InputError: ``REQUEST_MALFORMED``.
    """
    fields = {
        name: query.get(name, "").strip() for name in (*NAMES, "slot", "since", "until", "by")
    }
    for name, value in fields.items():
        if len(value) > LONGEST:
            raise _malformed(f"The {name} is longer than {LONGEST} characters.")
        if "\0" in value:  # which no database keeps
            raise _malformed(f"The {name} holds a character that no name has.")
    since, until = (_time(fields[name], name) for name in ("since", "until"))
    if since is not None and until is not None and since >= until:
        raise _malformed("No run can have begun after the one time and before the other.")
    return Asked(
        runs=RunFilter(
            **{name: fields[name] for name in NAMES},
            slot=whole_number(fields["slot"], "A slot") if fields["slot"] else 0,
            since=since,
            until=until,
        ),
        by=_by(fields["by"]),
        after=parse_place(query["after"]) if query.get("after") else None,
        fields=fields,
    )


def _time(text: str, name: str) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _malformed(
            f"{shortened(text)!r} is no time for {name}; 2026-11-23T08:00 is one, in UTC."
        ) from None


def _by(text: str) -> By | None:
    if not text:
        return None
    try:
        return By(text)
    except ValueError:
        raise _malformed(f"Yields are not divided by {shortened(text)!r}.") from None


def format_place(place: Place) -> str:
    """A place among the runs, for an address."""
    return f"{place.began_at.isoformat()}~{place.key.sequence}~{place.key.station}"


def parse_place(text: str) -> Place:
    """What :func:`format_place` has written.

    Raises:
        InputError: ``REQUEST_MALFORMED``.
    """
    time, _, rest = text.partition("~")
    sequence, _, station = rest.partition("~")
    began_at = _time(time, "the beginning of a page")
    try:
        key = RowKey(station=station, sequence=whole_number(sequence, "The place of a run"))
    except FirmlineError:
        began_at = None
    if began_at is None:
        raise _malformed("This page begins nowhere.")
    return Place(began_at, key)


def _malformed(message: str) -> InputError:
    return InputError(
        Code.REQUEST_MALFORMED, message, hint="Correct the address, or what was filled in."
    )
