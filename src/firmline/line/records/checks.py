"""What every value of a record is checked for when it is made, so that every database can keep it.

PostgreSQL keeps no NUL in a text and neither database a lone surrogate; a time without a zone means
something else on every computer; a number that is not finite has no place in a statistic.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Final

from firmline.errors import Code, StoreError, shortened

MAX_NAME: Final = 200
"""Longest name (serial number, station, batch, ...), characters; ours."""
MAX_TEXT: Final = 4000
"""Longest sentence, characters; ours."""
MAX_NUMBER: Final = 2**63 - 1
"""Largest whole number of both databases (SQLite's INTEGER, PostgreSQL's BIGINT)."""
_NOT_IN_A_NAME: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_KEPT: Final = re.compile(r"[\x00\ud800-\udfff]")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def malformed(message: str) -> StoreError:
    """The error of a record that cannot be kept as it is."""
    return StoreError(Code.RECORD_MALFORMED, message)


def check_name(what: str, name: str, *, is_optional: bool = False) -> None:
    """Refuse a name that nobody could type, print or search for.

    Args:
        what: Whose, for the message.
        name: The name, as it was scanned or configured.
        is_optional: Whether it may be empty.

    Raises:
        StoreError: ``RECORD_MALFORMED``.
    """
    if not name and is_optional:
        return
    if not name or name != name.strip():
        raise malformed(f"The {what} {name[:40]!r} of a record is empty, or has spaces around it.")
    if len(name) > MAX_NAME:
        raise malformed(
            f"The {what} {shortened(name)!r} of a record is longer than {MAX_NAME} characters."
        )
    if _NOT_IN_A_NAME.search(name):
        raise malformed(f"The {what} {shortened(name)!r} of a record holds control characters.")


def check_text(what: str, text: str) -> None:
    """Refuse a sentence that a database cannot keep; :func:`keepable` makes any text one.

    Raises:
        StoreError: ``RECORD_MALFORMED``.
    """
    if len(text) > MAX_TEXT or _NOT_KEPT.search(text):
        raise malformed(
            f"The {what} of a record is longer than {MAX_TEXT} characters, or holds NUL characters."
        )


def keepable(text: str) -> str:
    """Any text, from a unit or another program, as one that can be kept: cleaned and cut."""
    return _NOT_KEPT.sub("\N{REPLACEMENT CHARACTER}", text)[:MAX_TEXT]


def check_time(what: str, time: datetime) -> None:
    """Refuse a time without a zone, and one that is not given in UTC.

    Raises:
        StoreError: ``RECORD_MALFORMED``.
    """
    if time.tzinfo is not UTC:
        raise malformed(f"The {what} of a record, {time.isoformat()}, is not given in UTC.")


def check_order(what: str, began_at: datetime, ended_at: datetime) -> None:
    """Refuse an end before its beginning: the clock went back, and the station has to mend that.

    Raises:
        StoreError: ``RECORD_MALFORMED``.
    """
    check_time(f"beginning of a {what}", began_at)
    check_time(f"end of a {what}", ended_at)
    if ended_at < began_at:
        raise malformed(
            f"A {what} ended at {ended_at.isoformat()}, before it began at {began_at.isoformat()}."
        )


def check_number(what: str, number: int, *, least: int = 0) -> None:
    """Refuse a whole number that is too small, or larger than a database keeps.

    Raises:
        StoreError: ``RECORD_MALFORMED``.
    """
    if isinstance(number, bool) or not least <= number <= MAX_NUMBER:
        raise malformed(f"The {what} of a record, {number}, is not a number from {least} on.")


def check_finite(what: str, number: float | None) -> None:
    """Refuse NaN and the infinities.

    Raises:
        StoreError: ``RECORD_MALFORMED``.
    """
    if number is not None and not math.isfinite(number):
        raise malformed(f"The {what} of a record is {number}, which is no number to reckon with.")


def check_sha256(what: str, digest: str, *, is_optional: bool = False) -> None:
    """Refuse what is not a SHA-256 in 64 lower-case hexadecimal digits.

    Raises:
        StoreError: ``RECORD_MALFORMED``.
    """
    if (digest or not is_optional) and not _SHA256.fullmatch(digest):
        raise malformed(f"The {what} of a record, {digest[:80]!r}, is no SHA-256.")
